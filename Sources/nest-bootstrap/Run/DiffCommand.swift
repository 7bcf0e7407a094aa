import Actions
import Base
import HTTP
import Host
import Planning
import Reporting

struct DiffCommand: TaskCommand {
    static let name = "diff"

    static let help = CommandHelp(
        summary: "show what a run would change",
        description: "Shows what a run of this node's plan, or of the named tasks with their dependencies, would "
            + "change, as unified diffs of files and objects. Nothing is written.",
        usage: ["nest-bootstrap diff [NAME]... [FLAG]..."],
        details: [
            "Files are compared with those of the node, objects with what the API server would make of them. Secret values "
                + "are replaced by '***'; the content of a file that not everyone may read is not shown.",
            "The diffs go to standard output, everything else to standard error. A task that would run a program "
                + "counts as a difference.",
        ],
        exitCodes: [
            Row("0", "nothing would change"), Row("1", "something would change"),
            Row("2", "something could not be compared"), .usageError, .wrongTaskFile,
            Row("130, 143", "interrupted, terminated"),
        ],
        examples: ["diff", "diff calico-node --role worker", "diff -c ./bootstrap.yaml -o json"],
    )

    static let flags: [Flag<Self>] = [.config, .role, .hostName, .root, .output]

    var names: [String] = []

    var isDryRun: Bool { true }

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        let output = program.output
        let sink: any EventSink =
            options.output.isForPrograms
            ? JSONSink(output, run: makeRunIdentifier(), isDryRun: true)
            : DiffSink(output, isColoured: program.outputEnvironment.isColoured)
        return try await program.withConfiguration(options) { configuration in
            let events = EventQueue([sink], isDryRun: true)
            return try await program.withTicking(events, idleLimit: Program.readerLimit) {
                try await compare(configuration, events, program)
            }
        }
    }

    private func compare(
        _ configuration: Configuration,
        _ events: EventQueue,
        _ program: Program
    ) async throws -> ExitCode {
        let plan = configuration.plan
        // Dependencies are compared too, because the named tasks may need their future products.
        let part = names.isEmpty ? plan : try plan.selecting(names, withDependencies: true)
        let signals = try program.catchSignals()
        let http = HTTPClient()
        let environment = configuration.environment(http)
        let runner = ActionRunner(environment)
        let engine = Engine { [events] event in events.send(event) }
        let (report, signal) = await interruptible(by: signals) {
            await engine.run(part) { step, context in try await runner.perform(step, context) }
        }
        if names.isEmpty, signal == nil { program.output.report(warnings: environment.formerSetWarnings()) }
        await http.shutDown()
        let code = ExitCode(report, signal: signal)
        guard code == .success else { return code.isStopped ? code : .trouble }
        return report.entries.contains { $0.outcome.kind == .changed } ? .failure : .success
    }
}
