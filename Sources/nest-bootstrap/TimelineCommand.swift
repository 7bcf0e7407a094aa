import Base
import Execution
import Host
import Planning
import Reporting
import State

/// Command `timeline`: when each task of this boot waited and ran.
struct TimelineCommand {
    let configuration: Configuration
    let format: TimelineFormat

    /// Prints the timeline.
    ///
    /// - Throws: ``Base/SystemError`` if the boot cannot be identified.
    func run(_ output: ConsoleOutput, _ outputEnvironment: OutputEnvironment) async throws -> ExitCode {
        let timeline = Timeline(try await source())
        guard !configuration.options.output.isForPrograms else {
            output.writeObjects(timelineJSON(timeline), as: configuration.options.output)
            return .success
        }
        switch format {
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
            // What is below a directory is of another machine.
            let node = configuration.options.root == nil ? Machine.hostName() : ""
            output.writeData(timelineSVG(timeline, node: node))
        }
        return .success
    }

    /// What is known of this boot: records, units of systemd, and the journal.
    private func source() async throws -> TimelineSource {
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

    /// What records have without the journal.
    private static let recorded = "at most the last two attempts of a task, and no waits"

    /// What is missing if the journal has nothing, or cannot be read.
    private static let missing = "waits and earlier attempts are not known"

    /// What is missing after reading the journal, `nil` if nothing is.
    static func note(about reading: JournalReading) -> String? {
        if reading.isComplete {
            return reading.entries.isEmpty ? "\(missing): the journal has nothing about the tasks of this boot" : nil
        }
        let subject = reading.entries.isEmpty ? missing : "later waits and attempts are not known"
        return "\(subject): not all entries of this boot could be read"
    }
}
