public import Base

/// The time limits of repeated attempts, and the receiver of reports about the wait.
public struct RetryPolicy: Sendable {
    /// The instant after which no further attempt begins.
    var deadline: ContinuousClock.Instant

    /// The retry period for errors that are expected right after a boot, or after a CRD or role was created.
    ///
    /// If a cluster has several API servers, some may serve a new kind only 5 s after its CRD was established.
    var gracePeriod: Duration

    /// Receives the current reason for the wait after failed attempts; the same reason may be received repeatedly.
    var report: @Sendable (Wait) -> Void

    public init(
        deadline: ContinuousClock.Instant,
        gracePeriod: Duration = .seconds(10),
        report: @escaping @Sendable (Wait) -> Void = { _ in },
    ) {
        self.deadline = deadline
        self.gracePeriod = gracePeriod
        self.report = report
    }

    /// The time before the deadline, or before the end of the grace period, at which the last attempt begins.
    private static let reserve = Duration.milliseconds(100)

    /// Repeats an attempt until it succeeds, its error is permanent, or time is up.
    ///
    /// - Throws: The error of the last attempt, even if the surrounding Swift task was cancelled. If the deadline cut
    ///   that attempt short, the error of the previous attempt, if any, is thrown: it says more about the subject.
    public func retry<Value, Failure: Retriable>(
        _ subject: Wait.Subject,
        backoff: Backoff = Backoff(),
        _ attempt: () async throws(Failure) -> Value,
    ) async throws(Failure) -> Value {
        var backoff = backoff
        var gracePeriod: (end: ContinuousClock.Instant, time: String)?
        let start = ContinuousClock.now
        // The text is computed once, because a later text could differ by a second and cause another report.
        lazy var timeOfDeadline = timeOfDay(of: deadline)
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
            switch error.disposition {
            case .permanent: throw error
            // The next transient error after an outage begins a new grace period.
            case .retry: gracePeriod = nil
            case .transient:
                let end = min(now + self.gracePeriod, deadline)
                gracePeriod = gracePeriod ?? (end, timeOfDay(of: end))
            }
            let end = gracePeriod?.end ?? deadline
            if let asked = error.retryAfter, now + asked >= end { throw error }
            // The last pause is shortened, so that there is time for one more attempt.
            let delay = min(backoff.next(atLeast: error.retryAfter), end - now - Self.reserve)
            guard delay > .zero else { throw error }
            if start + Wait.quietPeriod <= now + delay {
                let time = gracePeriod?.time ?? timeOfDeadline
                report(Wait(subject, reason: error.words, publicReason: error.publicWords, givesUpAt: time))
            }
            guard await sleep(delay) else { throw error }
        }
    }
}

/// Returns the UTC time of a future instant, such as `12:10:00Z`, with the date unless it is today.
public func timeOfDay(of instant: ContinuousClock.Instant, now: Timestamp = .now()) -> String {
    let remaining = max(.zero, ContinuousClock.now.duration(to: instant))
    let time = Timestamp(seconds: now.seconds + remaining.components.seconds).description
    guard let end = time.firstIndex(of: "T"), now.description.hasPrefix(time[...end]) else { return time }
    return String(time[time.index(after: end)...])
}

/// The pauses between attempts, which grow up to a limit and vary at random by up to a tenth.
public struct Backoff {
    private var pause: Duration
    private let limit: Duration

    public init(first: Duration = .milliseconds(100), limit: Duration = .seconds(1)) {
        (pause, self.limit) = (first, limit)
    }

    /// Returns the next pause, which is not shorter than the server asks for.
    mutating func next(atLeast asked: Duration? = nil) -> Duration {
        defer { pause = max(pause, min(pause * 1.6, limit)) }
        return max(pause * Double.random(in: 0.9...1.1), asked ?? .zero)
    }
}

/// Sleeps; returns `false` if the surrounding Swift task is cancelled.
func sleep(_ duration: Duration) async -> Bool {
    do {
        try await ContinuousClock().sleep(for: duration)
        return true
    } catch {
        return false
    }
}
