import Base
import HTTP

/// A response that was sent or changed by a program other than the API server.
public struct ForeignReply: Sendable {
    /// The description of the response, for messages.
    let words: String
    /// The hint, which asks whether a proxy or load balancer sent the response.
    let advice: String
    let disposition: Disposition
    let retryAfter: Duration?
    /// Whether the server may have carried out the request.
    let mayHaveSucceeded: Bool

    /// The description of any response that is an HTML page.
    static let page = "an HTML page, which the API server never sends"

    init(_ response: HTTPResponse, _ content: String, _ method: String, _ address: String) {
        let (status, code) = (ServerStatus(response), response.status)
        let isSuccess = (200..<300).contains(code)
        words = "'\(address)' answered \(code) to \(method) with \(content)"
        advice = Self.advice(from: response.senders)
        disposition = isSuccess ? .transient : RefusalKind(status).disposition(of: status)
        retryAfter = status.retryAfter
        mayHaveSucceeded = isSuccess || code >= 500
    }

    /// Returns the hint for a response, with the names of the programs that sent the response.
    static func advice(from senders: [String]) -> String {
        let sender = senders.isEmpty ? "" : " ('\(senders.joined(separator: ", "))')"
        return "is there a proxy or load balancer\(sender) in front of the API server?"
    }

    /// Describes the first field whose value is not the expected text; returns `nil` if all fields match.
    ///
    /// A value that is missing or not a string counts as an empty string.
    static func difference(_ fields: [(name: String, expected: String, value: Node?)]) -> String? {
        for (name, expected, value) in fields where value?.string ?? "" != expected {
            let shown = value.map { $0.string.map { "'\($0)'" } ?? $0.kindName } ?? "missing"
            return "another object: \(name) is \(shown), not '\(expected)'"
        }
        return nil
    }
}

extension HTTPResponse {
    /// The names of programs in the headers `Server` and `Via`.
    var senders: [String] { ["server", "via"].flatMap { values(of: $0) } }

    var isPage: Bool {
        let start = body.first { !" \t\r\n".utf8.contains($0) }
        return start == UInt8(ascii: "<") || values(of: "content-type").contains { $0.hasPrefix("text/html") }
    }

    /// Describes a response that cannot be a refusal by the API server; returns `nil` if it can be.
    ///
    /// Authentication and authorization refuse with a `Status` object. Filters that run before them, such as the
    /// request limit, use plain text. So does a server without the path's API group, but every server has `/api/v1`.
    func foreignRefusal(of path: String) -> String? {
        if isPage { return ForeignReply.page }
        if status == 404, path == "/api/v1" {
            return "a refusal, as if it had no '/api/v1', which every API server has"
        }
        guard [401, 403].contains(status), let start = body.first, start != UInt8(ascii: "{") else { return nil }
        return "a text without a Status object, which the API server always sends"
    }
}
