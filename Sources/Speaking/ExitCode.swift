public import Execution
import Glibc

/// What the program tells who called it, as a number.
public enum ExitCode: Int32, Sendable, Hashable, CaseIterable {
    /// Everything is as described.
    case success = 0
    /// A task failed.
    case failure = 1
    /// Some tasks have not succeeded yet; the answer of `status`.
    case incomplete = 3
    /// The arguments are wrong.
    case usage = 64
    /// What the task file names is wrong: manifests, paths, certificates.
    case data = 65
    /// A task that others run after has not succeeded yet: trying again later helps.
    case notYet = 75
    /// The task file is wrong.
    case configuration = 78
    /// Interrupted from the keyboard.
    case interrupted = 130
    /// Told to stop.
    case terminated = 143

    /// Tells what a run came to.
    ///
    /// - Parameters:
    ///   - report: What its tasks came to.
    ///   - signal: The signal that ended it early, if one did.
    public init(_ report: Report, signal: Int32? = nil) {
        let outcomes = report.entries.map(\.outcome)
        if signal != nil, outcomes.contains(where: \.isInterruption) {
            // Control-C sends SIGINT; whatever else stops the program comes from an administrator or systemd.
            self = signal == SIGINT ? .interrupted : .terminated
        } else if outcomes.allSatisfy(\.isSuccess) {
            self = .success
        } else {
            self = .failure
        }
    }
}

extension Outcome {
    /// Whether the agent was told to stop before the task ended.
    var isInterruption: Bool {
        if case .interrupted = self { true } else { false }
    }
}
