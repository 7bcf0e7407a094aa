/// How long a Lease is valid, and when it is renewed.
///
/// A holder that cannot renew the Lease stops at ``renewDeadline``. Before the Lease expires, its program then has the time
/// to end after `SIGTERM` and `SIGKILL`, and there is a margin for clocks that run at different speeds.
struct LeaseTiming: Sendable {
    /// How long others wait after the last change that they have observed.
    var duration = Duration.seconds(60)

    /// The time between the beginnings of two renewals.
    var renewInterval = Duration.seconds(10)

    /// How long after the beginning of the last successful renewal the holder stops.
    var renewDeadline = Duration.seconds(30)

    /// The pause after a renewal that failed.
    var retryPause = Duration.seconds(1)

    /// How long one request may take.
    var requestLimit = Duration.seconds(5)
}
