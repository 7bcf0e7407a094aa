/// Waits until a condition holds.
///
/// - Parameters:
///   - limit: How long to wait: a bound for what hangs, not for what is slow.
///   - pause: How long after it did not hold the condition is checked again.
///   - condition: The condition.
/// - Returns: Whether the condition holds.
/// - Throws: The condition's error.
public func becomes(
    within limit: Duration = .seconds(600),
    every pause: Duration = .milliseconds(20),
    _ condition: () async throws -> Bool,
) async throws -> Bool {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { return false }
        try await ContinuousClock().sleep(for: pause)
    }
    return true
}
