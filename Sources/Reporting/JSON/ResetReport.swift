public import Base

/// The result of a `reset`, or of its dry run.
public struct ResetReport: Sendable {
    /// A path that a task created or replaced.
    public struct Path: Sendable {
        public var task: String
        var path: String
        /// The reason why the path is not deleted, as a predicate; `nil` if it is deleted.
        public var reason: String?
        /// Whether manual action is required; a directory that stays because of other content requires none.
        var isFailure: Bool

        public init(task: String, path: String, reason: String?, isFailure: Bool = false) {
            (self.task, self.path, self.reason, self.isFailure) = (task, path, reason, isFailure)
        }

        public func line(_ deleted: String) -> String {
            printable("\(task): \(path) " + (reason.map { "not deleted: it \($0)" } ?? deleted))
        }
    }

    public struct Commands: Sendable {
        public var task: String
        var text: String
        public var hasFailed: Bool

        public init(task: String, text: String, hasFailed: Bool) {
            (self.task, self.text, self.hasFailed) = (task, text, hasFailed)
        }
    }

    public var isDryRun: Bool
    public var units: [String] = []
    public var commands: [Commands] = []
    /// The paths, in the order of their attempted deletion.
    public var paths: [Path] = []
    /// The agent's own paths that were or would be deleted, such as the records, the cache and the metrics.
    public var state: [String] = []
    public var problems: [Problem] = []

    public init(isDryRun: Bool) {
        self.isDryRun = isDryRun
    }

    private var deletedCount: Int { paths.count { $0.reason == nil } }

    public var isEmpty: Bool { paths.isEmpty && units.isEmpty && commands.isEmpty && state.isEmpty }

    /// Whether no problem occurred, no commands failed, and no path requires manual action.
    public var isComplete: Bool {
        problems.isEmpty && !paths.contains(where: \.isFailure) && !commands.contains(where: \.hasFailed)
    }

    public var json: String {
        let commands = commands.map { commands in
            Node.mapping([
                ("task", .string(commands.task)), ("text", .string(commands.text)),
                ("failed", .boolean(commands.hasFailed)),
            ])
        }
        let paths = paths.map { path in
            Node.known([
                ("task", .string(path.task)), ("path", .string(path.path)),
                ("result", .string(path.reason == nil ? "deleted" : "kept")), ("reason", .text(path.reason)),
            ])
        }
        let summary: [(String, Node)] = [
            ("deleted", .number(deletedCount)), ("kept", .number(paths.count - deletedCount)),
            ("commands", .number(commands.count)), ("units", .number(units.count)),
            ("problems", .number(problems.count)),
        ]
        return Node.output([
            ("dryRun", .boolean(isDryRun)), ("units", .strings(units)), ("commands", .sequence(commands)),
            ("paths", .sequence(paths)), ("state", .strings(state)),
            ("problems", .sequence(problems.map { .known($0.fields) })), ("summary", .mapping(summary)),
        ])
    }

    public var plannedLines: [String] {
        (units.isEmpty ? [] : ["would stop \(shortList(units))"])
            + commands.flatMap { commands in
                ["\(commands.task): would run the reset commands:"]
                    + commands.text.split(separator: "\n").map { "    \(printable(String($0)))" }
            }
            + paths.map { $0.line("would be deleted") } + state.map { printable("would delete \($0)") }
    }

    public var summary: String {
        let parts = [
            (units.count, "unit", "stopped"), (commands.count { !$0.hasFailed }, "command", "run"),
            (deletedCount, "path", "deleted"), (paths.count - deletedCount, "path", "not deleted"),
        ]
        .filter { $0.0 > 0 }.map { "\($0) \($1)\($0 == 1 ? "" : "s") \($2)" }
        return parts.isEmpty ? "records and cache deleted" : parts.joined(separator: ", ")
    }
}
