public import Base

/// A place in the source code, for finding what reported an event.
public struct CodeLocation: Sendable, Hashable {
    /// The module and the file: `Actions/ApplyAction.swift`.
    public var file: String
    /// The line, from 1.
    public var line: Int
    /// The function: `run()`.
    public var function: String

    public init(file: String, line: Int, function: String) {
        self.file = file
        self.line = line
        self.function = function
    }
}

/// Something that happened in a run; the only output of the libraries.
public struct Event: Sendable {
    /// The task it happened in, or `nil` for the run as a whole.
    public var task: String?

    /// The kind of event, with its details.
    public var kind: Kind

    /// The place in the code that reported it.
    public var code: CodeLocation

    public init(
        task: String? = nil,
        _ kind: Kind,
        file: String = #fileID,
        line: Int = #line,
        function: String = #function,
    ) {
        self.init(task: task, kind, from: CodeLocation(file: file, line: line, function: function))
    }

    /// Creates an event attributed to another source location.
    public init(task: String?, _ kind: Kind, from code: CodeLocation) {
        self.task = task
        self.kind = kind
        self.code = code
    }

    /// A task of a run, with those that it runs after.
    public struct RunTask: Sendable, Hashable {
        /// The task's name.
        public var name: String
        /// The positions in the run of the tasks that must have succeeded.
        public var dependencies: [Int]

        public init(_ name: String, after dependencies: [Int] = []) {
            (self.name, self.dependencies) = (name, dependencies)
        }
    }

    /// The kinds of events.
    public enum Kind: Sendable {
        /// The run begins, with its tasks in the order of the plan.
        case runStarted([RunTask])
        /// A task begins, with its verb.
        case taskStarted(verb: String)
        /// A task waits; reported again only when what is said about it changes.
        case waiting(Wait)
        /// The holder of the Lease of a task that runs on one node at a time; reported again when it changes.
        case lease(LeaseHolder)
        /// The number of objects that a task is about to check or change.
        case objectCount(Int)
        /// An effect that a task would have, for a dry run.
        case planned(String)
        /// A file, directory or link was checked or changed.
        case path(String, PathResult)
        /// An object of the API server was checked or changed.
        case object(String, ObjectResult)
        /// An object could not be applied, or a document could not be read; the task fails in the end.
        case objectFailed(String, any Error)
        /// Something that needs attention, with its subject.
        case warning(subject: String, String)
        /// A line that a child process printed.
        case output(String)
        /// A task ended, after a time.
        case taskFinished(Outcome, after: Duration)
        /// The run ended.
        case runFinished(Report)
    }

    /// The result for a path.
    public struct PathResult: Sendable, Hashable {
        /// A change that was made, or in a dry run would be.
        public enum Change: String, Sendable, Hashable {
            case created, changed, removed, unchanged
        }
        /// The change.
        public var change: Change
        /// How the path would change, with a dry run: lines of a unified diff, and others such as `mode 0644 -> 0600`.
        public var diff: [String]

        public init(_ change: Change, diff: [String] = []) {
            self.change = change
            self.diff = diff
        }

        /// The path did not exist.
        public static let created = Self(.created)
        /// The path was not as described.
        public static let changed = Self(.changed)
        public static let removed = Self(.removed)
        /// The path was as described.
        public static let unchanged = Self(.unchanged)
    }
}
