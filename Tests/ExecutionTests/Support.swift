import Base
import Execution
import YAML

@testable import Planning

/// A plan from lines such as `c: a b`, a task with what it runs after, in order.
func plan(_ lines: String..., timeout: Duration = .seconds(600)) -> Plan {
    var names: [String] = []
    let steps = lines.map { line in
        let parts = line.split(separator: ":")
        let after = parts.count > 1 ? parts[1].split(separator: " ").map(String.init) : []
        let location = SourceLocation(file: "test.yaml")
        let verb = Verb(SymlinkDeclaration(path: LocatedPath("/x", location: location), target: "y"))
        var settings = TaskSettings()
        settings.timeout = timeout
        let task = PlannedTask(name: String(parts[0]), settings: settings, verb: verb, location: location)
        let step = Plan.Step(task: task, dependencies: after.compactMap { names.firstIndex(of: $0) })
        names.append(task.name)
        return step
    }
    return Plan(steps: steps)
}

/// Events as they came, in words.
final class Recorder: Sendable {
    private let lines = Locked<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func record(_ event: Event) {
        let words =
            switch event.kind {
            case .runStarted(let tasks): "run of \(tasks.count)"
            case .taskStarted(let verb): "started \(verb)"
            case .waiting(let wait): "waiting \(wait)"
            case .taskFinished(let outcome, let duration): "\(outcome.words) after \(duration.text)"
            case .runFinished(let report): "report of \(report.entries.count)"
            case .lease, .objectCount, .planned, .path, .change, .object, .objectFailed, .warning, .output: "other"
            }
        lines.withLock { $0.append(event.task.map { "\($0): \(words)" } ?? words) }
    }
}

extension Outcome {
    /// The outcome with its reason.
    var words: String {
        switch self {
        case .failed(let error): "failed(\(error))"
        case .skipped(let tasks): "skipped(\(tasks.joined(separator: " ")))"
        case .changed, .unchanged, .interrupted: name
        }
    }
}

extension Report {
    /// Every line in words.
    var words: [String] {
        entries.map { "\($0.task): \($0.outcome.words)" }
    }
}

/// A failure that says what it is.
struct Failure: Error, CustomStringConvertible {
    let description: String
}

/// Something that tasks wait for until a test opens it.
final class Gate: Sendable {
    private let state = Locked<(isOpen: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

    /// Waits, whether cancelled or not.
    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    /// Lets all through.
    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
