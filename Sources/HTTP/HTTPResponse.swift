/// What a server answered, whatever the status.
public struct HTTPResponse: Sendable, Hashable {
    /// The status, such as 200.
    public var status: Int

    /// The headers in the order in which they came.
    public var headers: [HTTPHeader]

    /// The bytes that came.
    public var body: [UInt8]

    /// The version of the protocol that was spoken: `1.0`, `1.1` or `2`.
    public var httpVersion: String

    /// Creates a response.
    public init(status: Int, headers: [HTTPHeader] = [], body: [UInt8] = [], httpVersion: String = "1.1") {
        self.status = status
        self.headers = headers
        self.body = body
        self.httpVersion = httpVersion
    }

    /// Returns every value of a header, whatever the case of its letters.
    public func values(of header: String) -> [String] {
        headers.filter { $0.isNamed(header) }.map(\.value)
    }
}
