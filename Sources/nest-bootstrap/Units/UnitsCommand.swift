import Base
import Host
import Planning
import Reporting

struct UnitsCommand: Command {
    static let name = "units"

    static let help = CommandHelp(
        summary: "write the plan as systemd units",
        usage: [
            "nest-bootstrap units DIR [FLAG]...", "nest-bootstrap units NORMAL EARLY LATE",
            "nest-bootstrap-generator NORMAL EARLY LATE",
        ],
        details: [
            "The target of all tasks is installed with the package. As a systemd generator, which is called with three "
                + "directories, the command writes into the first. For an invalid task file it writes a health service "
                + "that fails and says why.",
            "Units of an earlier call stay: empty the directory first. With '--offline' no unit counts as masked.",
        ],
        exitCodes: [Row("0", "written"), Row("1", "a file could not be written"), .usageError, .wrongTaskFile],
        examples: [
            "units /run/systemd/system", "units ./units --config ./bootstrap.yaml --role worker",
            "units ./units --offline --host-name cp1",
        ],
    )

    static let flags: [Flag<Self>] = [
        .config, .role, .hostName, .offline,
        Flag(
            "--installed-as",
            "FILE",
            "the path of the task file on the node, for units that are made elsewhere (default: that of --config)",
            \.installedConfig
        ),
        .root,
    ]

    static let isShown = false

    var directory = ""
    var installedConfig: String?

    /// Whether systemd calls the program as a generator.
    var isGenerator = false

    var acts: Bool { true }

    /// Accepts one directory, or the three directories of a generator: for normal, early and late units.
    mutating func setArguments(_ names: [String], _ options: Options) throws(UsageError) {
        guard let directory = names.first, [1, 3].contains(names.count), !names.contains("") else {
            throw UsageError("'units' takes one directory, or the three directories of a systemd generator")
        }
        if let path = installedConfig, !path.isAbsolutePath {
            throw UsageError("'--installed-as' is an absolute path, found '\(path)'")
        }
        (self.directory, isGenerator) = (directory, names.count == 3)
    }

    static func completion(_ completer: Completer) -> Completion { .directory }

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        try UnitWriter(options: options, command: self, output: program.output).run()
    }
}

struct UnitWriter {
    let options: Options
    let command: UnitsCommand
    let output: ConsoleOutput

    /// Writes the units; for an invalid task file, a generator writes a health service that fails.
    ///
    /// At boot, systemd calls generators before there is a journal, so their write errors also go to the kernel log.
    func run() throws -> ExitCode {
        if command.isGenerator, Configuration.isAbsent(options) { return .success }
        var files: [UnitFile]
        var count = 0
        do {
            let configuration = try Configuration(options)
            let plan = configuration.plan
            count = plan.steps.count
            let known = command.isGenerator ? knownTasks() : []
            let removed = known.filter { plan.position(of: $0) == nil }
            let single = known.filter { plan.position(of: $0).map { plan.steps[$0].task.interval == nil } ?? false }
            let call = call(roles: configuration.declarations.roles.joined(separator: ","))
            let report = configuration.report
            let isMasked = { (unit: String) in !options.isOffline && Systemd.isMasked(unit) }
            let units = plan.units(call, report: report, isMasked: isMasked)
            files = units + unitsOfRemovedTasks(removed, call) + stoppedTimers(ofTasks: single)
        } catch {
            guard command.isGenerator else { throw Refusal(problems: error, code: .configuration) }
            let isPublic = Configuration.taskFiles(options).allSatisfy(FileSystem.isReadableByAll)
            let call = call(roles: saidRoles)
            let readable = try? Configuration(checking: options)
            files = unitsForInvalidConfiguration(
                error,
                call,
                isPublic: isPublic,
                report: readable.map(\.report) ?? ReportDeclaration(),
                plan: readable?.plan ?? Plan(steps: []),
                known: knownTasks()
            )
        }
        let stopped = stoppedReportTimer()
        // An earlier version of the task file may have enabled reports.
        if command.isGenerator, !files.contains(where: { $0.path == stopped.path }) { files.append(stopped) }
        do {
            try files.write(in: command.directory)
        } catch {
            // systemd may discard the output of a generator.
            if command.isGenerator { try? KernelLog.write("nest-bootstrap: \(error)") }
            throw error
        }
        let tasks = "\(count) \(count == 1 ? "task" : "tasks")"
        if !command.isGenerator { output.write("units of \(tasks) written to '\(command.directory)'\n") }
        return .success
    }

    /// Returns the tasks that may have a record; empty if the records cannot be read.
    private func knownTasks() -> [String] {
        (try? RecordStore(path: try Configuration.statePath(options), boot: nil).knownTasks()) ?? []
    }

    /// The roles that the arguments or the environment name, separated by commas; `nil` if there are none.
    private var saidRoles: String? {
        let role = options.role ?? options.environment["NEST_ROLE"]
        return role == "" ? nil : role
    }

    private func call(roles: String?) -> ProgramInvocation {
        let config = command.installedConfig ?? Configuration.absolute(options.config)
        var call = ProgramInvocation(program: Installation.program, taskFiles: Configuration.taskFiles(options))
        if command.installedConfig != nil {
            call.installedPaths = Configuration.installedPaths(options, as: config)
            call.taskFiles = call.installedPaths.values.sorted()
        }
        if config != Options.defaultConfig { call.flags += ["--config", config] }
        // Units do not inherit NEST_ROLE.
        if saidRoles != nil, let roles { call.flags += ["--role", roles] }
        if let root = options.root {
            call.root = Configuration.absolute(root).withoutSlashesAtEnd
            call.flags += ["--root", Configuration.absolute(root)]
        }
        return call
    }
}

extension [UnitFile] {
    /// Writes the files without syncing them; a generator writes them again at every boot.
    func write(in directory: String) throws(SystemError) {
        try FileSystem.makeDirectories(directory)
        // Links are in subdirectories and come last, so that none leads to a unit that could not be written.
        func rank(_ file: UnitFile) -> (Int, String) { (file.path.contains("/") ? 1 : 0, file.path) }
        for file in sorted(by: { rank($0) < rank($1) }) {
            let path = "\(directory)/\(file.path)"
            switch file.content {
            case .text(let text):
                try FileSystem.write(Swift.Array(text.utf8), to: path, mode: 0o644, isSynced: false)
            case .link(let target):
                try FileSystem.makeSymbolicLink(at: path, to: target, replacing: true, isSynced: false)
            }
        }
    }
}
