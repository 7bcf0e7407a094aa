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
            output.writeData(timelineSVG(timeline, node: Machine.hostName()))
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
            source.notes = ["with '--root' only records are read: they have the last attempt of a task, and no waits"]
        } else if !Systemd.isRunning {
            source.notes = ["systemd does not run here: records have only the last attempt of a task, and no waits"]
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
        let missing = "waits and earlier attempts are not known"
        if Journal.isClosed() {
            let readers = "root and users of the groups adm and systemd-journal may"
            return source.notes.append("\(missing): you may not read the journal of the system; \(readers)")
        }
        do throws(SystemError) {
            let boot = try Machine.bootIdentifier()
            let reading = try await Journal.entries(source.query(boot: boot))
            source.entries = reading.entries
            if reading.entries.isEmpty {
                source.notes.append("\(missing): the journal has nothing about the tasks of this boot")
            } else if !reading.isComplete {
                source.notes.append("later waits and attempts are not known: the journal has too much of this boot")
            }
        } catch {
            source.notes.append("\(missing): \(error)")
        }
    }
}
