import Base

/// The servers that were silent for as long as a request was waited for.
///
/// Their connections may be dead although nothing has closed them, so later requests take a new one.
struct SilentServers {
    /// When a response arrived last, by address.
    private var lastReplies: [String: ContinuousClock.Instant] = [:]
    /// When the silence was noticed, by address.
    private var noticed: [String: ContinuousClock.Instant] = [:]

    /// After this time requests that share the connection are ended too.
    static let limit = Duration.seconds(10)

    /// Records a complete response.
    mutating func recordReply(from request: PreparedRequest) {
        lastReplies[request.url.address] = .now
    }

    /// Records that a request got no response, and returns whether its server was silent all the while.
    mutating func recordSilence(during request: PreparedRequest) -> Bool {
        let address = request.url.address
        if let last = lastReplies[address], last > request.start { return false }
        noticed[address] = .now
        return true
    }

    /// How many seconds old a connection may be that a request takes over, `nil` for any age.
    ///
    /// Connections that were there before the silence are older than this, those made since then are not.
    func maximumConnectionAge(for request: PreparedRequest) -> Int? {
        noticed[request.url.address].map { max(1, Int($0.duration(to: .now).components.seconds)) }
    }
}
