import Glibc
import Planning
import Reporting

/// The exit codes of the program; 64, 65, 75 and 78 are from sysexits.h.
enum ExitCode: Int32, Sendable, Hashable, CaseIterable {
    /// The command has succeeded.
    case success = 0
    /// The command has failed, or has found a failure, a fault or a difference.
    case failure = 1
    /// `diff` could not compare everything, or a process of a run failed in its sandbox.
    case trouble = 2
    /// `status` found no permanent failure, but tasks or a target that have not succeeded.
    case incomplete = 3
    /// The arguments are wrong.
    case usage = 64
    /// The task file is valid, but something that it names is wrong, such as a path, or a task lacks a dependency.
    case data = 65
    /// A dependency of a named task, or a task that `up` has started, has not succeeded yet.
    case notYet = 75
    /// The task file, an imported inventory or, for `up`, something that the task file names is wrong.
    case configuration = 78
    /// `SIGINT` has ended the program.
    case interrupted = 130
    /// Another caught signal has ended the program.
    case terminated = 143

    /// Chooses the exit code for the results of a run or a comparison.
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

    /// Chooses the exit code of `status` for the states of tasks and repetitions.
    init(_ states: [TaskState]) {
        if states.contains(.ended(.failed)) {
            self = .failure
        } else {
            self = states.allSatisfy(\.isSuccess) ? .success : .incomplete
        }
    }
}
