import Base
import Reporting

extension Flag {
    /// The values of `--output` that `logs` has: journalctl has no YAML.
    private static let outputsOfLogs = OutputChoice.allCases.filter { $0 != .yaml }

    /// The flags of the commands that show what has happened: `status`, `logs`, `timeline` and `graph --status`.
    static let statusFlags: [Flag] = [
        Flag(
            "--wait",
            "DURATION",
            of: [.status],
            isValueOptional: true,
            "wait until every task has succeeded, one has failed permanently, or DURATION such as 10m is over "
                + "(default: no limit)"
        ) { (values, value, command) throws(UsageError) in
            values.status.isWaiting = true
            guard !value.isEmpty else { return }
            guard let limit = parseDuration(value) else {
                throw UsageError("'--wait' is a duration such as 30s, 10m or 1h30m, found '\(value)'", command: command)
            }
            values.status.waitLimit = limit
        },
        Flag(
            "--watch",
            short: "-w",
            of: [.status],
            "go on until interrupted, and show every change; on a terminal as one view that is redrawn"
        ) { values, _, _ in values.status.isWatching = true },
        Flag(
            "--since",
            "TIME",
            of: [.logs],
            "only entries since TIME: a duration such as 10m, or what 'journalctl --since' reads"
        ) { (values, value, _) in values.logs.since = value },
        Flag("--follow", short: "-f", of: [.logs], "wait for further entries, and show them as they come") {
            values,
            _,
            _ in values.logs.isFollowing = true
        },
        Flag(
            "--boot",
            short: "-b",
            "BOOT",
            of: [.logs],
            isValueOptional: true,
            "only entries of BOOT: -1 is the boot before this one, and 'journalctl --list-boots' shows all (default: this "
                + "boot)"
        ) { (values, value, command) throws(UsageError) in
            guard value.isEmpty || LogsCommand.isBoot(value) else {
                throw UsageError(
                    "invalid value '\(value)' for '--boot': expected an offset such as -1, or the ID of a boot",
                    command: command
                )
            }
            values.logs.boot = value
        },
        Flag(
            "--output",
            short: "-o",
            alternatives(outputsOfLogs),
            of: [.logs],
            "lines for people (text and table are the same), objects for programs, or lines without the pager and the "
                + "colours of journalctl (default: \(OutputFormat.text.rawValue))"
        ) { (values, value, command) throws(UsageError) in
            values.set(try choice("output", value, of: command, among: outputsOfLogs))
        },
        Flag(
            "--format",
            alternatives(TimelineFormat.allCases),
            of: [.timeline],
            "lines with bars, or a picture (default: \(TimelineFormat.text.rawValue))"
        ) { (values, value, command) throws(UsageError) in
            values.timeline = try choice("format", value, of: command)
        },
        Flag(
            "--status",
            of: [.graph],
            "show the state of every task on this boot, in colours and in words"
        ) { values, _, _ in values.showsStatus = true },
    ]
}
