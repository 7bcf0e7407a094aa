/// A request with everything that the thread needs: read, checked and decided.
struct PreparedRequest: Sendable {
    var method: String
    var url: RequestURL
    var headerLines: [String]
    var body: [UInt8]?
    var credentials: Credentials
    var serverName: String?
    var proxy: String?
    var replyLimit: Int
    var connectTimeout: Duration
    var deadline: ContinuousClock.Instant
    var start = ContinuousClock.now

    /// How long the request may take in all.
    var allowance: Duration { deadline - start }

    /// How long the connection may take, as libcurl wants it; 0 would mean its own default.
    var connectTimeoutMilliseconds: Int {
        max(1, Int(min(connectTimeout, deadline - .now).milliseconds(atMost: 3_600_000)))
    }
}

/// What the thread returns: the response, and where it points if it is a redirection.
struct Answer: Sendable {
    var response: HTTPResponse
    var redirection: String?
}
