public import HTTP

/// Why a request to the API server came to nothing.
public enum APIError: Retriable, Sendable {
    /// No reply came.
    case transport(TransportError)
    /// The server refused, in the words of its `Status`.
    case refused(Refusal)
    /// The server answers, but what was asked for has not come about.
    case pending(String, Disposition, retryAfter: Duration? = nil)
    /// The server's reply made no sense.
    case unreadable(path: String)
    /// The agent was told to stop.
    case interrupted

    /// A refusal of the server.
    public struct Refusal: Sendable {
        /// What was asked.
        public var request: String
        /// The HTTP status code.
        public var code: Int { status.code }
        /// The server's words.
        public var message: String { status.message }

        let status: ServerStatus
        let disposition: Disposition

        init(request: String, status: ServerStatus, disposition: Disposition? = nil) {
            self.request = request
            self.status = status
            self.disposition = disposition ?? status.disposition
        }
    }

    /// The refusal's details, if it is one.
    var status: ServerStatus? {
        if case .refused(let refusal) = self { refusal.status } else { nil }
    }

    /// What is to be done about the error.
    public var disposition: Disposition {
        switch self {
        case .refused(let refusal): refusal.disposition
        case .pending(_, let disposition, _): disposition
        case .unreadable: .window
        case .interrupted: .permanent
        case .transport(let error): error.disposition
        }
    }

    /// Whether the request may have been carried out all the same.
    var leavesOpen: Bool {
        switch self {
        case .refused(let refusal): refusal.code >= 500
        case .pending: false
        case .transport, .unreadable, .interrupted: true
        }
    }

    /// How long the server asked to wait.
    public var retryAfter: Duration? {
        if case .pending(_, _, let retryAfter) = self { retryAfter } else { status?.retryAfter }
    }

    /// The error in the words of a waiting line.
    public var words: String {
        switch self {
        case .transport(let error): error.message
        case .refused(let refusal): "the server answered \(refusal.code): \(refusal.status.line)"
        case .pending(let words, _, _): words
        case .unreadable(let path): "the server's reply to \(path) cannot be read"
        case .interrupted: "interrupted"
        }
    }
}
