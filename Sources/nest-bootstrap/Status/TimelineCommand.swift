import Base
import Host
import Planning
import Reporting

struct TimelineCommand: Command {
    static let name = "timeline"

    static let help = CommandHelp(
        summary: "show when each task of this boot waited and ran",
        details: [
            "A task is shown until it has succeeded for the first time on this boot: its attempts, the time between "
                + "them, and what it waited for before and in each. Times count from the start of the machine.",
            "The critical path, which is marked, ends with the task that ended last. Each task on it is followed by a task "
                + "that could start only when it had ended: to make the boot faster, make one of these tasks faster.",
        ],
        exitCodes: [Row("0", "printed, also if something is not known"), .usageError, .wrongTaskFile],
        examples: ["timeline", "timeline --output svg > boot.svg", "timeline --output json | jq .criticalPath"],
    )

    static let flags: [Flag<Self>] = [
        .config, .role, .hostName, .root,
        .output("lines with bars, an object, or a picture (default: text)", \.format),
    ]

    enum Format: String, Sendable, CaseIterable { case text, json, svg }

    var format = Format.text

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        try await program.withConfiguration(options) {
            try await print($0, in: program)
        }
    }

    private func print(_ configuration: Configuration, in program: Program) async throws -> ExitCode {
        let (output, outputEnvironment) = (program.output, program.outputEnvironment)
        let timeline = Timeline(try await source(configuration))
        switch format {
        case .json: output.writeObjects(timelineJSON(timeline))
        case .text:
            let lines = timelineLines(
                timeline,
                columns: outputEnvironment.columns,
                isColoured: outputEnvironment.isColoured
            )
            output.write(lines.map { $0 + "\n" }.joined())
        case .svg:
            // Records below a root may be from another machine.
            let node = configuration.options.root == nil ? Machine.hostName() : ""
            output.write(timelineSVG(timeline, node: node))
        }
        return .success
    }

    private func source(_ configuration: Configuration) async throws -> TimelineSource {
        let records = try configuration.records()
        let plan = configuration.plan
        let findings = await StatusSurvey(configuration: configuration, records: records).findings(of: plan)
        // The records are read after the states, so that no attempt that has just ended is missing.
        let tasks = zip(plan.steps, findings.statuses).map { step, status in
            TimelineSource.TaskFacts(
                status,
                dependencies: step.dependencies,
                units: step.task.afterUnits,
                record: (try? records.record(of: step.task.name)).flatMap(\.self),
            )
        }
        var source = TimelineSource(tasks: tasks, clock: .now())
        // With a root, the records may be from another machine, whose units are unknown to this machine's systemd.
        if configuration.options.root == nil {
            do {
                source.system = try await Systemd.times(of: source.unitNames)
            } catch {
                source.notes.append("waits for units are not shown: \(error)")
            }
        }
        source.clock = .now()
        return source
    }
}
