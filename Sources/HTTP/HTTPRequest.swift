public import Base

/// An HTTP request.
public struct HTTPRequest: Sendable, Hashable {
    /// The method, such as `GET` or `PATCH`.
    public var method: String

    /// The URL, `http` or `https`.
    public var url: String

    /// The headers, in addition to the headers that the client sends with every request.
    public var headers: [HTTPHeader]

    /// The body, if any.
    public var body: [UInt8]?

    /// Whether redirections of `GET` and `HEAD` are followed, except from `https` to `http`.
    public var followsRedirects: Bool

    /// The maximum number of bytes in a reply, by default the client's setting.
    public var replyLimit: Int?

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

/// A function that receives a body in parts, which is called on the thread of the client.
///
/// It receives the response without its body, and the next bytes. While it runs, no other request makes progress. An error
/// that it throws ends the request.
public typealias BodyReceiver = @Sendable (_ response: HTTPResponse, _ bytes: [UInt8]) throws(SystemError) -> Void

/// One header of a request or a response.
public struct HTTPHeader: Sendable, Hashable {
    /// The name, which is case-insensitive.
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Returns whether the header has the given name, ignoring case.
    func isNamed(_ other: String) -> Bool {
        name.lowercased() == other.lowercased()
    }
}

extension HTTPRequest {
    /// Returns the method, or throws an error if it is not a valid HTTP method.
    func validMethod() throws(TransportError) -> String {
        guard !method.isEmpty, method.utf8.allSatisfy(isTokenByte) else {
            throw TransportError(.invalidRequest, "'\(method)' is not an HTTP method")
        }
        return method
    }

    /// Returns the header lines for libcurl; a line such as `Expect:` removes a header that libcurl would send.
    ///
    /// - Throws: ``TransportError`` if a header contains a line break, or the token is unreadable.
    func headerLines(
        url: RequestURL,
        identity: ConnectionIdentity,
        userAgent: String
    ) throws(TransportError) -> [String] {
        var lines: [String] = []
        for header in headers {
            guard !header.name.isEmpty, header.name.utf8.allSatisfy(isTokenByte),
                !header.value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F })
            else { throw TransportError(.invalidRequest, "header '\(header.name)' is invalid") }
            // libcurl sends a header without a value if a semicolon ends its name.
            lines.append(header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)")
        }
        func preset(_ name: String, _ value: String?) {
            guard !headers.contains(where: { $0.isNamed(name) }) else { return }
            lines.append(value.map { "\(name): \($0)" } ?? "\(name):")
        }
        preset("User-Agent", userAgent)
        preset("Expect", nil)
        preset("Content-Type", nil)
        if identity.serverName != nil { preset("Host", url.authority) }
        if let token = identity.token { preset("Authorization", "Bearer \(try token.read())") }
        return lines
    }
}

/// Returns whether the name of a method or a header may contain a byte.
private func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}

/// A request with everything that the transfer thread needs.
struct PreparedRequest: Sendable {
    var method: String
    var url: RequestURL
    var headerLines: [String] = []
    var body: [UInt8]?
    var pem: LoadedPEM
    var serverName: String?
    var proxy: String?
    var replyLimit: Int
    var connectTimeout: Duration
    var deadline: ContinuousClock.Instant
    var start = ContinuousClock.now

    /// The receiver of the body of a response of status 200 or 206, or `nil` if the body is part of the response.
    var receiver: BodyReceiver?

    /// Whether the transfer only establishes a TCP connection, and then closes it.
    var isConnectionCheck = false

    /// The time between start and deadline.
    var allowance: Duration { deadline - start }

    /// The connect timeout for libcurl, at least 1 because 0 selects libcurl's default.
    var connectTimeoutMilliseconds: Int {
        max(1, Int(min(connectTimeout, deadline - .now).milliseconds(atMost: 3_600_000)))
    }
}

/// The result of a transfer: the response, and the target if the response is a redirection.
struct Answer: Sendable {
    var response: HTTPResponse
    var redirection: String?
}
