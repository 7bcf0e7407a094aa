import Base
public import HTTP
import TLS
import YAML

/// A connection to an API server as the user of a kubeconfig.
public struct APIClient: Sendable {
    /// The connection's settings.
    public let kubeconfig: Kubeconfig

    /// The resources of the server, fetched on first use.
    let catalog = ResourceCatalog()

    /// The server's traits, fetched when an object is verified.
    let traits: KnownTraits

    /// The results of the preflight checks.
    let preflightState = PreflightState()

    /// The preflight checks in progress.
    let preflightRequests = SharedRequests<String, Void>()

    /// The watches that may still be opened.
    let watchSlots: WatchSlots

    /// Whether the server can apply APIServices.
    let apiServices = APIServiceSupport()

    /// The limits on parallel requests to the server.
    let pace = RequestPace()

    /// The user of the kubeconfig, for messages.
    var whoami: String { credentials.whoami }

    /// The CA that verifies the server's certificate, for messages.
    var authority: String { credentials.authority }

    /// The certificates of that CA.
    var authorities: [Certificate] { credentials.authorities }

    /// Advice to print if the server does not accept the user.
    var credentialAdvice: String { credentials.advice }

    private let http: HTTPClient
    let credentials: Credentials

    /// The time limit of one request before it is retried, unless its turn has another limit.
    static let requestLimit = RequestPace.limit + RequestPace.margin

    /// Creates a client.
    ///
    /// - Parameters:
    ///   - http: The transport.
    ///   - kubeconfig: The connection's settings.
    ///   - credentials: The user's credentials and the trusted CA, loaded from the kubeconfig.
    ///   - watchSlots: The watch slots shared by all clients of the transport.
    ///   - traitChanges: The record of changes that clients of the run may have made to their servers.
    public init(
        _ http: HTTPClient,
        kubeconfig: Kubeconfig,
        credentials: Credentials,
        watchSlots: WatchSlots = WatchSlots(),
        traitChanges: TraitChanges = TraitChanges(),
    ) {
        self.http = http
        traits = KnownTraits(traitChanges)
        self.watchSlots = watchSlots
        self.kubeconfig = kubeconfig
        self.credentials = credentials
    }

    /// Sends a request and returns the reply, whatever its status.
    func send(
        _ method: String = "GET",
        _ path: String,
        query: [(String, String)] = [],
        headers: [HTTPHeader] = [HTTPHeader("Accept", "application/json")],
        body: [UInt8]? = nil,
        endsWithFirstLine: Bool = false,
        limit: Duration = Self.requestLimit,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> HTTPResponse {
        let isDryRun = query.contains { $0 == ("dryRun", "All") }
        let isWrite = method != "GET" && !isDryRun
        if isWrite { traits.changes.recordWrite(to: path) }
        // A read during the write may have returned the old state.
        defer { if isWrite { traits.changes.recordWrite(to: path) } }
        let query = query.map { "\($0)=\(Self.percentEncoded($1))" }.joined(separator: "&")
        let request = HTTPRequest(
            method: method,
            url: kubeconfig.server + path + (query.isEmpty ? "" : "?\(query)"),
            headers: headers,
            body: body,
            endsWithFirstLine: endsWithFirstLine,
        )
        let end = min(deadline, ContinuousClock.now + limit)
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

    /// Sends a request and returns the object of a successful reply.
    ///
    /// The request waits for its turn unless `isPaced` is `false`, as for the renewal of a Lease.
    func object(
        _ method: String = "GET",
        _ path: String,
        query: [(String, String)] = [],
        body: [UInt8]? = nil,
        contentType: String = "application/apply-patch+yaml",
        accept: String = "application/json",
        as expected: ExpectedObject? = nil,
        isPaced: Bool = true,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> (node: Node, response: HTTPResponse) {
        var headers = [HTTPHeader("Accept", accept)]
        if body != nil { headers.append(HTTPHeader("Content-Type", contentType)) }
        let response = try await reply(
            method,
            path,
            query: query,
            headers: headers,
            body: body,
            isPaced: isPaced,
            until: deadline
        )
        let node: Node
        do {
            node = try readJSON(response.body, file: "reply")
        } catch {
            let content = response.isPage ? ForeignReply.Content.page : .unreadable(error.message)
            throw .foreign(ForeignReply(response, content, method, kubeconfig.address))
        }
        if let content = expected?.mismatch(of: node) {
            throw .foreign(ForeignReply(response, content, method, kubeconfig.address))
        }
        return (node, response)
    }

    /// Sends a request when its turn has come, and returns a successful reply, whatever its body.
    ///
    /// - Throws: ``APIError`` if there is no reply, or if its status is not one of success.
    func reply(
        _ method: String = "GET",
        _ path: String,
        query: [(String, String)],
        headers: [HTTPHeader],
        body: [UInt8]? = nil,
        isPaced: Bool = true,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> HTTPResponse {
        let (response, remark) = try await paced(isPaced, method, path, size: body?.count ?? 0, until: deadline) {
            limit throws(APIError) in
            try await send(
                method,
                path,
                query: query + [("timeout", "\(limit.components.seconds)s")],
                headers: headers,
                body: body,
                limit: limit + RequestPace.margin,
                until: deadline,
            )
        }
        guard (200..<300).contains(response.status) else {
            if let content = response.foreignRefusal(of: path) {
                throw .foreign(ForeignReply(response, content, method, kubeconfig.address))
            }
            var status = ServerStatus(response)
            if let remark { status.message += remark }
            throw .refused(APIError.Refusal(request: "\(method) \(path)", status: status))
        }
        return response
    }

    /// Reads an object, or returns `nil` if it does not exist.
    ///
    /// - Parameters:
    ///   - path: The object's path.
    ///   - identity: The expected identity, if known, with its namespace if the kind is namespaced.
    ///   - isPaced: Whether the request waits for its turn.
    ///   - deadline: The instant after which the attempt is given up.
    /// - Returns: The object.
    /// - Throws: ``APIError`` if there is no response, or if the response neither contains the object nor says that the
    ///   object does not exist.
    func find(
        _ path: String,
        as identity: ObjectIdentity? = nil,
        isPaced: Bool = true,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> Node? {
        do {
            let expected = identity.map { ExpectedObject($0) }
            return try await object("GET", path, as: expected, isPaced: isPaced, until: deadline).node
        } catch .refused(let refusal) where refusal.code == 404 && !refusal.status.isUnknownResource {
            return nil
        }
    }

    /// Reads an object, and returns an error as a value, because `async let` loses the type of thrown errors.
    func read(
        _ path: String,
        accept: String = "application/json",
        until deadline: ContinuousClock.Instant,
    ) async -> Result<Node, APIError> {
        do throws(APIError) {
            return .success(try await object("GET", path, accept: accept, until: deadline).node)
        } catch {
            return .failure(error)
        }
    }

    /// Reads the metadata of an object, or the whole object if the server does not support `PartialObjectMetadata`.
    ///
    /// See https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches.
    func readMetadata(_ path: String, until deadline: ContinuousClock.Instant) async -> Result<Node, APIError> {
        let accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
        return await read(path, accept: accept, until: deadline)
    }

    /// Encodes a query value or a path segment as RFC 3986 requires.
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

/// Requests that wait for their turn.
extension APIClient {
    /// Sends a request when its turn has come, and records the outcome.
    ///
    /// - Parameters:
    ///   - isPaced: Whether the request waits for its turn.
    ///   - method: The HTTP method.
    ///   - path: The path of the request.
    ///   - size: The size of the body in bytes.
    ///   - deadline: The instant after which the request is given up.
    ///   - send: Sends the request; the argument is the time limit that the server is to apply.
    /// - Returns: The response, with a remark about the time limit if the server refuses because of the limit.
    /// - Throws: ``APIError``, with a message that mentions the time limit if the limit is the cause.
    func paced(
        _ isPaced: Bool,
        _ method: String,
        _ path: String,
        size: Int,
        until deadline: ContinuousClock.Instant,
        _ send: (Duration) async throws(APIError) -> HTTPResponse,
    ) async throws(APIError) -> (response: HTTPResponse, remark: String?) {
        guard isPaced else { return (try await send(RequestPace.limit), nil) }
        let turn = try await turn(method, path, size: size, until: deadline)
        let start = ContinuousClock.now
        // The tolerance allows for small differences between the durations that client and server measure.
        func isOver(_ limit: Duration) -> Bool { start.duration(to: .now) > limit - .milliseconds(500) }
        do throws(APIError) {
            let response = try await send(turn.limit)
            // The server may have a shorter limit than requested.
            let isCutOff = response.status == 504 && isOver(RequestPace.limit)
            pace.end(turn, isCutOff ? .cutOff : response.status == 429 ? .refused : .replied)
            return (response, isCutOff ? "; \(Self.remark(turn.limit, method, size))" : nil)
        } catch .transport(var error) where [.timedOut, .closed].contains(error.kind) && isOver(turn.limit) {
            pace.end(turn, .cutOff)
            error.message = "'\(kubeconfig.address)' did not answer in time: \(Self.remark(turn.limit, method, size))"
            throw .transport(error)
        } catch {
            pace.end(turn, .unrelated)
            throw error
        }
    }

    private func turn(
        _ method: String,
        _ path: String,
        size: Int,
        until deadline: ContinuousClock.Instant
    ) async throws(APIError) -> RequestPace.Turn {
        do throws(RequestPace.Obstacle) {
            return try await pace.turn(size: size, until: deadline)
        } catch .cancelled {
            throw .interrupted
        } catch {
            let message = "no time was left for \(method) \(path) behind other requests to '\(kubeconfig.address)'"
            throw .transport(TransportError(.timedOut, message, address: kubeconfig.address))
        }
    }

    /// Describes the time limit that an attempt exceeded, with the size of its body.
    private static func remark(_ limit: Duration, _ method: String, _ size: Int) -> String {
        let content = size > 0 ? " of \(roundedByteText(size))" : ""
        return "an attempt may take \(limit.humanReadable), and was a \(method)\(content)"
    }
}
