import Base

/// A journal entry with control characters escaped, because values can come from a server or a child process.
struct JournalEntry {
    private(set) var fields: [(String, String)]

    /// Creates an entry with the fields that are common to all entries.
    init(_ kind: MessageID, _ message: String, priority: Int) {
        fields = [
            ("MESSAGE", printable(message)), ("MESSAGE_ID", kind.rawValue), ("PRIORITY", String(priority)),
            ("SYSLOG_IDENTIFIER", "nest-bootstrap"),
        ]
    }

    mutating func add(_ name: String, _ value: String?) {
        guard let value else { return }
        fields.append((name, printable(value)))
    }

    mutating func add(_ fields: [(String, String)]) {
        for (name, value) in fields { add(name, value) }
    }
}

/// The kinds of journal entries, each with an identifier that never changes.
///
/// `journalctl MESSAGE_ID=...` finds all entries of a kind. `journalctl -x` explains them with the catalog of the same
/// identifiers, `units/nest-bootstrap.catalog`. Entries about a task contain `NEST_TASK`, and entries with a subject,
/// such as a path, contain `NEST_OBJECT`.
public enum MessageID: String, Sendable, Hashable, CaseIterable {
    /// A task waits, for example for an API server; `NEST_WAIT` contains the kind of the wait.
    case waiting = "789fd4f60bb84a808841ce22072eec78"

    /// A task that runs on one node at a time holds its Lease.
    case leaseTaken = "5b0a3c0de9b64c0d8f1b7a4f2c6e91d7"

    /// A file, directory or link was created, changed or removed.
    case pathChanged = "04abe99bf03045a8969d342a4a26ad29"

    /// Something on the node other than a path was changed.
    case nodeChanged = "e14c9d8e582143f7973b5a08e7e45903"

    /// An object of the API server was changed, or there is a note about it.
    case objectApplied = "c4da1eea8c614ec98b2e166fe2c41bda"

    /// An object could not be applied or deleted, or a document could not be read.
    case objectFailed = "489e38ce683c4ddc892054848d8ed8fe"

    /// A reason why a task failed.
    case problem = "733f6b46454f48f6a3eabdae7749848f"

    /// A condition that needs attention.
    case warning = "9d2ad87be6f146f3b2f853baa37b62e6"

    /// A line that a child process printed.
    case output = "972c713d3ff74c39a63572e075d06a8f"

    /// A task succeeded, and changed something.
    case taskChanged = "699b5c84a607432391611c6f520b3409"

    /// A task succeeded without a change.
    case taskUnchanged = "50025fc647024bd9957a4b6bcfc8e335"
    case taskFailed = "118f49fc9451426c86a2e04616f00ed9"

    /// A task did not start because dependencies, named in `NEST_DEPENDENCY`, did not succeed in the same run.
    case taskSkipped = "4864d02ef7094e4fb7e498218839920b"

    /// A task was interrupted before it ended, or before it started.
    case taskInterrupted = "437e91afabea48ddb957a200dd54d68c"

    /// A task did not start because a dependency, named in `NEST_DEPENDENCY`, has not succeeded yet.
    case dependencyMissing = "5d307c2cffed456c8071e64593790483"

    /// A run of several tasks, or of none, has ended.
    case runFinished = "cb982c59c61f4bb4a8f38ccc018d0b7c"

    /// An error in the task file, or in something that the task file refers to.
    case taskFileWrong = "dac022759bc4403b9791cc761fcd81fe"

    /// An error outside the tasks, such as wrong arguments or a failed reset.
    case programFailed = "8f7e0e6722a34b4d9aeae8ab4ceb4074"
}
