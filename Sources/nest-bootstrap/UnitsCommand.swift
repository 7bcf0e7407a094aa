import Host
import Planning
import Speaking
import YAML

/// Command `units`: the plan as systemd units, also where systemd itself asks for them.
struct UnitsCommand {
    let options: Options
    let units: UnitsOptions
    let outlet: Outlet

    /// Writes the units.
    ///
    /// systemd asks before there is a journal, and perhaps before the node has its name. Then a wrong task file becomes a
    /// target that fails, and only what cannot even become that is told, to the kernel's log.
    func run() -> ExitCode {
        if units.isGenerator, Configuration.isAbsent(options) { return .success }
        let files: [UnitFile]
        var count = 0
        do {
            let configuration = try Configuration(options)
            count = configuration.plan.steps.count
            files = configuration.plan.units(call(role: configuration.declarations.role))
        } catch {
            guard units.isGenerator else {
                outlet.tell(error, as: options.output, .taskFileWrong)
                return .configuration
            }
            files = brokenUnits(error, call(role: saidRole), known: knownTasks())
        }
        do {
            try write(files)
            // systemd gives generators an empty directory.
            if !units.isGenerator {
                try StaleUnits(directory: units.directory, written: Set(files.map(\.path))).remove()
            }
        } catch {
            tell(error)
            return .failure
        }
        if !units.isGenerator { outlet.write(summary(files, taskCount: count)) }
        return .success
    }

    /// The tasks of which there are records: those that have begun on this boot.
    private func knownTasks() -> [String] {
        (try? StateDirectory(Configuration.statePath(options)).tasks()) ?? []
    }

    /// The role that somebody has said, rather than the task file.
    private var saidRole: String? {
        let role = options.role ?? Machine.environment()["NEST_ROLE"]
        return role == "" ? nil : role
    }

    /// How the units call this very program.
    private func call(role: String?) -> UnitCall {
        let config = Configuration.absolute(options.config)
        var call = UnitCall(program: program, taskFiles: Configuration.taskFiles(options))
        if config != Options(.check).config { call.flags += ["--config", config] }
        // The environment of a unit is not ours.
        if saidRole != nil, let role { call.flags += ["--role", role] }
        if let root = options.root {
            call.root = Configuration.absolute(root)
            while call.root.hasSuffix("/") { call.root.removeLast() }
            call.flags += ["--root", Configuration.absolute(root)]
        }
        return call
    }

    /// The program itself, whatever link to it was called.
    private var program: String {
        (try? FileSystem.status("/proc/self/exe"))?.target ?? "/usr/bin/nest-bootstrap"
    }

    /// Writes the files, without waiting for a disk: the next start of systemd or call of the command writes them again.
    private func write(_ files: [UnitFile]) throws(SystemError) {
        try FileSystem.makeDirectories(units.directory)
        for file in files {
            let path = "\(units.directory)/\(file.path)"
            switch file.content {
            case .text(let text): try FileSystem.write(Array(text.utf8), to: path, mode: 0o644, isSynced: false)
            case .link(let target):
                try FileSystem.makeSymbolicLink(at: path, to: target, replacing: true, isSynced: false)
            }
        }
    }

    private func tell(_ error: SystemError) {
        outlet.tell(error, as: options.output)
        // Whoever starts a generator may not keep what it prints.
        if units.isGenerator { try? KernelLog.write("nest-bootstrap: \(error)") }
    }

    private func summary(_ files: [UnitFile], taskCount: Int) -> String {
        let paths = files.map(\.path).sorted()
        if options.output == .json {
            let pairs: KeyValuePairs<String, Node> = [
                "directory": .string(units.directory), "files": .sequence(paths.map { .string($0) }),
            ]
            return String(decoding: Node.mapping(pairs.map { ($0.key, $0.value) }).json(), as: UTF8.self) + "\n"
        }
        return "units of \(taskCount) \(taskCount == 1 ? "task" : "tasks") written to '\(units.directory)'\n"
    }
}
