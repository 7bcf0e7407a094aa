import Glibc
import Planning
import Reporting

/// The exit codes of the program; 64, 65, 75 and 78 are from sysexits.h.
enum ExitCode: Int32, Sendable, Hashable, CaseIterable {
    /// The command has succeeded.
    case success = 0
    /// The command has failed, or `diff` found a difference.
    case failure = 1
    /// `diff` could not compare something, or a task failed in its sandbox.
    case trouble = 2
    /// `status` found tasks that have not succeeded yet.
    case incomplete = 3
    /// The arguments are wrong.
    case usage = 64
    /// A manifest, path, certificate or key that the task file names is wrong.
    case data = 65
    /// A dependency has not succeeded yet, or a failed task is retried.
    case notYet = 75
    /// The task file or an imported inventory is wrong.
    case configuration = 78
    /// `SIGINT` has ended the program.
    case interrupted = 130
    /// Another signal has ended the program.
    case terminated = 143

    /// Chooses the exit code of a run.
    init(_ report: Report, signal: Int32? = nil) {
        let outcomes = report.entries.map(\.outcome)
        if signal != nil, outcomes.contains(where: { $0.kind == .interrupted }) {
            self = signal == SIGINT ? .interrupted : .terminated
        } else if outcomes.allSatisfy(\.isSuccess) {
            self = .success
        } else {
            self = .failure
        }
    }

    var isStopped: Bool { self == .interrupted || self == .terminated }

    /// Chooses the exit code of `status`.
    init(_ states: [TaskState]) {
        if states.contains(.ended(.failed)) {
            self = .failure
        } else {
            self = states.allSatisfy(\.isSuccess) ? .success : .incomplete
        }
    }
}
