import Base
import Execution
import TestSupport
import YAML

/// A run of two tasks, with an event of every kind.
enum SampleRun {
    /// What is wrong with one object.
    static let problem = Problem(
        "wrong \"type\"",
        at: SourceLocation(file: "a.yaml", position: SourceLocation.Position(line: 2, column: 3)),
        hint: "type a number"
    )

    /// What happens.
    static let events: [Event] = [
        Event(.runStarted([.init("a"), .init("b", after: [0])])),
        Event(task: "a", .taskStarted(verb: "apply")),
        Event(task: "a", .waiting(Wait("server: refused"))),
        Event(task: "a", .path("/etc/x", .unchanged)),
        Event(task: "a", .object("ConfigMap/x", .init(.configured, fields: [".data.a: 1 -> 2"]))),
        Event(task: "a", .objectFailed("ConfigMap/y", problem)),
        Event(task: "a", .warning(subject: "ConfigMap/x", "old")),
        Event(task: "a", .output("two\nlines")),
        Event(task: "a", .taskFinished(.failed(problem), after: .milliseconds(1500))),
        Event(task: "b", .taskFinished(.skipped(because: ["a"]), after: .zero)),
        Event(
            .runFinished(
                Report([
                    .init(task: "a", outcome: .failed(problem), duration: .milliseconds(1500)),
                    .init(task: "b", outcome: .skipped(because: ["a"]), duration: .zero),
                ])
            )
        ),
    ]
}
