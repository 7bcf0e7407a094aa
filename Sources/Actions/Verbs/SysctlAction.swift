import Base
import Execution
import Glibc
import Host
import Planning

/// Verb `sysctl`: sets values of the kernel, and writes the file from which systemd sets them at a boot.
struct SysctlAction: Action {
    private let context: ActionContext
    private let declaration: SysctlDeclaration

    init(_ context: ActionContext, _ declaration: SysctlDeclaration) {
        self.context = context
        self.declaration = declaration
    }

    /// Sets the values that differ, writes the file, and returns whether anything changed.
    ///
    /// Values that cannot be set are not written, because systemd could not set them either. With a root, nothing is set:
    /// the running kernel is not that of the system in the root.
    func run() async throws(Problem) -> Bool {
        var isChanged = false
        if context.run.files.root.isEmpty {
            let setter = SettingWriter(context)
            for setting in declaration.settings where try setter.set(setting) { isChanged = true }
            for setting in declaration.settings where !context.run.files.isDryRun { try setter.confirm(setting) }
        }
        for problem in LaterSettings(context.run.files).problems(of: declaration) {
            context.emit(.warning(subject: declaration.path.path, problem.message))
        }
        let isWritten = try context.write(Array(declaration.content.utf8), to: declaration.path.path, mode: 0o644)
        return isChanged || isWritten
    }
}

/// Sets values of the kernel; in a dry run, reports which it would set.
struct SettingWriter {
    private let context: ActionContext
    private let kernel: KernelSettings

    init(_ context: ActionContext) {
        self.context = context
        kernel = context.run.kernelSettings
    }

    /// Sets a value unless the kernel has it.
    ///
    /// - Returns: Whether the value was set, or would be in a dry run.
    /// - Throws: ``Base/Problem`` with the location of the name if the kernel has no such setting, or refuses the value.
    func set(_ setting: KernelSetting) throws(Problem) -> Bool {
        let isDryRun = context.run.files.isDryRun
        guard let present = try value(of: setting) else {
            guard isDryRun, let module = setting.module, loader(of: module) != nil else { throw missing(setting) }
            let words = "would set \(subject(setting)) to \(setting.value), once module '\(module)' is loaded"
            context.emit(.planned(words))
            return true
        }
        guard !KernelSetting.isSame(present, setting.value) else { return false }
        let before = KernelSetting.normalised(present)
        if isDryRun {
            context.emit(.planned("would change \(subject(setting)): \(shown(before)) -> \(setting.value)"))
            return true
        }
        do throws(SystemError) {
            try kernel.set(setting.parts, to: setting.value)
        } catch {
            throw refusal(of: setting, error, has: before)
        }
        if let present = try value(of: setting), !KernelSetting.isSame(present, setting.value) {
            let after = KernelSetting.normalised(present)
            throw problem(
                setting,
                "the kernel has accepted \(setting.value), but the value is \(shown(after))",
                after == before ? "remove it, or write what the kernel has" : "write \(setting.name): \(after)"
            )
        }
        context.emit(.change(subject(setting), "\(shown(before)) -> \(setting.value)"))
        return true
    }

    /// Checks that a value was not changed again by another setting.
    ///
    /// - Throws: ``Base/Problem`` if the kernel has another value.
    func confirm(_ setting: KernelSetting) throws(Problem) {
        guard let present = try value(of: setting), !KernelSetting.isSame(present, setting.value) else { return }
        throw problem(
            setting,
            "it was set, and another setting of the task has made it \(shown(KernelSetting.normalised(present)))",
            "write it below the setting that changes it"
        )
    }

    private func subject(_ setting: KernelSetting) -> String { "sysctl '\(setting.name)'" }

    private func shown(_ value: String) -> String { value.isEmpty ? "an empty text" : value }

    private func value(of setting: KernelSetting) throws(Problem) -> String? {
        do throws(SystemError) {
            return try kernel.value(of: setting.parts)
        } catch {
            if error.isDirectory {
                throw problem(setting, "it is a directory of settings", "write the name of one of them")
            }
            if kernel.mode(of: setting.parts).map({ $0 & 0o444 == 0 }) == true {
                throw problem(
                    setting,
                    "it starts an action of the kernel and has no value",
                    "run it with exec: {command: sysctl, args: [-w, \(setting.name)=\(setting.value)], needs: [sysctl]}"
                )
            }
            throw problem(setting, error.reason, error.advice ?? (Machine.isRoot ? nil : "run as root"))
        }
    }

    /// Returns the task of the plan that loads a module, `nil` if there is none.
    private func loader(of module: String) -> String? {
        context.run.plan.steps.first { step in
            let declaration = step.task.verb.declaration as? ModuleDeclaration
            return declaration?.names.contains { $0.text.replacing("-", with: "_") == module } == true
        }?.task.name
    }

    /// Returns the problem that the kernel has no setting of a name.
    private func missing(_ setting: KernelSetting) -> Problem {
        if let module = setting.module, !context.run.kernelModules.isLoaded(module) {
            let reason = "the kernel has it only with module '\(module)', which is not loaded"
            if KernelModules.isContainer {
                let words = quotedShellLine(["modprobe", module])
                return problem(setting, reason, "load it on the host of this container: run \(words) there")
            }
            let task = loader(of: module)
            return problem(
                setting,
                reason,
                task.map { "write after: [\($0)] in task '\(context.task.name)'" }
                    ?? "write a task with module: {names: [\(module)]}, and its name in 'after' of this one"
            )
        }
        if setting.parts.prefix(2) == ["net", "ipv6"], !kernel.exists(["net", "ipv6"]) {
            return problem(
                setting,
                "IPv6 is turned off in this kernel (ipv6.disable=1)",
                "remove the settings of net.ipv6"
            )
        }
        let near = kernel.nearest(to: setting.parts).map { "did you mean '\(KernelSetting.name(of: $0))'?" }
        let ofInterface = ["conf", "neigh"]
        if near == nil, setting.parts.count > 4, ofInterface.contains(setting.parts[2]),
            kernel.exists(Array(setting.parts.prefix(3)))
        {
            let interface = setting.parts[3]
            return problem(
                setting,
                "there is no network interface '\(interface)'",
                "correct the name, or run the task after one with wait: {interface: \(interface)}"
            )
        }
        let isHidden = near == nil && KernelModules.isContainer
        return problem(
            setting,
            isHidden ? "the kernel shows no such setting to this container" : "the kernel has no such setting",
            near ?? (isHidden ? onHost(setting) : "correct the name, or load the module that has it in an earlier task")
        )
    }

    private func refusal(of setting: KernelSetting, _ error: SystemError, has before: String) -> Problem {
        let isReadOnly = kernel.mode(of: setting.parts).map { $0 & 0o222 == 0 } == true
        guard !isReadOnly else {
            let reason = "the kernel lets nobody change it; it has \(shown(before))"
            return problem(setting, reason, "remove it from 'values'")
        }
        let reason = "\(error.reason); the kernel has \(shown(before))"
        switch error.code {
        case EROFS, EPERM, EACCES:
            if KernelModules.isContainer { return problem(setting, reason, onHost(setting)) }
            if !Machine.isRoot { return problem(setting, reason, "run as root") }
            return problem(setting, reason, context.hint(for: error))
        case EINVAL, ERANGE:
            return problem(setting, "the kernel refuses the value: \(reason)", "correct the value")
        default: return problem(setting, reason, error.advice)
        }
    }

    private func onHost(_ setting: KernelSetting) -> String {
        let line = quotedShellLine(["sysctl", "-w", "\(setting.name)=\(setting.value)"])
        return "set it on the host of this container: run \(line) there"
    }

    private func problem(_ setting: KernelSetting, _ reason: String, _ hint: String?) -> Problem {
        var problem = Problem(
            .systemCallFailed,
            "cannot set \(subject(setting)) to \(setting.value): \(reason)",
            at: setting.location,
            hint: hint
        )
        // The machine may have the setting later.
        problem.mayPass = true
        return problem
    }
}

/// The files of `sysctl.d` that give a setting another value at a boot.
struct LaterSettings {
    private let files: NodeFiles

    init(_ files: NodeFiles) {
        self.files = files
    }

    /// Returns the problems that files which systemd reads later set settings of a task to other values.
    func problems(of declaration: SysctlDeclaration) -> [Problem] {
        let own = declaration.path.path
        let name = own.pathParts.last.map(String.init) ?? ""
        var last: [[String]: (value: String, path: String)] = [:]
        for path in paths(after: name) where path != own {
            for (parts, value) in settings(in: path) { last[parts] = (value, path) }
        }
        return declaration.settings.compactMap { setting in
            guard let other = last[setting.parts], !KernelSetting.isSame(other.value, setting.value) else { return nil }
            return Problem(
                .ineffectiveKey,
                "'\(other.path)' sets '\(setting.name)' to \(other.value) after it, so that is the value after a restart",
                at: setting.location,
                hint: "remove the line from that file, or write a 'path' that sorts after it"
            )
        }
    }

    /// Returns the files that systemd reads from a name on, in its order.
    private func paths(after name: String) -> [String] {
        var paths: [ExactText: String] = [:]
        for directory in SysctlDeclaration.directories {
            let names = ((try? files.list(directory)) ?? nil) ?? []
            for file in names where file.hasSuffix(".conf") && paths[ExactText(file)] == nil {
                paths[ExactText(file)] = "\(directory)/\(file)"
            }
        }
        let later = paths.filter { !$0.key.text.utf8.lexicographicallyPrecedes(name.utf8) }
        return later.sorted { $0.key.text.utf8.lexicographicallyPrecedes($1.key.text.utf8) }.map(\.value)
    }

    /// Reads the settings in a file; none if it cannot be read.
    private func settings(in path: String) -> [([String], String)] {
        let bytes = (try? files.read(path, limit: SizeLimit.configuration)) ?? []
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
            let line = KernelSetting.normalised(String(line))
            guard line.first != "#", line.first != ";" else { return nil }
            let words = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard words.count == 2 else { return nil }
            let name = KernelSetting.normalised(String(words[0].drop { $0 == "-" }))
            return KernelSetting.parts(of: name).map { ($0, KernelSetting.normalised(String(words[1]))) }
        }
    }
}
