import Actions
import Base
import Execution
import HTTP
import Host
import Planning
import Reporting

/// Command `diff`: what a run would change, as unified diffs of files and objects.
///
/// The dependencies of named tasks take part, since what they would create is not there yet; only the named tasks are
/// shown.
struct DiffCommand {
    let configuration: Configuration
    let names: [String]
    let events: EventQueue
    let catchSignals: SignalCatcher

    /// Compares, and returns whether anything differs.
    ///
    /// - Throws: ``Base/Problems`` for unknown task names.
    func run() async throws -> ExitCode {
        let plan = configuration.plan
        let part = names.isEmpty ? plan : try plan.selecting(names, withDependencies: true)
        let shown = Set((names.isEmpty ? plan : try plan.selecting(names)).steps.map(\.task.name))
        let signals = try catchSignals()
        let http = try HTTPClient()
        var environment = configuration.environment(http)
        environment.keepsSchemas = true
        let runner = ActionRunner(environment)
        let engine = Engine { [events] event in
            if let event = Self.visible(event, shown) { events.send(event) }
        }
        let (report, signal) = await interruptible(by: signals) {
            await engine.run(part) { step, context in try await runner.perform(step, context) }
        }
        await http.shutDown()
        let code = ExitCode(report, signal: signal)
        guard code == .success else { return code.isStopped ? code : .trouble }
        return report.entries.contains { shown.contains($0.task) && $0.outcome.kind == .changed } ? .failure : .success
    }

    /// An event as it is reported: of tasks that are not shown only their failures.
    private static func visible(_ event: Event, _ shown: Set<String>) -> Event? {
        var event = event
        switch event.kind {
        case .runStarted(let tasks):
            // Positions of dependencies that are not shown mean nothing.
            event.kind = .runStarted(tasks.filter { shown.contains($0.name) }.map { .init($0.name) })
        case .runFinished(let report):
            event.kind = .runFinished(Report(report.entries.filter { shown.contains($0.task) }))
        case .objectFailed, .taskFinished(.failed, _): break
        default: if let task = event.task, !shown.contains(task) { return nil }
        }
        return event
    }
}
