@testable import Host

/// Returns times since the boot between which the present is, however long reading two clocks one after the other has
/// taken, and 100 ms more for the difference between the clocks.
func bounds() -> (earliest: Duration, latest: Duration) {
    let start = ContinuousClock.now
    let now = BootClock.now().sinceBoot
    let error = start.duration(to: .now) + .milliseconds(100)
    return (now - error, now + error)
}
