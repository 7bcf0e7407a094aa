import Base
import HTTP

/// A reply that cannot be the API server's answer to a request: something in front of the server sent or changed it.
public struct ForeignReply: Sendable {
    /// A description of the reply for a message.
    let words: String
    /// Advice about where to look, as a question.
    let advice: String
    /// Whether another attempt is worthwhile.
    let disposition: Disposition
    /// The pause that the reply asks for.
    let retryAfter: Duration?
    /// Whether the request may have been carried out nevertheless.
    let mayHaveSucceeded: Bool

    /// The content of an HTML page.
    static let page = "an HTML page, which the API server never sends"

    /// Creates the description of a response.
    init(_ response: HTTPResponse, _ content: String, _ method: String, _ address: String) {
        let (status, code) = (ServerStatus(response), response.status)
        let isSuccess = (200..<300).contains(code)
        words = "'\(address)' answered \(code) to \(method) with \(content)"
        advice = Self.advice(from: response.senders)
        disposition = isSuccess ? .transient : RefusalKind(status).disposition(of: status)
        retryAfter = status.retryAfter
        mayHaveSucceeded = isSuccess || code >= 500
    }

    /// Returns advice about replies that no API server sends.
    ///
    /// - Parameter senders: The programs that sent the reply.
    /// - Returns: The advice, as a question.
    static func advice(from senders: [String]) -> String {
        let sender = senders.isEmpty ? "" : " ('\(senders.joined(separator: ", "))')"
        return "is there a proxy or load balancer\(sender) in front of the API server?"
    }

    /// Compares the fields of an object with their expected texts.
    ///
    /// - Parameter fields: Names, expected texts and values; a missing value counts as an empty text.
    /// - Returns: The content that describes the first difference, or `nil` if there is none.
    static func difference(_ fields: [(name: String, expected: String, value: Node?)]) -> String? {
        for (name, expected, value) in fields where value?.string ?? "" != expected {
            let shown = value.map { $0.string.map { "'\($0)'" } ?? $0.kindName } ?? "missing"
            return "another object: \(name) is \(shown), not '\(expected)'"
        }
        return nil
    }
}

extension HTTPResponse {
    /// The programs that sent the response, from the headers `Server` and `Via`.
    var senders: [String] { ["server", "via"].flatMap { values(of: $0) } }

    /// Whether the body is an HTML page.
    var isPage: Bool {
        let start = body.first { !" \t\r\n".utf8.contains($0) }
        return start == UInt8(ascii: "<") || values(of: "content-type").contains { $0.hasPrefix("text/html") }
    }

    /// Returns the content of a response that cannot be a refusal of the API server.
    ///
    /// Authentication and authorization answer with a `Status` object. Earlier filters, such as the request limit,
    /// answer with plain text. A server that lacks the API group of the path also answers with plain text, but every
    /// server has the core group.
    ///
    /// - Parameter path: The path of the request.
    /// - Returns: The content, or `nil` if the response may be a refusal.
    func foreignRefusal(of path: String) -> String? {
        if isPage { return ForeignReply.page }
        if status == 404, path == "/api/v1" {
            return "a refusal, as if it had no '/api/v1', which every API server has"
        }
        guard [401, 403].contains(status), let start = body.first, start != UInt8(ascii: "{") else { return nil }
        return "a text without a Status object, which the API server always sends"
    }
}
