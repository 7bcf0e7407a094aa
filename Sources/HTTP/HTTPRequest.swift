/// An HTTP request.
public struct HTTPRequest: Sendable, Hashable {
    /// The method, such as `GET` or `PATCH`.
    public var method: String

    /// The URL, `http` or `https`.
    public var url: String

    /// The headers, in addition to those of every request.
    public var headers: [HTTPHeader]

    /// The body, if any.
    public var body: [UInt8]?

    /// Whether redirections of `GET` and `HEAD` are followed, except from `https` to `http`.
    public var followsRedirects: Bool

    /// The maximum number of bytes in a reply, by default the client's setting.
    public var replyLimit: Int?

    /// Whether the response ends with the first line of its body, as for a stream of events that has no end.
    public var endsWithFirstLine: Bool

    /// Whether the server may work on it for long, so that its silence does not mean that the connection is dead.
    public var mayTakeLong: Bool

    public init(
        method: String = "GET",
        url: String,
        headers: [HTTPHeader] = [],
        body: [UInt8]? = nil,
        followsRedirects: Bool = false,
        replyLimit: Int? = nil,
        endsWithFirstLine: Bool = false,
        mayTakeLong: Bool = false,
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.followsRedirects = followsRedirects
        self.replyLimit = replyLimit
        self.endsWithFirstLine = endsWithFirstLine
        self.mayTakeLong = mayTakeLong
    }
}

/// One header of a request or a response.
public struct HTTPHeader: Sendable, Hashable {
    /// The name, which is case-insensitive.
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Returns whether the header has a name, ignoring case.
    func isNamed(_ other: String) -> Bool {
        name.lowercased() == other.lowercased()
    }
}
