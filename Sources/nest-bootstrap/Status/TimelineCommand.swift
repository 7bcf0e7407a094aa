import Base
import Execution
import Host
import Planning
import Reporting
import State

/// Command `timeline`: when each task of this boot waited and ran.
struct TimelineCommand: Command {
    static let name = "timeline"

    static let help = CommandHelp(
        summary: "show when each task of this boot waited and ran",
        description:
            "Shows when each task of this node was started on this boot, what it waited for and how long it worked, "
            + "with units of systemd beside them. The critical path, whose tasks decided when the last one ended, is "
            + "marked.",
        usage: ["nest-bootstrap timeline [FLAG]..."],
        details: [
            "A task is shown until it has succeeded for the first time on this boot: its attempts, the time between "
                + "them, and what it waited for before and in each, such as an API server or the lock of the cluster. "
                + "Later runs are left out, as are the repetitions of tasks with 'every'. What still runs or waits "
                + "has no end yet.",
            "The critical path ends with the task that ended last or, while tasks run, with the one that has run "
                + "longest. Each task on it is followed by a task that could start only when it had ended. To make the "
                + "boot faster, make one of these tasks faster.",
            "The units are those that tasks name in 'after', network-online.target, multi-user.target, "
                + "k8s-bootstrap.target and the usual services of Kubernetes, each as it was last started.",
            "Times count from the start of the machine; from the start of the first task if that came after the "
                + "boot, with '--root', and without systemd. They come from the records, systemd and the journal. To "
                + "users who may not read the journal of the system, and without systemd, at most the last two attempts "
                + "of each task are known, and no waits; a note says so. A task that was tried more often then has no "
                + "start and no duration.",
            "With '--format svg' it prints a picture for light and dark pages. With '--output json' it prints one "
                + "object; docs/json.md describes its fields.",
        ],
        exitCodes: [Row("0", "printed, also if something is not known"), .usageError, .wrongTaskFile],
        examples: ["timeline", "timeline --format svg > boot.svg", "timeline --output json | jq .criticalPath"],
        files: [.record],
    )

    static let flags: [Flag<Self>] = [
        Flag(
            "--format",
            alternatives(Format.allCases),
            "lines with bars, or a picture (default: \(Format.text.rawValue))"
        ) { (command, _, value) throws(UsageError) in command.format = try choice("format", value) },
        .config, .role, .root, .output,
    ]

    /// The formats of a timeline.
    enum Format: String, Sendable, CaseIterable {
        /// Lines with a bar each.
        case text
        /// A picture that every browser shows.
        case svg
    }

    /// The format, `nil` if none was given.
    var format: Format?

    mutating func setArguments(_ names: [String], _ options: Options) throws(UsageError) {
        try Self.refuse(names, options)
        if format != nil { try options.refuseFormat() }
    }

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        try await program.withConfiguration(options) { try await print($0, program.output, program.outputEnvironment) }
    }

    private func print(
        _ configuration: Configuration,
        _ output: ConsoleOutput,
        _ outputEnvironment: OutputEnvironment
    ) async throws -> ExitCode {
        let timeline = Timeline(try await source(configuration))
        guard !configuration.options.output.isForPrograms else {
            output.writeObjects(timelineJSON(timeline), as: configuration.options.output)
            return .success
        }
        switch format ?? .text {
        case .text:
            let (columns, isColoured) = (outputEnvironment.columns, outputEnvironment.isColoured)
            let lines = timelineLines(
                timeline,
                columns: columns,
                isColoured: isColoured,
                isUTF8: outputEnvironment.isUTF8
            )
            output.write(lines.map { $0 + "\n" }.joined())
        case .svg:
            // The files below a directory are those of another machine.
            let node = configuration.options.root == nil ? Machine.hostName() : ""
            output.writeData(timelineSVG(timeline, node: node))
        }
        return .success
    }

    /// The sources for this boot: records, units of systemd, and the journal.
    private func source(_ configuration: Configuration) async throws -> TimelineSource {
        let records = try configuration.records()
        let plan = configuration.plan
        let findings = await StatusSurvey(configuration: configuration, records: records).findings(of: plan)
        // After the states: what has ended since is in the record.
        let found = plan.steps.map { try? records.record(of: $0.task.name) }
        var source = TimelineSource(plan, statuses: findings.statuses, records: found, clock: .now())
        if configuration.options.root != nil {
            source.notes = ["with '--root' only records are read: \(Self.recorded)"]
        } else if !Systemd.isRunning {
            source.notes = ["systemd does not run here: records have \(Self.recorded)"]
        } else {
            await addTimes(to: &source)
            if found.contains(where: { $0 != nil }) { await addEntries(to: &source) }
        }
        source.clock = .now()
        return source
    }

    /// Adds when systemd started the units, also those of the tasks.
    private func addTimes(to source: inout TimelineSource) async {
        do {
            source.system = try await Systemd.times(of: source.taskUnits + source.shownUnits)
        } catch {
            source.notes.append("units of systemd are not shown: \(error)")
        }
    }

    /// Adds what the journal has about the tasks of this boot.
    private func addEntries(to source: inout TimelineSource) async {
        if Journal.hidesSystemEntries() {
            let readers = "root and users of the groups adm and systemd-journal may"
            return source.notes.append("\(Self.missing): you may not read the journal of the system; \(readers)")
        }
        do throws(SystemError) {
            let boot = try Machine.bootIdentifier()
            let reading = try await Journal.entries(source.query(boot: boot))
            source.entries = reading.entries
            let beginning = JournalQuery(matches: [], fields: [], boot: boot, entryLimit: 1)
            source.journalStart = (try? await Journal.entries(beginning))?.entries.first?.sinceBoot
            if let note = Self.note(about: reading) { source.notes.append(note) }
        } catch {
            source.notes.append("\(Self.missing): \(error)")
        }
    }

    /// The content of records without the journal.
    private static let recorded = "at most the last two attempts of a task, and no waits"

    /// The missing part if the journal has nothing, or cannot be read.
    private static let missing = "waits and earlier attempts are not known"

    /// The missing part after reading the journal, `nil` if nothing is missing.
    static func note(about reading: JournalReading) -> String? {
        if reading.isComplete {
            return reading.entries.isEmpty ? "\(missing): the journal has nothing about the tasks of this boot" : nil
        }
        let subject = reading.entries.isEmpty ? missing : "later waits and attempts are not known"
        return "\(subject): not all entries of this boot could be read"
    }
}
