public import Base
internal import CCurl

/// An HTTP response of any status.
public struct HTTPResponse: Sendable, Hashable {
    public var status: Int

    /// The headers in the order received.
    var headers: [HTTPHeader]
    public var body: [UInt8]

    /// The protocol version: `1.0`, `1.1` or `2`.
    public var httpVersion = "1.1"

    /// The final URL, without credentials and query, if redirections were followed.
    public var redirectedURL: String?

    /// The absolute URL to which the response redirects, without credentials and query; `nil` without a redirection.
    public var redirection: String?

    /// Whether the response is the error with which Go servers and nginx refuse plain HTTP on a TLS port.
    public var expectsTLS: Bool {
        guard status == 400 else { return false }
        let text = String(decoding: body.prefix(1000), as: UTF8.self)
        return text.contains("HTTP request to an HTTPS server")
            || text.contains("plain HTTP request was sent to HTTPS port")
    }

    /// The server's time in the header `Date`.
    public var date: Timestamp? {
        guard let text = values(of: "date").first else { return nil }
        let seconds = unsafe curl_getdate(text, nil)
        return seconds < 0 ? nil : Timestamp(seconds: Int64(seconds))
    }

    public init(status: Int, headers: [HTTPHeader] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Returns the values of a header, ignoring the case of its name.
    public func values(of header: String) -> [String] {
        headers.filter { $0.isNamed(header) }.map(\.value)
    }
}
