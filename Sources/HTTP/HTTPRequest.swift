/// A request as the caller describes it.
public struct HTTPRequest: Sendable, Hashable {
    /// The method, such as `GET` or `PATCH`.
    public var method: String

    /// The URL, of the scheme `http` or `https`.
    public var url: String

    /// The headers, besides those that every request has.
    public var headers: [HTTPHeader]

    /// The bytes that are sent, if any.
    public var body: [UInt8]?

    /// Whether a redirection is followed, never from `https` to `http`; only for `GET` and `HEAD`.
    public var followsRedirects: Bool

    /// How many bytes a reply may have, where that differs from the client's setting.
    public var replyLimit: Int?

    /// Creates a request.
    public init(
        method: String = "GET",
        url: String,
        headers: [HTTPHeader] = [],
        body: [UInt8]? = nil,
        followsRedirects: Bool = false,
        replyLimit: Int? = nil,
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.followsRedirects = followsRedirects
        self.replyLimit = replyLimit
    }
}

/// One header of a request or a response.
public struct HTTPHeader: Sendable, Hashable {
    /// The name, whose case does not matter.
    public var name: String

    /// The value.
    public var value: String

    /// Creates a header.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Tells whether the header has a name, whatever the case of its letters.
    func isNamed(_ other: String) -> Bool {
        name.lowercased() == other.lowercased()
    }
}
