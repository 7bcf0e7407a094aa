import Base
import Execution
import Glibc
import Host
import Planning

/// Verb `module`: loads kernel modules, and writes the file from which systemd loads them at a boot.
struct ModuleAction: Action {
    private let context: ActionContext
    private let declaration: ModuleDeclaration

    init(_ context: ActionContext, _ declaration: ModuleDeclaration) {
        self.context = context
        self.declaration = declaration
    }

    /// Loads the modules that are not loaded, writes the file, and returns whether anything changed.
    ///
    /// Modules that cannot be loaded are not written, because systemd could not load them either. With a root, nothing is
    /// loaded: the running kernel is not that of the system in the root.
    func run() async throws(Problem) -> Bool {
        var isChanged = false
        if context.run.files.root.isEmpty {
            let loader = ModuleLoader(context, context.run.kernelModules)
            for name in declaration.names where try await loader.load(name) { isChanged = true }
        }
        do throws(Problem) {
            let content = Array(declaration.content.utf8)
            return try context.write(content, to: declaration.path.path, mode: 0o644) || isChanged
        } catch {
            // The name of the task decides the path.
            var problem = error
            problem.hint = problem.hint?.replacing(", or write another path", with: ", or give the task another name")
            throw problem
        }
    }
}

/// Loads modules with the program `modprobe`; in a dry run, reports which it would load.
struct ModuleLoader {
    private let context: ActionContext
    private let kernel: KernelModules
    private let installed: InstalledModules

    init(_ context: ActionContext, _ kernel: KernelModules) {
        (self.context, self.kernel) = (context, kernel)
        installed = kernel.installed()
    }

    /// The number of bytes of output above which `modprobe` is ended.
    private static let outputLimit = 1 << 20

    /// Loads a module unless the kernel has it.
    ///
    /// - Returns: Whether the module was loaded, or would be in a dry run.
    /// - Throws: ``Base/Problem`` with the location of the name if it cannot be loaded.
    func load(_ name: ModuleDeclaration.Name) async throws(Problem) -> Bool {
        let module = installed.module(of: name.text)
        guard !kernel.isLoaded(module), !installed.isBuiltIn(module) else { return false }
        guard kernel.directory != nil else { throw missingDirectory(name) }
        let isDryRun = context.run.files.isDryRun
        let before = kernel.loadedNames()
        try await run(isDryRun ? ["-n", "--", name.text] : ["--", name.text], name)
        if isDryRun {
            context.emit(.planned("would load module '\(name.text)'"))
            return true
        }
        if installed.knows(name.text), !kernel.isLoaded(module) {
            throw problem(
                name,
                "modprobe has succeeded, but the kernel does not have the module",
                "see 'modprobe --showconfig' for a line 'install' that replaces it"
            )
        }
        // An alias in /etc/modprobe.d may lead to a module that was loaded before, or to nothing.
        guard kernel.loadedNames() != before else { return false }
        context.emit(.change("module '\(name.text)'", "loaded"))
        return true
    }

    private func run(_ arguments: [String], _ name: ModuleDeclaration.Name) async throws(Problem) {
        var environment = context.run.processEnvironment
        environment["PATH"] = searchPathOfPackages(environment["PATH"] ?? "")
        let result: FilterResult
        do throws(SystemError) {
            result = try await filter(
                Command("modprobe", arguments, environment: environment),
                input: SecretBytes(copying: []),
                outputLimit: Self.outputLimit,
                deadline: context.deadline
            )
        } catch {
            let isMissing = error.code == ENOENT
            throw Problem(
                isMissing ? .missingProgram : .programFailed,
                "cannot load module '\(name.text)'",
                at: name.location,
                hint: isMissing ? "install the package 'kmod'" : error.advice,
                cause: error
            )
        }
        guard !result.status.isSuccess else { return }
        throw failure(of: name, result)
    }

    private func failure(of name: ModuleDeclaration.Name, _ result: FilterResult) -> Problem {
        if !installed.isEmpty, !installed.knows(name.text), case .exited = result.status,
            let directory = kernel.directory
        {
            let hint =
                installed.nearest(to: name.text).map { "did you mean '\($0)'?" }
                ?? "correct the name, or install the package that has it for this kernel, such as "
                + "'linux-modules-extra-\(kernel.release)' of Ubuntu"
            return problem(name, "'\(directory)' has no module of this name", hint)
        }
        guard case .exited = result.status else {
            let isLate = result.status == .timedOut
            return Problem(
                isLate ? .programTimedOut : .programFailed,
                "cannot load module '\(name.text)': modprobe \(result.status)",
                at: name.location,
                hint: isLate ? "increase 'timeout' of task '\(context.task.name)'" : nil
            )
        }
        let line = result.errors.split(whereSeparator: \.isNewline).last.map(String.init) ?? "modprobe \(result.status)"
        let prefix = ["modprobe: ERROR: ", "modprobe: FATAL: "].first(where: line.hasPrefix) ?? ""
        return problem(name, String(line.dropFirst(prefix.count)), hint(for: line, name))
    }

    /// Returns what to do about a line of `modprobe`, `nil` if its cause is not known.
    private func hint(for line: String, _ name: ModuleDeclaration.Name) -> String? {
        if line.hasSuffix("Operation not permitted") {
            if KernelModules.isContainer { return Self.onHost(name) }
            return Machine.isRoot ? "the kernel may be locked down: see 'dmesg'" : "run as root"
        }
        if line.hasSuffix("Key was rejected by service") || line.hasSuffix("Required key not available") {
            return "sign the module with a key that the kernel trusts, or turn off Secure Boot"
        }
        if line.hasSuffix("Exec format error") || line.hasSuffix("Invalid argument") {
            return "the module may be built for another kernel, or have wrong parameters: see 'dmesg'"
        }
        return line.contains("could not insert") ? "see 'dmesg'" : nil
    }

    private func missingDirectory(_ name: ModuleDeclaration.Name) -> Problem {
        if KernelModules.isContainer {
            return problem(
                name,
                "this is a container, which has no modules of the kernel of its host",
                Self.onHost(name)
            )
        }
        if let directory = kernel.directoryOfOthers {
            return problem(
                name,
                "'\(directory)/\(kernel.release)' does not exist: the kernel was updated since the machine was started",
                "restart the machine"
            )
        }
        return problem(
            name,
            "no modules of kernel \(kernel.release) are installed",
            "install the package with the modules of this kernel, or start a kernel that has '\(name.text)' built in"
        )
    }

    private static func onHost(_ name: ModuleDeclaration.Name) -> String {
        "load it on the host of this container: run \(quotedShellLine(["modprobe", name.text])) there"
    }

    private func problem(_ name: ModuleDeclaration.Name, _ reason: String, _ hint: String?) -> Problem {
        var problem = Problem(
            .programFailed,
            "cannot load module '\(name.text)': \(reason)",
            at: name.location,
            hint: hint
        )
        // The machine may have the module later.
        problem.mayPass = true
        return problem
    }
}

/// Returns a `PATH` with the directories of programs for administrators, which that of an ordinary user may lack.
func searchPathOfPackages(_ searchPath: String) -> String {
    ((searchPath.isEmpty ? [] : [searchPath]) + ["/usr/sbin", "/sbin"]).joined(separator: ":")
}
