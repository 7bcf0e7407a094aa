import Base

/// A request with everything that the transfer thread needs.
struct PreparedRequest: Sendable {
    var method: String
    var url: RequestURL
    var headerLines: [String] = []
    var body: [UInt8]?
    var pem: LoadedPEM
    var serverName: String?
    var proxy: String?
    var hasProxyOfEnvironment = true
    var replyLimit: Int
    var endsWithFirstLine = false
    var mayTakeLong = false
    var connectTimeout: Duration
    var deadline: ContinuousClock.Instant
    var start = ContinuousClock.now

    /// Whether the transfer ends as soon as the TCP connection is established, and closes it.
    var isConnectionCheck = false

    /// The time between start and deadline.
    var allowance: Duration { deadline - start }

    /// The time to connect for libcurl, where 0 would be its own default.
    var connectTimeoutMilliseconds: Int {
        max(1, Int(min(connectTimeout, deadline - .now).milliseconds(atMost: 3_600_000)))
    }
}

/// The result of a transfer: the response, and its target if it is a redirection.
struct Answer: Sendable {
    var response: HTTPResponse
    var redirection: String?
}
