public import Base

/// How long attempts are repeated, and where the reason for waiting is reported.
public struct RetryPolicy: Sendable {
    /// The instant after which nothing is attempted any more.
    public var deadline: ContinuousClock.Instant

    /// How long to retry refusals that are expected right after boot or after a CRD or role was created.
    ///
    /// With several API servers a CRD is served up to 5 s after it was established, and a PATCH is refused until then.
    public var gracePeriod: Duration

    /// Receives what is waited for, each time that the reason may have changed.
    public var report: @Sendable (Wait) -> Void

    public init(
        deadline: ContinuousClock.Instant,
        gracePeriod: Duration = .seconds(10),
        report: @escaping @Sendable (Wait) -> Void = { _ in },
    ) {
        self.deadline = deadline
        self.gracePeriod = gracePeriod
        self.report = report
    }

    /// When the last attempt begins before time is up.
    private static let reserve = Duration.milliseconds(100)

    /// The instant at which the last attempt begins.
    var lastAttempt: ContinuousClock.Instant { deadline - Self.reserve }

    /// Repeats an attempt until it succeeds, its error is permanent, or time is up.
    ///
    /// - Parameters:
    ///   - subject: What is attempted, for the reports.
    ///   - attempt: One attempt.
    /// - Returns: What the first successful attempt returned.
    /// - Throws: The last attempt's error, also when the surrounding task was cancelled. An attempt that the deadline
    ///   cut short says nothing about its subject, so then it is the error before.
    public func retry<Value, Failure: Retriable>(
        _ subject: Wait.Subject,
        _ attempt: () async throws(Failure) -> Value,
    ) async throws(Failure) -> Value {
        try await retry(subject, Backoff(), pausing: { await sleep($0) }, attempt)
    }

    /// Repeats an attempt as ``retry(_:_:)`` does.
    ///
    /// - Parameters:
    ///   - subject: What is attempted, for the reports.
    ///   - backoff: The pauses between attempts.
    ///   - pause: Waits for a time, or for a change that makes another attempt worthwhile; returns `false` if it was
    ///     cancelled.
    ///   - attempt: One attempt.
    /// - Returns: What the first successful attempt returned.
    /// - Throws: What ``retry(_:_:)`` throws.
    func retry<Value, Failure: Retriable>(
        _ subject: Wait.Subject,
        _ backoff: Backoff,
        pausing pause: (Duration) async -> Bool,
        _ attempt: () async throws(Failure) -> Value,
    ) async throws(Failure) -> Value {
        var backoff = backoff
        var gracePeriod: (end: ContinuousClock.Instant, time: String)?
        let start = ContinuousClock.now
        // Once: the clock is read in whole seconds, and a line with another time would be reported again.
        let timeOfDeadline = timeOfDay(of: deadline)
        var last: Failure?
        var lastReport = LastReport()
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
            // After an outage whatever was missing before gets its whole time again.
            case .retry: gracePeriod = nil
            case .transient:
                let end = min(now + self.gracePeriod, deadline)
                gracePeriod = gracePeriod ?? (end, timeOfDay(of: end))
            }
            let end = gracePeriod?.end ?? deadline
            if let asked = error.retryAfter, now + asked >= end {
                throw error.noting(pauseAskedFor: asked, timeLeft: max(.zero, end - now))
            }
            // The last pause is as short as it must be for one more attempt.
            let delay = min(backoff.next(atLeast: error.retryAfter), end - now - Self.reserve)
            guard delay > .zero else { throw error }
            if start + Wait.quietPeriod <= now + delay, lastReport.isDue(error, at: now) {
                report(Wait(subject, reason: error.words, givesUpAt: gracePeriod?.time ?? timeOfDeadline))
            }
            guard await pause(delay) else { throw error }
        }
    }
}

/// The last report about one wait.
private struct LastReport {
    private var last: (words: String, topic: String?, time: ContinuousClock.Instant)?

    /// How long other words about the same topic are not reported.
    private static let interval = Duration.seconds(5)

    /// Returns whether an error is worth a report, and notes it if it is.
    mutating func isDue(_ error: some Retriable, at now: ContinuousClock.Instant) -> Bool {
        if let last {
            // The receiver drops repetitions.
            if error.words == last.words { return true }
            if let topic = error.topic, topic == last.topic, now < last.time + Self.interval { return false }
        }
        last = (error.words, error.topic, now)
        return true
    }
}

/// The time of day of an instant to come such as `12:10:00Z`, with the date unless that is today's.
///
/// - Parameters:
///   - instant: The instant.
///   - now: The machine's clock.
/// - Returns: The time in UTC.
public func timeOfDay(of instant: ContinuousClock.Instant, now: Timestamp = .now()) -> String {
    let remaining = max(.zero, ContinuousClock.now.duration(to: instant))
    let time = Timestamp(seconds: now.seconds + remaining.components.seconds).description
    guard let end = time.firstIndex(of: "T"), now.description.hasPrefix(time[...end]) else { return time }
    return String(time[time.index(after: end)...])
}

/// The pauses between attempts: each some times the one before up to a limit, and spread.
struct Backoff {
    private var pause: Duration
    private let limit: Duration
    private let growth: Double
    private let spread: ClosedRange<Double>
    private let cap: @Sendable () -> Duration?

    /// Creates pauses that begin with a length.
    ///
    /// - Parameters:
    ///   - first: The first pause.
    ///   - limit: The length up to which they grow.
    ///   - growth: How many times longer each is than the one before.
    ///   - spread: By which part each may be longer, so that not all clients of a server ask it at once; `nil` for a tenth
    ///     more or less.
    ///   - cap: How long the next one is at most, for what is known only later; `nil` for no other limit.
    init(
        first: Duration = .milliseconds(100),
        limit: Duration = .seconds(1),
        growth: Double = 1.6,
        spread: Double? = nil,
        cap: @escaping @Sendable () -> Duration? = { nil },
    ) {
        (pause, self.limit, self.growth, self.cap) = (first, limit, growth, cap)
        self.spread = spread.map { 1...1 + $0 } ?? 0.9...1.1
    }

    /// Returns the next pause, longer where a server asked for that.
    mutating func next(atLeast asked: Duration? = nil) -> Duration {
        let factor = Double.random(in: spread)
        defer { pause = max(pause, min(pause * growth, limit)) }
        return max(min(pause, cap() ?? pause) * factor, asked ?? .zero)
    }
}

/// Sleeps, and returns `false` if the sleep was cancelled.
func sleep(_ duration: Duration) async -> Bool {
    do {
        try await ContinuousClock().sleep(for: duration)
        return true
    } catch {
        return false
    }
}
