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

/// Makes attempts until one has the expected result, each with four times as much time as the one before.
///
/// For operations that use up their time limit, and need a longer one on a busy machine.
///
/// * `first`: The time of the first attempt. The last of three has 16 times as much.
/// * `attempt`: An attempt, which gets the time that it may take.
public func retrying<Value>(
    from first: Duration,
    until isExpected: (Value) -> Bool,
    _ attempt: (Duration) async throws -> Value,
) async throws -> Value {
    var time = first
    var result = try await attempt(time)
    for _ in 1..<3 where !isExpected(result) {
        time *= 4
        result = try await attempt(time)
    }
    return result
}
