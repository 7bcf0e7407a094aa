import Locking
import PKI

/// How long something may take, and who is told what it waits for.
public struct Patience: Sendable {
    /// The instant at which everything is given up.
    public var deadline: ContinuousClock.Instant

    /// How long a refusal is borne that a boot, a new CRD or a new role may explain.
    ///
    /// With several API servers one that was just asked to establish a CRD serves it up to 5 s later, and rejects
    /// a PATCH meanwhile.
    public var window: Duration

    /// The window of all who wait side by side, `nil` if each has one of its own.
    private var sharedWindow: SharedWindow?

    /// Hears in words what is waited for.
    public var report: @Sendable (String) -> Void

    /// Creates a patience.
    public init(
        deadline: ContinuousClock.Instant,
        window: Duration = .seconds(10),
        report: @escaping @Sendable (String) -> Void = { _ in },
    ) {
        self.deadline = deadline
        self.window = window
        self.report = report
    }

    /// The deadline as a time of day.
    var deadlineTime: Timestamp { timeOfDay(deadline) }

    /// An instant to come as a time of day.
    private func timeOfDay(_ instant: ContinuousClock.Instant) -> Timestamp {
        let remaining = max(.zero, ContinuousClock.now.duration(to: instant))
        return Timestamp(seconds: Timestamp.now().seconds + remaining.components.seconds)
    }

    /// A wait shorter than this is told to nobody.
    private static let silence = Duration.seconds(1)

    /// Gives all who wait from here on one window, which begins with the first refusal that it is for.
    mutating func shareWindow() {
        sharedWindow = SharedWindow()
    }

    /// Repeats an attempt until it succeeds, its error is permanent, or time is up.
    ///
    /// - Parameters:
    ///   - subject: What is attempted, for the words: `ClusterRole/edit`.
    ///   - attempt: One try.
    /// - Returns: What the first successful attempt returned.
    /// - Throws: The last attempt's error, also when the surrounding task was cancelled. An attempt that the deadline
    ///   cut short says nothing about its subject, so then it is the error before.
    public func persist<Value, Failure: Retriable>(
        _ subject: String,
        _ attempt: () async throws(Failure) -> Value,
    ) async throws(Failure) -> Value {
        var backoff = Backoff()
        var ownWindowEnd: ContinuousClock.Instant?
        let start = ContinuousClock.now
        let since = Timestamp.now()
        let untilDeadline = deadlineTime
        var untilWindow: Timestamp?
        var last: Failure?
        while true {
            let error: Failure
            do throws(Failure) {
                return try await attempt()
            } catch let thrown {
                error = thrown
            }
            let now = ContinuousClock.now
            if now >= deadline, error.disposition == .retry { throw last ?? error }
            last = error
            var end = deadline
            switch error.disposition {
            case .permanent: throw error
            case .retry: ownWindowEnd = nil
            case .window:
                end = min(sharedWindow?.end(now + window) ?? ownWindowEnd ?? now + window, deadline)
                ownWindowEnd = end
            }
            let delay = backoff.next(atLeast: error.retryAfter)
            guard now + delay < end else { throw error }
            if error.disposition == .window { untilWindow = untilWindow ?? timeOfDay(end) }
            let until = error.disposition == .window ? untilWindow ?? untilDeadline : untilDeadline
            if start + Self.silence <= now + delay {
                report("\(subject): \(error.words); waiting since \(since), until \(until)")
            }
            guard await sleep(delay) else { throw error }
        }
    }
}

/// The end of a window that many share.
///
/// What has been missing for as long as the window in one object's eyes is missing for the next one too.
private final class SharedWindow: Sendable {
    private let end = Locked<ContinuousClock.Instant?>(nil)

    /// Returns the end, which the first who asks decides.
    func end(_ proposed: ContinuousClock.Instant) -> ContinuousClock.Instant {
        end.withLock { end in
            end = end ?? proposed
            return end ?? proposed
        }
    }
}

/// The pauses between attempts: 100 ms, each 1.6 times the one before, at most 1 s, spread by a tenth.
struct Backoff {
    private var pause = Duration.milliseconds(100)

    /// Returns the next pause, longer where a server asked for that.
    mutating func next(atLeast asked: Duration? = nil) -> Duration {
        let spread = Double.random(in: 0.9...1.1)
        defer { pause = min(pause * 1.6, .seconds(1)) }
        return max(pause * spread, asked ?? .zero)
    }
}

/// Sleeps, and tells whether the sleep ended by itself rather than by cancellation.
func sleep(_ duration: Duration) async -> Bool {
    do {
        try await ContinuousClock().sleep(for: duration)
        return true
    } catch {
        return false
    }
}
