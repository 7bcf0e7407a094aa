import Base
public import HTTP

/// An API server client that authenticates as the user of a kubeconfig.
public struct APIClient: Sendable {
    public let kubeconfig: Kubeconfig

    let catalog = ResourceCatalog()

    let preflightState = PreflightState()

    public let credentials: Credentials

    private let http: HTTPClient
    private let slots = RequestSlots()

    /// The time limit for the server, sent as query parameter `timeout`.
    ///
    /// The limit is longer than the 10 s for which a server waits for a webhook by default, so that the error names the
    /// webhook. It is shorter than the 34 s after which a server ends every request that writes.
    private static let limit = Duration.seconds(30)

    /// The additional time for the response, so that the server's own timeout error can arrive.
    private static let margin = Duration.seconds(2)

    public init(_ http: HTTPClient, kubeconfig: Kubeconfig, credentials: Credentials) {
        (self.http, self.kubeconfig, self.credentials) = (http, kubeconfig, credentials)
    }

    /// Sends a request and returns the response, whatever its status.
    func send(
        _ method: String,
        _ path: String,
        query: [(String, String)] = [],
        headers: [HTTPHeader] = [HTTPHeader("Accept", "application/json")],
        body: [UInt8]? = nil,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> HTTPResponse {
        let query = query.map { "\($0)=\(Self.percentEncoded($1))" }.joined(separator: "&")
        let request = HTTPRequest(
            method: method,
            url: kubeconfig.server + path + (query.isEmpty ? "" : "?\(query)"),
            headers: headers,
            body: body,
        )
        let end = min(deadline, .now + Self.limit + Self.margin)
        do {
            let response = try await http.send(request, as: credentials.connectionIdentity, deadline: end)
            preflightState.record(response)
            return response
        } catch  where error.kind == .cancelled {
            throw .interrupted
        } catch {
            preflightState.recordFailure()
            throw .transport(error)
        }
    }

    /// Sends a request and returns the object in a successful response.
    ///
    /// An urgent request, such as the renewal of a Lease, is sent at once, even while other requests wait.
    ///
    /// - Throws: ``APIError`` if there is no response, if its status is not a success, or if its body is not JSON or
    ///   not the expected object.
    func object(
        _ method: String,
        _ path: String,
        query: [(String, String)] = [],
        body: [UInt8]? = nil,
        contentType: String = "application/apply-patch+yaml",
        as expected: ExpectedObject? = nil,
        isUrgent: Bool = false,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> (node: Node, response: HTTPResponse) {
        var headers = [HTTPHeader("Accept", "application/json")]
        if body != nil { headers.append(HTTPHeader("Content-Type", contentType)) }
        if !isUrgent, await !slots.take() { throw .interrupted }
        let start = ContinuousClock.now
        let result: Result<HTTPResponse, APIError>
        do throws(APIError) {
            let query = query + [("timeout", "\(Self.limit.components.seconds)s")]
            result = .success(
                try await send(method, path, query: query, headers: headers, body: body, until: deadline)
            )
        } catch {
            result = .failure(error)
        }
        if !isUrgent { slots.giveBack(sentAt: start, isOverload: Self.isOverload(result)) }
        let response = try result.get()
        guard (200..<300).contains(response.status) else {
            if let content = response.foreignRefusal(of: path) { throw foreign(response, content, method) }
            throw .refused(APIError.Refusal(request: "\(method) \(path)", status: ServerStatus(response)))
        }
        let node: Node
        do {
            node = try readJSON(response.body, file: "reply")
        } catch {
            throw foreign(
                response,
                response.isPage ? ForeignReply.page : "a text that is not JSON: \(error.message)",
                method
            )
        }
        if let content = expected?.mismatch(of: node) { throw foreign(response, content, method) }
        return (node, response)
    }

    func foreign(_ response: HTTPResponse, _ content: String, _ method: String) -> APIError {
        .foreign(ForeignReply(response, content, method, kubeconfig.address))
    }

    private static func isOverload(_ result: Result<HTTPResponse, APIError>) -> Bool {
        switch result {
        case .success(let response): [429, 504].contains(response.status)
        case .failure(.transport(let error)): error.kind == .timedOut
        case .failure: false
        }
    }

    /// Reads an object; returns `nil` if it does not exist.
    ///
    /// - Throws: ``APIError`` if the server lacks the kind, or neither returns the object nor reports it as missing.
    func find(
        _ path: String,
        as identity: ObjectIdentity? = nil,
        isUrgent: Bool = false,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> Node? {
        do {
            let expected = identity.map { ExpectedObject($0) }
            return try await object("GET", path, as: expected, isUrgent: isUrgent, until: deadline).node
        } catch .refused(let refusal) where refusal.code == 404 && !refusal.status.isUnknownResource {
            return nil
        }
    }

    /// Reads an object; returns `nil` if it does not exist.
    func find(_ identity: ObjectIdentity, until deadline: ContinuousClock.Instant) async throws(APIError) -> Node? {
        let path = try await path(of: identity, until: deadline)
        return try await find(path.text, as: path.identity, until: deadline)
    }

    /// Returns an object's path and identity on the server.
    ///
    /// A namespaced object without a namespace gets that of the kubeconfig; a cluster-scoped object has none.
    func path(
        of identity: ObjectIdentity,
        until deadline: ContinuousClock.Instant
    ) async throws(APIError) -> ObjectPath {
        let resource = try await catalog.resource(of: identity.type, on: self, until: deadline)
        var identity = identity
        identity.namespace = resource.isNamespaced ? identity.namespace ?? kubeconfig.namespace : nil
        return ObjectPath(resource, of: identity)
    }

    /// Percent-encodes a query value or a path segment, as in RFC 3986.
    static func percentEncoded(_ text: String) -> String {
        guard let first = text.utf8.firstIndex(where: { !isUnreserved($0) }) else { return text }
        let digits = Array("0123456789ABCDEF".utf8)
        var result = Array(text.utf8[..<first])
        for byte in text.utf8[first...] {
            result += isUnreserved(byte) ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        byte.isLetter || byte.isDigit || "-._~".utf8.contains(byte)
    }
}
