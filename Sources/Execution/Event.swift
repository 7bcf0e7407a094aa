/// A place in the sources, for those who look for what said something.
public struct CodePlace: Sendable, Hashable {
    /// The module and the file: `Actions/ApplyAction.swift`.
    public var file: String
    /// The line, from 1.
    public var line: Int
    /// The function: `run()`.
    public var function: String

    /// Creates a place.
    public init(file: String, line: Int, function: String) {
        self.file = file
        self.line = line
        self.function = function
    }
}

/// Something that happened in a run, the only thing that the libraries say.
public struct Event: Sendable {
    /// The task it happened in, or `nil` for the run as a whole.
    public var task: String?

    /// What happened.
    public var kind: Kind

    /// What in the sources says so.
    public var code: CodePlace

    /// Creates an event.
    public init(
        task: String? = nil,
        _ kind: Kind,
        file: String = #fileID,
        line: Int = #line,
        function: String = #function,
    ) {
        self.init(task: task, kind, from: CodePlace(file: file, line: line, function: function))
    }

    /// Creates an event that something else than the caller tells.
    public init(task: String?, _ kind: Kind, from code: CodePlace) {
        self.task = task
        self.kind = kind
        self.code = code
    }

    /// What can happen.
    public enum Kind: Sendable {
        /// The run begins with so many tasks.
        case runStarted(taskCount: Int)
        /// A task begins, with its verb.
        case taskStarted(verb: String)
        /// A task waits, with the reason in words; said again only when the words change.
        case waiting(String)
        /// A path of the node came to something.
        case path(String, PathResult)
        /// An object of the API server came to something.
        case object(String, ObjectResult)
        /// An object could not be applied, or a document could not be read; the task fails in the end.
        case objectFailed(String, any Error)
        /// Something that somebody should look at, with its subject.
        case warning(subject: String, String)
        /// A line that a child process printed.
        case output(String)
        /// A task ended, after so long.
        case taskFinished(Outcome, after: Duration)
        /// The run ended.
        case runFinished(Report)
    }

    /// What became of a path.
    public enum PathResult: String, Sendable, Hashable {
        case created, changed, unchanged
    }

    /// What became of an object.
    public struct ObjectResult: Sendable, Hashable {
        /// What was, or with a dry run would be, done.
        public enum Change: String, Sendable, Hashable {
            case created, configured, unchanged
        }
        /// What was done.
        public var change: Change
        /// The paths of the first fields that changed; with a dry run all of them, each as `path: old -> new`.
        public var fields: [String]

        /// Creates a result.
        public init(_ change: Change, fields: [String] = []) {
            self.change = change
            self.fields = fields
        }
    }
}
