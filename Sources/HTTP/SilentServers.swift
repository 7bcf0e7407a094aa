import Base

/// Servers that sent nothing while a request waited for its response.
///
/// Connections to these servers may be dead although neither side has closed them. Later requests use new connections.
struct SilentServers {
    /// The time of the last response, by address.
    private var lastReplies: [String: ContinuousClock.Instant] = [:]
    /// The time at which silence was noticed, by address.
    private var noticed: [String: ContinuousClock.Instant] = [:]

    /// The duration of silence after which other requests on the connection are ended too.
    static let limit = Duration.seconds(10)

    /// Records a complete response.
    mutating func recordReply(from request: PreparedRequest) {
        lastReplies[request.url.address] = .now
    }

    /// Records that a request got no response, and returns whether its server was silent the whole time.
    mutating func recordSilence(during request: PreparedRequest) -> Bool {
        let address = request.url.address
        if let last = lastReplies[address], last > request.start { return false }
        noticed[address] = .now
        return true
    }

    /// Returns the maximum age, in seconds, of a connection that a request may reuse; `nil` for any age.
    ///
    /// Connections opened before the silence was noticed are too old; connections opened later are not.
    func maximumConnectionAge(for request: PreparedRequest) -> Int? {
        noticed[request.url.address].map { max(1, Int($0.duration(to: .now).components.seconds)) }
    }
}
