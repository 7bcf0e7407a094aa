/// Waits until a condition holds.
///
/// - Parameters:
///   - limit: How long to wait.
///   - condition: The condition, which is checked again 20 ms later.
/// - Returns: Whether the condition holds.
/// - Throws: The condition's error.
public func becomes(within limit: Duration = .seconds(60), _ condition: () async throws -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { return false }
        try await ContinuousClock().sleep(for: .milliseconds(20))
    }
    return true
}
