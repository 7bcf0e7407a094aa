import Base
import HTTP

/// A reply that the API server cannot have sent, or that something in front of it has changed.
public struct ForeignReply: Sendable {
    /// The reply in a message.
    let words: String
    /// The hint, as a question.
    let advice: String
    let disposition: Disposition
    let retryAfter: Duration?
    /// Whether the request may have been carried out.
    let mayHaveSucceeded: Bool

    /// The description of an HTML page.
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

    /// Returns the hint for a reply, with the programs that sent it.
    static func advice(from senders: [String]) -> String {
        let sender = senders.isEmpty ? "" : " ('\(senders.joined(separator: ", "))')"
        return "is there a proxy or load balancer\(sender) in front of the API server?"
    }

    /// Describes the first field that does not have its expected text, `nil` if there is none.
    ///
    /// A value that is missing or not a string counts as an empty text.
    static func difference(_ fields: [(name: String, expected: String, value: Node?)]) -> String? {
        for (name, expected, value) in fields where value?.string ?? "" != expected {
            let shown = value.map { $0.string.map { "'\($0)'" } ?? $0.kindName } ?? "missing"
            return "another object: \(name) is \(shown), not '\(expected)'"
        }
        return nil
    }
}

extension HTTPResponse {
    /// The programs in the headers `Server` and `Via`.
    var senders: [String] { ["server", "via"].flatMap { values(of: $0) } }

    var isPage: Bool {
        let start = body.first { !" \t\r\n".utf8.contains($0) }
        return start == UInt8(ascii: "<") || values(of: "content-type").contains { $0.hasPrefix("text/html") }
    }

    /// Describes a response that cannot be a refusal of the API server, `nil` if it may be one.
    ///
    /// Authentication and authorization answer with a `Status` object. Earlier filters, such as the request limit,
    /// answer with plain text, and so does a server that lacks the path's API group. Each has the core group.
    func foreignRefusal(of path: String) -> String? {
        if isPage { return ForeignReply.page }
        if status == 404, path == "/api/v1" {
            return "a refusal, as if it had no '/api/v1', which every API server has"
        }
        guard [401, 403].contains(status), let start = body.first, start != UInt8(ascii: "{") else { return nil }
        return "a text without a Status object, which the API server always sends"
    }
}
