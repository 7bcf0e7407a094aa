public import Base
import YAML

/// What `reset` does, or would do.
public struct ResetReport: Sendable {
    /// A path that a task has made.
    public struct Path: Sendable {
        /// The task.
        public var task: String
        /// The path on the node.
        public var path: String
        /// Why it stays, in a predicate; `nil` if it is deleted.
        public var reason: String?

        /// Creates an entry.
        public init(task: String, path: String, reason: String?) {
            (self.task, self.path, self.reason) = (task, path, reason)
        }
    }

    /// The lines of key `reset` of a task.
    public struct Lines: Sendable {
        /// The task.
        public var task: String
        /// The lines.
        public var text: String
        /// Whether they have failed.
        public var hasFailed: Bool

        /// Creates an entry.
        public init(task: String, text: String, hasFailed: Bool = false) {
            (self.task, self.text, self.hasFailed) = (task, text, hasFailed)
        }
    }

    /// Whether nothing is changed.
    public var isDryRun: Bool
    /// The units that are stopped.
    public var units: [String] = []
    /// The lines that are run, in order.
    public var lines: [Lines] = []
    /// The paths, in the order in which they are deleted.
    public var paths: [Path] = []
    /// What is in the way.
    public var problems: [Problem] = []

    /// Creates an empty report.
    public init(isDryRun: Bool) {
        self.isDryRun = isDryRun
    }

    /// The number of paths that are deleted.
    public var deletedCount: Int { paths.count { $0.reason == nil } }

    /// The number of paths that stay.
    public var keptCount: Int { paths.count - deletedCount }

    /// Whether nothing of the tasks is left.
    public var isComplete: Bool { keptCount == 0 && problems.isEmpty && !lines.contains(where: \.hasFailed) }

    /// One JSON object in a line without its end.
    public var json: String {
        let lines = lines.map { lines in
            Node.mapping([
                ("task", .string(lines.task)), ("lines", .string(lines.text)), ("failed", .boolean(lines.hasFailed)),
            ])
        }
        let paths = paths.map { path in
            let fields: [(String, Node)] = [
                ("task", .string(path.task)), ("path", .string(path.path)),
                ("result", .string(path.reason == nil ? "deleted" : "kept")),
            ]
            return Node.mapping(fields + (path.reason.map { [("reason", .string($0))] } ?? []))
        }
        let summary: [(String, Node)] = [
            ("deleted", .number(deletedCount)), ("kept", .number(keptCount)), ("lines", .number(lines.count)),
            ("units", .number(units.count)), ("problems", .number(problems.count)),
        ]
        let object = Node.mapping([
            Node.outputVersion, ("dryRun", .boolean(isDryRun)), ("units", .sequence(units.map { .string($0) })),
            ("lines", .sequence(lines)), ("paths", .sequence(paths)),
            ("problems", .sequence(problems.map { .mapping($0.fields) })), ("summary", .mapping(summary)),
        ])
        return String(decoding: object.json(), as: UTF8.self)
    }

    /// What is about to be done, or would be, one line for each item.
    public var plannedLines: [String] {
        (units.isEmpty ? [] : ["would stop \(shortList(units))"])
            + lines.flatMap { lines in
                ["\(lines.task): would run the lines of 'reset':"]
                    + lines.text.split(separator: "\n").map { "    \(printable(String($0)))" }
            }
            + paths.map { line($0, "would be deleted") }
    }

    /// What has become of a path.
    public func line(_ path: Path, _ deleted: String = "deleted") -> String {
        printable("\(path.task): \(path.path) " + (path.reason.map { "stays: it \($0)" } ?? deleted))
    }

    /// The numbers, after what was done.
    public var summary: String {
        let counts = parts(units: "stopped", lines: "ran", paths: "deleted")
        let kept = keptCount == 0 ? "" : "; \(count(keptCount, "path")) \(keptCount == 1 ? "stays" : "stay")"
        return (counts.isEmpty ? "deleted nothing" : counts.joined(separator: ", ")) + kept
    }

    /// The numbers, as a question.
    public var question: String {
        var text = parts(units: "stop", lines: "run", paths: "delete").joined(separator: ", ")
        if text.isEmpty { text = "delete records and cache" }
        return "\(text.prefix(1).uppercased())\(text.dropFirst())? [y/N] "
    }

    private func parts(units: String, lines: String, paths: String) -> [String] {
        [
            self.units.isEmpty ? nil : "\(units) \(count(self.units.count, "unit"))",
            self.lines.isEmpty ? nil : "\(lines) the lines of \(count(self.lines.count, "task"))",
            deletedCount == 0 ? nil : "\(paths) \(count(deletedCount, "path"))",
        ]
        .compactMap(\.self)
    }

    private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
