import Base
internal import CCurl

/// The URL of a request, parsed by libcurl.
struct RequestURL: Sendable, Hashable {
    /// The URL without its fragment.
    var text: String

    /// The URL without user name, password and query, for messages.
    var shownText: String

    var scheme: String

    /// The host, with brackets if it is an IPv6 address.
    var host: String
    var port: String

    /// The host and port, separated by a colon.
    var address: String { "\(host):\(port)" }

    /// Whether the host is `localhost` or a loopback address.
    var isOfThisMachine: Bool {
        Endpoint(host: host.lowercased().filter { $0 != "[" && $0 != "]" }, port: 0).isLoopback
    }

    /// The value of the header `Host`: the host, and the port unless it is the scheme's default.
    var authority: String {
        port == (scheme == "https" ? "443" : "80") ? host : address
    }

    /// Parses a URL, whose scheme must be `http` or `https`.
    init(_ text: String) throws(TransportError) {
        let parser = URLParser()
        guard !text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }), parser.parse(text) else {
            throw TransportError(.invalidRequest, "'\(Self.withoutCredentials(text))' is not a URL")
        }
        parser.remove(CURLUPART_FRAGMENT)
        guard let scheme = parser.part(CURLUPART_SCHEME), scheme == "http" || scheme == "https",
            let host = parser.part(CURLUPART_HOST), let port = parser.part(CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT)),
            let whole = parser.part(CURLUPART_URL)
        else {
            throw TransportError(.invalidRequest, "'\(Self.withoutCredentials(text))' is not an http or https URL")
        }
        parser.remove(CURLUPART_USER)
        parser.remove(CURLUPART_PASSWORD)
        parser.remove(CURLUPART_QUERY)
        (self.text, shownText) = (whole, parser.part(CURLUPART_URL) ?? whole)
        (self.scheme, self.host, self.port) = (scheme, host, port)
    }

    /// Creates the URL of a connection check.
    init(checking endpoint: Endpoint) throws(TransportError) {
        guard !endpoint.host.utf8.contains(where: "/?#@".utf8.contains) else {
            throw TransportError(.invalidRequest, "'\(endpoint.host)' is not a host")
        }
        try self.init("http://\(endpoint)/")
    }

    /// Returns the URL with another host and the same port, or `nil` if the host is invalid.
    func text(withHost host: String) -> String? {
        let parser = URLParser()
        guard parser.parse(text), parser.set(CURLUPART_HOST, host), parser.set(CURLUPART_PORT, port) else { return nil }
        return parser.part(CURLUPART_URL)
    }

    /// Returns the part after the last `@` of a text that is not necessarily a URL.
    private static func withoutCredentials(_ text: String) -> String {
        guard let end = text.lastIndex(of: "@") else { return text }
        return String(text[text.index(after: end)...])
    }
}

/// Returns a URL with `?…` in place of its query, which may contain a token.
public func urlWithoutQuery(_ url: String) -> String {
    url.contains("?") ? "\(url.prefix { $0 != "?" })?…" : url
}

/// libcurl's URL parser, which splits a URL into the same parts as the transfer does.
///
/// Wraps a `CURLU`, which is freed when the value goes out of scope.
@safe
private struct URLParser: ~Copyable {
    private let raw: OpaquePointer

    init() {
        guard let handle = unsafe curl_url() else { preconditionFailure("memory for a URL") }
        unsafe raw = handle
    }

    deinit {
        unsafe curl_url_cleanup(raw)
    }

    borrowing func parse(_ text: String) -> Bool {
        // Other schemes are parsed as well, so that the caller can refuse them with a more specific message.
        unsafe curl_url_set(raw, CURLUPART_URL, text, UInt32(CURLU_NON_SUPPORT_SCHEME)) == CURLUE_OK
    }

    borrowing func set(_ part: CURLUPart, _ value: String) -> Bool {
        unsafe curl_url_set(raw, part, value, 0) == CURLUE_OK
    }

    borrowing func remove(_ part: CURLUPart) {
        unsafe curl_url_set(raw, part, nil, 0)
    }

    borrowing func part(_ part: CURLUPart, _ flags: UInt32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard unsafe nest_curl_url_get(raw, part, &text, flags) == CURLUE_OK, let text = unsafe text else { return nil }
        defer { unsafe curl_free(text) }
        return unsafe String(cString: text)
    }
}
