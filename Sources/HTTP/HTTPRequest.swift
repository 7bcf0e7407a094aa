public import Base

public struct HTTPRequest: Sendable, Hashable {
    var method: String

    /// The `http` or `https` URL.
    var url: String

    /// The headers, which add to or replace the headers that the client sends with every request.
    public var headers: [HTTPHeader]

    var body: [UInt8]?

    /// Whether up to ten redirections are followed; a request to an `https` URL never leads to `http`.
    ///
    /// libcurl sends neither a token nor a header `Cookie` to another server, but it does present a client certificate.
    public var followsRedirects: Bool

    /// The maximum size of ``HTTPResponse/body`` in bytes.
    var replyLimit: Int

    public init(
        method: String = "GET",
        url: String,
        headers: [HTTPHeader] = [],
        body: [UInt8]? = nil,
        followsRedirects: Bool = false,
        replyLimit: Int = SizeLimit.content,
    ) {
        (self.method, self.url, self.headers, self.body) = (method, url, headers, body)
        (self.followsRedirects, self.replyLimit) = (followsRedirects, replyLimit)
    }
}

/// A function that is called with the next bytes of a body, on the client's thread.
///
/// While it runs, no other request makes progress. An error that it throws ends the request.
public typealias BodyReceiver = @Sendable (_ response: HTTPResponse, _ bytes: [UInt8]) throws(SystemError) -> Void

public struct HTTPHeader: Sendable, Hashable {
    var name: String
    var value: String

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
    /// Returns the header lines for libcurl; a line such as `Expect:` removes a header that libcurl would send.
    func headerLines(url: RequestURL, identity: ConnectionIdentity) throws(TransportError) -> [String] {
        var lines: [String] = []
        for header in headers {
            guard !header.value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) else {
                throw TransportError(.invalidRequest, "header '\(header.name)' is invalid")
            }
            // libcurl sends a header without a value if a semicolon ends its name.
            lines.append(header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)")
        }
        func preset(_ name: String, _ value: String?) {
            guard !headers.contains(where: { $0.isNamed(name) }) else { return }
            lines.append(value.map { "\(name): \($0)" } ?? "\(name):")
        }
        preset("User-Agent", "nest-bootstrap")
        preset("Expect", nil)
        preset("Content-Type", nil)
        if identity.serverName != nil { preset("Host", url.authority) }
        if let token = identity.token { preset("Authorization", "Bearer \(try token.read())") }
        return lines
    }
}

/// A request and its settings for the transfer thread.
struct PreparedRequest: Sendable {
    /// The number that ``RequestQueue`` assigns to the request.
    var number: UInt64 = 0
    var method: String
    var url: RequestURL
    var headerLines: [String] = []
    var body: [UInt8]?
    var identity = ConnectionIdentity()
    var followsRedirects = false
    var replyLimit: Int
    var connectTimeout: Duration
    var deadline: ContinuousClock.Instant
    var start = ContinuousClock.now

    /// The receiver of the body if the status is 200 or 206; if `nil`, every body is part of the response.
    var receiver: BodyReceiver?

    /// Whether the transfer only establishes a TCP connection.
    var isConnectionCheck = false

    var allowance: Duration { deadline - start }

    /// The connect timeout for libcurl, at least 1 because 0 selects libcurl's default.
    var connectTimeoutMilliseconds: Int {
        max(1, Int(min(connectTimeout, deadline - .now).milliseconds(atMost: 3_600_000)))
    }
}
