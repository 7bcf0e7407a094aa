import Base
import Host
import Planning
import Reporting

/// Command `logs`: what the journal has about tasks, shown by journalctl.
struct LogsCommand {
    let options: Options
    let names: [String]
    let logs: LogsOptions

    /// Shows the entries.
    ///
    /// - Returns: A failure; otherwise journalctl replaces this process.
    /// - Throws: ``Base/Problem`` if journalctl cannot be run, or has no journal that this user may read.
    func run(_ output: ConsoleOutput) async throws(Problem) -> ExitCode {
        if let since = logs.since, await !isTime(since) {
            let known = "a duration such as 10m, or a time such as yesterday, 08:00 or '2026-11-20 08:00'"
            let message = "'--since' is \(known), found '\(printable(since))'"
            output.report(UsageError(message, command: .logs), as: options.output)
            return .usage
        }
        try requireJournal()
        output.report(warnings: unknownNames)
        output.flush(idleLimit: .seconds(10))
        var environment = options.environment
        // A file gets no colours.
        if options.isPlain { environment["SYSTEMD_COLORS"] = "0" }
        let users = Self.users(root: options.root ?? "")
        let arguments = Self.arguments(names, logs, options, users: users)
        let command = Host.Command("journalctl", arguments, environment: environment)
        do throws(SystemError) {
            try command.replaceProcess()
        } catch {
            throw Problem("\(error)", hint: error.advice ?? "install systemd, which provides it")
        }
    }

    /// The arguments with which journalctl shows the entries.
    ///
    /// Any user can send entries with the fields of the program. Fields that begin with an underscore are added by the
    /// journal: https://www.freedesktop.org/software/systemd/man/latest/systemd.journal-fields.html.
    ///
    /// - Parameters:
    ///   - names: The tasks, none for all.
    ///   - logs: The options of the command.
    ///   - options: The options of all commands.
    ///   - users: The IDs of the users that run tasks.
    /// - Returns: Flags and matches.
    static func arguments(_ names: [String], _ logs: LogsOptions, _ options: Options, users: [Int]) -> [String] {
        // Every entry is of this machine.
        var arguments = ["--no-hostname", options.output.isForPrograms ? "--output=json" : "--output=short-full"]
        if options.isPlain { arguments.append("--no-pager") }
        if let since = logs.since {
            // A duration is relative to now.
            arguments.append("--since=\(parseDuration(since) == nil ? since : "-\(since)")")
        }
        if let boot = logs.boot { arguments.append(boot.isEmpty ? "--boot" : "--boot=\(boot)") }
        if logs.isFollowing { arguments.append("--follow") }
        if let root = options.root { arguments.append("--root=\(root)") }
        func sent(_ field: String) -> [[String]] { users.map { [field, "_UID=\($0)"] } }
        var matches: [[String]] = []
        if names.isEmpty {
            // At boot, before there is a journal, the generator writes to the kernel's log, which only root can.
            let identifier = "SYSLOG_IDENTIFIER=nest-bootstrap"
            matches = sent(identifier) + [[identifier, "_TRANSPORT=kernel"]]
        }
        // The entries of the program, those of its units, and those of systemd about them.
        for name in names {
            matches += sent("NEST_TASK=\(name)")
            for unit in [unitName(ofTask: name), repetitionUnitName(ofTask: name)] {
                matches += [["_SYSTEMD_UNIT=\(unit)"], ["UNIT=\(unit)", "_PID=1"]]
            }
        }
        // journalctl requires all terms between two plus signs.
        return arguments + Array(matches.joined(separator: ["+"]))
    }

    /// Returns the IDs of root and of the user of units, from the user database of a root directory.
    ///
    /// If it cannot be read, only the entries of root are shown.
    static func users(root: String) -> [Int] {
        let bytes = (try? FileSystem.read("\(root)/etc/passwd", limit: 1 << 20)) ?? []
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
        let entries = lines.map { $0.split(separator: ":", omittingEmptySubsequences: false) }
        let user = entries.first { $0.count > 2 && $0[0] == unitUser }.flatMap { Int($0[2]) }
        return [0] + (user.map { [$0] } ?? [])
    }

    /// Returns whether journalctl reads a text as a time.
    private func isTime(_ text: String) async -> Bool {
        if parseDuration(text) != nil { return true }
        let command = Host.Command("systemd-analyze", ["timestamp", "--", text], environment: options.environment)
        let result = try? await filter(
            command,
            input: SecretBytes(copying: []),
            outputLimit: 1 << 16,
            deadline: .now + .seconds(5)
        )
        // Where systemd-analyze is missing or too old for this, journalctl reports a wrong time itself.
        return result?.errors.contains("Failed to parse") != true
    }

    /// Throws a problem if there is no journal, or none that this user may read.
    private func requireJournal() throws(Problem) {
        let root = options.root ?? ""
        switch Journal.access(root: root) {
        case .readable: return
        case .denied:
            throw Problem(
                "cannot read the journal: permission denied",
                hint: "run as root, or as a member of group 'systemd-journal' or 'adm'"
            )
        case .missing:
            let places = Journal.directories(root: root).map { "'\($0)'" }.joined(separator: " or ")
            throw Problem(
                "there is no journal in \(places)",
                hint: root.isEmpty ? "see 'systemctl status systemd-journald'" : "correct the directory of '--root'"
            )
        }
    }

    /// Returns whether journalctl reads a text as a boot: an offset, an ID, or an offset to one.
    static func isBoot(_ text: String) -> Bool {
        if text == "all" || isNumber(text) { return true }
        let offset = text.dropFirst(32)
        guard text.utf8.count >= 32, text.prefix(32).allSatisfy(\.isHexDigit) else { return false }
        return offset.isEmpty || offset.utf8.first?.isSign == true && isNumber(offset)
    }

    /// The names that no task has, none if the task file is invalid: the journal may still have entries about them.
    private var unknownNames: [Problem] {
        guard !names.isEmpty, let configuration = try? Configuration(checking: options) else { return [] }
        guard configuration.problems.isEmpty else { return [] }
        let known = configuration.plan.steps.map(\.task.name)
        return names.filter { !known.contains($0) }.map { name in
            let near = nameMeant(by: name, in: known)
            return Problem("this node has no task '\(name)'", hint: near.map { "did you mean '\($0)'?" })
        }
    }
}
