import HTTP
import YAML

/// A reply that cannot be the API server's answer to a request: something in front of the server sent or changed it.
public struct ForeignReply: Sendable {
    /// The method of the request.
    var method: String
    /// The server's host and port.
    var address: String
    /// The HTTP status code.
    var code: Int
    /// The content of the reply.
    var content: Content
    /// The programs that sent the reply, from the headers `Server` and `Via`.
    var senders: [String]
    /// Whether another attempt is worthwhile.
    var disposition: Disposition
    /// The pause that the reply asks for.
    var retryAfter: Duration?

    /// The unexpected content of a reply.
    enum Content: Sendable, Hashable {
        /// An HTML page.
        case page
        /// A text without the `Status` object of a refusal.
        case text
        /// A text that is not JSON, with the reason.
        case unreadable(String)
        /// Another object, with the first difference.
        case otherObject(String)
        /// The request itself, or another object that no server has stored.
        case notStored
        /// A refusal as if the server lacked the core group `v1`, which every server has.
        case missingCoreGroup
    }

    /// Creates the description of a response.
    init(_ response: HTTPResponse, _ content: Content, _ method: String, _ address: String) {
        (self.method, self.address, self.content) = (method, address, content)
        let status = ServerStatus(response)
        code = response.status
        senders = response.senders
        disposition = (200..<300).contains(code) ? .transient : RefusalKind(status).disposition(of: status)
        retryAfter = status.retryAfter
    }

    /// Whether the request may have been carried out nevertheless.
    var mayHaveSucceeded: Bool { (200..<300).contains(code) || code >= 500 }

    /// A description of the reply for a message.
    var words: String { "\(beginning) with \(content.words)" }

    /// A description of the reply for a message about several objects.
    var commonWords: String { "\(beginning) with \(content.commonWords)" }

    private var beginning: String { "'\(address)' answered \(code) to \(method)" }

    /// Advice about where to look.
    var advice: String { Self.advice(from: senders) }

    /// Returns advice about replies that no API server sends.
    ///
    /// - Parameter senders: The programs that sent the reply.
    /// - Returns: The advice, as a question.
    static func advice(from senders: [String]) -> String {
        let sender = senders.isEmpty ? "" : " ('\(senders.joined(separator: ", "))')"
        return "is there a proxy or load balancer\(sender) in front of the API server?"
    }
}

extension ForeignReply.Content {
    /// Compares the fields of an object with their expected texts.
    ///
    /// - Parameter fields: Names, expected texts and values; a missing value counts as an empty text.
    /// - Returns: The content that describes the first difference, or `nil` if there is none.
    static func difference(_ fields: [(name: String, expected: String, value: Node?)]) -> Self? {
        for (name, expected, value) in fields where value?.string ?? "" != expected {
            let shown = value.map { $0.string.map { "'\($0)'" } ?? $0.kindName } ?? "missing"
            return .otherObject("\(name) is \(shown), not '\(expected)'")
        }
        return nil
    }

    /// A description of the content for a message.
    fileprivate var words: String {
        switch self {
        case .page: "an HTML page, which the API server never sends"
        case .text: "a text without a Status object, which the API server always sends"
        case .unreadable(let reason): "a text that is not JSON: \(reason)"
        case .otherObject(let difference): "another object: \(difference)"
        case .notStored: "an object that is not stored: metadata.uid is missing"
        case .missingCoreGroup: "a refusal, as if it had no '/api/v1', which every API server has"
        }
    }

    /// A description of the content for a message about several objects, without details that differ between them.
    fileprivate var commonWords: String {
        switch self {
        case .otherObject: "other objects"
        case .notStored: "objects that are not stored: metadata.uid is missing"
        case .unreadable: "texts that are not JSON"
        case .page, .text, .missingCoreGroup: words
        }
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
    /// - Parameter path: The path of the request, if it is known.
    /// - Returns: The content, or `nil` if the response may be a refusal.
    func foreignRefusal(of path: String?) -> ForeignReply.Content? {
        if isPage { return .page }
        if status == 404, path == "/api/v1" { return .missingCoreGroup }
        guard [401, 403].contains(status), let start = body.first, start != UInt8(ascii: "{") else { return nil }
        return .text
    }
}
