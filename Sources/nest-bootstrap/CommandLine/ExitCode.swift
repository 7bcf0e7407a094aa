import Glibc
import Planning
import Reporting

/// The exit codes of the program.
enum ExitCode: Int32, Sendable, Hashable, CaseIterable {
    /// Everything is as the task file describes.
    case success = 0
    /// A task failed, or `diff` found a difference.
    case failure = 1
    /// `diff` could not compare something.
    case trouble = 2
    /// `status` found tasks that have not succeeded yet.
    case incomplete = 3
    /// The arguments are wrong.
    case usage = 64
    /// A manifest, path or certificate that the task file names is wrong.
    case data = 65
    /// A dependency has not succeeded yet; retry later.
    case notYet = 75
    /// The task file is wrong.
    case configuration = 78
    /// Interrupted from the keyboard.
    case interrupted = 130
    case terminated = 143

    /// Chooses the exit code of a run.
    init(_ report: Report, signal: Int32? = nil) {
        let outcomes = report.entries.map(\.outcome)
        if signal != nil, outcomes.contains(where: { $0.kind == .interrupted }) {
            // Control-C sends SIGINT; other signals come from an administrator or systemd.
            self = signal == SIGINT ? .interrupted : .terminated
        } else if outcomes.allSatisfy(\.isSuccess) {
            self = .success
        } else {
            self = .failure
        }
    }

    /// Whether a signal has ended the program.
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
