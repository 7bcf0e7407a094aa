/// Waits until a condition holds.
///
/// * `limit`: The time after which the wait is given up. It only guards against hanging.
public func becomes(
    within limit: Duration = .seconds(600),
    every pause: Duration = .milliseconds(100),
    _ condition: () async throws -> Bool,
) async throws -> Bool {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { return false }
        try await ContinuousClock().sleep(for: pause)
    }
    return true
}
