/// A probe of a server whose answer the tasks of a process share for a minute.
actor RecentProbe<Answer: Sendable> {
    private var last: (begin: ContinuousClock.Instant, answer: Task<Answer, Never>)?

    /// The time for which an answer holds.
    private static var lifetime: Duration { .seconds(60) }

    /// Returns the answer of the last minute, or asks.
    ///
    /// - Parameter ask: Asks the server; it ends by itself, because other tasks may wait for its answer as well.
    /// - Returns: The answer.
    func answer(_ ask: @escaping @Sendable () async -> Answer) async -> Answer {
        if let last, .now - last.begin < Self.lifetime { return await last.answer.value }
        let answer = Task { await ask() }
        last = (.now, answer)
        return await answer.value
    }
}
