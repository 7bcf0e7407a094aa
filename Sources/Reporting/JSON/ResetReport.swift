public import Base
import State
import YAML

/// The result of a `reset`, or of its dry run.
public struct ResetReport: Sendable {
    /// A path that a task created.
    public struct Path: Sendable {
        public var task: String
        /// The path on the node.
        public var path: String
        /// The reason why the path is not deleted, as a predicate; `nil` if it is deleted.
        public var reason: String?

        public init(task: String, path: String, reason: String?) {
            (self.task, self.path, self.reason) = (task, path, reason)
        }
    }

    /// The reset commands of a task.
    public struct Commands: Sendable {
        public var task: String
        public var text: String
        /// Whether the commands have failed.
        public var hasFailed: Bool
        /// Whether the commands restore a former state, such as that of a unit.
        public var isRestoration: Bool

        public init(task: String, text: String, hasFailed: Bool = false, isRestoration: Bool = false) {
            (self.task, self.text, self.hasFailed) = (task, text, hasFailed)
            self.isRestoration = isRestoration
        }
    }

    /// Whether nothing is changed.
    public var isDryRun: Bool
    /// The units that are stopped.
    public var units: [String] = []
    /// The commands that are run, in order.
    public var commands: [Commands] = []
    /// The paths, in the order in which they are deleted.
    public var paths: [Path] = []
    /// The files and links that match the description of a task, but are not listed as created by the task.
    public var unlisted: [Path] = []
    /// The paths created by programs of tasks, which are kept and do not count as failures.
    public private(set) var leftovers: [Path] = []
    /// The records, the cache and the metrics that are deleted.
    public var state: [String] = []
    /// Whether tasks have applied objects, which are kept.
    public var hasObjects = false
    /// The failures.
    public var problems: [Problem] = []

    /// The directory that is prefixed to all paths in suggested commands.
    private let root: String

    /// Creates an empty report.
    ///
    /// - Parameters:
    ///   - isDryRun: Whether nothing is changed.
    ///   - root: The root directory of the node, empty if this machine is the node.
    public init(isDryRun: Bool, root: String = "") {
        (self.isDryRun, self.root) = (isDryRun, root)
    }

    /// Adds paths that programs of tasks have created, unless a reported path already covers them.
    ///
    /// A directory that is reported as not empty does not cover its content.
    public mutating func addLeftovers(_ new: [Path]) {
        let whole = (leftovers + paths).filter { $0.reason != nil && $0.reason != ProductRemover.notEmpty }
        let known = Set(whole.map(\.path))
        let all = Set((leftovers + paths.filter { $0.reason != nil }).map(\.path))
        leftovers += new.filter { new in
            guard !all.contains(new.path) else { return false }
            var path = new.path[...]
            while !path.isEmpty {
                if known.contains(String(path)) { return false }
                path = path[..<(path.lastSlash ?? path.startIndex)]
            }
            return true
        }
    }

    /// The number of paths that are deleted.
    public var deletedCount: Int { paths.count { $0.reason == nil } }

    /// The number of paths that are not deleted.
    public var keptCount: Int { paths.count - deletedCount }

    /// Whether there is nothing to do.
    public var isEmpty: Bool { paths.isEmpty && units.isEmpty && commands.isEmpty && state.isEmpty }

    /// Whether everything on the list is undone, apart from paths created by programs of tasks.
    public var isUndone: Bool { keptCount == 0 && problems.isEmpty && !commands.contains(where: \.hasFailed) }

    /// Whether everything that the tasks themselves created is undone; paths created by programs may remain.
    public var isComplete: Bool { isUndone && unlisted.isEmpty }

    /// The report as one JSON object, without a line ending.
    public var json: String {
        let commands = commands.map { commands in
            Node.mapping([
                ("task", .string(commands.task)), ("text", .string(commands.text)),
                ("failed", .boolean(commands.hasFailed)),
            ])
        }
        let paths = paths.map { path in
            let fields: [(String, Node)] = [
                ("task", .string(path.task)), ("path", .string(path.path)),
                ("result", .string(path.reason == nil ? "deleted" : "kept")),
            ]
            return Node.mapping(fields + (path.reason.map { [("reason", .string($0))] } ?? []))
        }
        let leftovers = leftovers.map { leftover in
            Node.mapping([
                ("task", .string(leftover.task)), ("path", .string(leftover.path)),
                ("reason", .string(leftover.reason ?? "")),
            ])
        }
        let unlisted = unlisted.map { Node.mapping([("task", .string($0.task)), ("path", .string($0.path))]) }
        let summary: [(String, Node)] = [
            ("deleted", .number(deletedCount)), ("kept", .number(keptCount)), ("commands", .number(commands.count)),
            ("units", .number(units.count)), ("problems", .number(problems.count)),
        ]
        let object = Node.mapping([
            Node.outputVersion, ("dryRun", .boolean(isDryRun)), ("units", .sequence(units.map { .string($0) })),
            ("commands", .sequence(commands)), ("paths", .sequence(paths)), ("unlisted", .sequence(unlisted)),
            ("leftovers", .sequence(leftovers)), ("state", .sequence(state.map { .string($0) })),
            ("problems", .sequence(problems.map { .mapping($0.fields) })), ("summary", .mapping(summary)),
        ])
        return String(decoding: object.json(), as: UTF8.self)
    }

    /// The planned operations, one line per item.
    public var plannedLines: [String] {
        (units.isEmpty ? [] : ["would stop \(shortList(units))"])
            + commands.flatMap { commands in
                ["\(commands.task): would run the reset commands:"]
                    + commands.text.split(separator: "\n").map { "    \(printable(String($0)))" }
            }
            + paths.map { line($0, "would be deleted") } + notes
            + state.map { printable("would delete \($0)") }
    }

    /// The paths that may remain: unlisted files that match their description, and paths created by programs.
    public var notes: [String] {
        unlisted.map { unlisted in
            printable(
                "\(unlisted.task): \(unlisted.path) not deleted: it is not listed as made by the task; run "
                    + "\(command(["rm"], unlisted)) if nothing else needs it"
            )
        }
            + leftovers.map { leftover in
                // Files in the directory may belong to another process, so the advice is to list them first.
                let advice =
                    leftover.reason == ProductRemover.notEmpty
                    ? "run \(command(["ls", "-A"], leftover)) to see what is in it"
                    : "run \(command(["rm", "-r"], leftover)) if nothing else needs it"
                return "\(line(leftover)); " + printable("\(advice), or give the task a key 'reset'")
            }
    }

    /// Returns a shell command for a path; the command contains the location of the path on this machine.
    private func command(_ words: [String], _ path: Path) -> String { quotedShellLine(words + [root + path.path]) }

    /// Returns a line with the outcome for a path.
    public func line(_ path: Path, _ deleted: String = "deleted") -> String {
        printable("\(path.task): \(path.path) " + (path.reason.map { "not deleted: it \($0)" } ?? deleted))
    }

    /// The numbers of completed operations, in one line.
    public var summary: String {
        let counts = parts(units: "stopped", commands: "ran", restorations: "restored", paths: "deleted")
        let kept = keptCount == 0 ? "" : "; \(count(keptCount, "path")) not deleted"
        let nothing = state.isEmpty ? "deleted nothing" : "deleted records and cache"
        return (counts.isEmpty ? nothing : counts.joined(separator: ", ")) + kept
    }

    /// The numbers of planned operations, as a question.
    public var question: String {
        var text = parts(units: "stop", commands: "run", restorations: "restore", paths: "delete").joined(
            separator: ", "
        )
        if text.isEmpty { text = "delete records and cache" }
        return "\(text.prefix(1).uppercased())\(text.dropFirst())? [y/N] "
    }

    private func parts(units: String, commands: String, restorations: String, paths: String) -> [String] {
        let tasks = Set(self.commands.filter { !$0.isRestoration }.map(\.task)).count
        let restored = self.commands.count(where: \.isRestoration)
        return [
            self.units.isEmpty ? nil : "\(units) \(count(self.units.count, "unit"))",
            tasks == 0 ? nil : "\(commands) the reset commands of \(count(tasks, "task"))",
            restored == 0 ? nil : "\(restorations) \(count(restored, "former state"))",
            deletedCount == 0 ? nil : "\(paths) \(count(deletedCount, "path"))",
        ]
        .compactMap(\.self)
    }

    private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
