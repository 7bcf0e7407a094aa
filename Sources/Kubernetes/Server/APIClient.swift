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

    /// The schemas of the server's kinds, fetched when an object is refused.
    let schemas = SchemaCache()

    /// The configurations of the server's admission webhooks, fetched when a webhook does not answer.
    let webhookConfigurations = WebhookConfigurations()

    /// The results of the preflight checks.
    let preflightState = PreflightState()

    /// The certificate that the server has presented.
    let peer = PeerCertificate()

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

    /// Advice to print if the server does not accept the user.
    var credentialAdvice: String { credentials.advice }

    private let http: HTTPClient
    private let credentials: Credentials

    /// The time limit of one request before it is retried, unless its turn has another limit.
    static let requestLimit = RequestPace.limit + RequestPace.margin

    /// The time limit of a request that only explains a refusal; short, because the request delays the next attempt.
    private static let explanationLimit = Duration.seconds(2)

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
            headers: headers + (kubeconfig.impersonation?.headers ?? []),
            body: body,
            endsWithFirstLine: endsWithFirstLine,
            mayTakeLong: limit >= Self.requestLimit + .seconds(5),
        )
        let end = min(deadline, ContinuousClock.now + limit)
        do {
            let response = try await http.send(request, as: credentials.connectionIdentity, deadline: end)
            preflightState.record(response)
            if let certificate = response.serverCertificate { peer.set(certificate) }
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
            let refusal = APIError.Refusal(request: "\(method) \(path)", status: status)
            if case .webhook(let failure) = refusal.kind {
                // The name is fetched now, because no time is left to fetch it for the message at the end of a task's
                // timeout.
                let limit = min(deadline, .now + Self.explanationLimit)
                _ = await webhookConfigurations.name(of: failure.webhook, on: self, until: limit)
            }
            throw .refused(refusal)
        }
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
        let digits = Array("0123456789ABCDEF")
        return text.utf8.reduce(into: "") { result, byte in
            let scalar = Character(Unicode.Scalar(byte))
            if scalar.isASCII, scalar.isLetter || scalar.isNumber || "-._~".contains(scalar) {
                result.append(scalar)
            } else {
                result.append("%")
                result.append(digits[Int(byte >> 4)])
                result.append(digits[Int(byte & 15)])
            }
        }
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
        } catch .transport(var error) where [.timedOut, .reset, .closed].contains(error.kind) && isOver(turn.limit) {
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

/// Explanations of why an API server is not usable, and advice.
extension APIClient {
    /// Returns the problem of a server that did not pass its preflight checks before the deadline.
    func preflightProblem(_ error: APIError) -> Problem {
        let server = "API server \(kubeconfig.server)"
        return switch error {
        case .interrupted:
            Problem(.interrupted, "interrupted while waiting for \(server)")
        case .transport(let cause)
        where preflightState.hasAnswered && [.timedOut, .closed, .reset].contains(cause.kind):
            // The server has answered before, so its address is correct and the server was running.
            Problem(.serverNotReady, "\(server) is not ready", hint: Self.storageAdvice, cause: cause)
        case .transport(let cause):
            transportProblem(cause, server)
        case .refused(let refusal) where refusal.code == 401:
            Problem(.credentialsRefused, "\(server) does not accept \(whoami)", hint: credentialAdvice)
        case .refused(let refusal) where refusal.status.expectsTLS:
            Problem(
                .notAnAPIServer,
                "\(server) expects TLS",
                hint: "write server: https://\(kubeconfig.address) in kubeconfig '\(kubeconfig.path)', "
                    + "or https://\(kubeconfig.address) in 'cluster.servers' if a task writes it",
            )
        case .refused(let refusal) where refusal.status.location != nil:
            Problem(
                .notAnAPIServer,
                "\(server) is not an API server",
                hint: "correct the server in kubeconfig '\(kubeconfig.path)'",
                cause: error
            )
        case .refused(let refusal) where refusal.code == 504 || refusal.message.contains("etcd"):
            Problem(.serverNotReady, "\(server) is not ready", hint: Self.storageAdvice, cause: error)
        case .notReady(let checks, _):
            Problem(
                .serverNotReady,
                "\(server) is not ready: \(checks)",
                hint: checks.contains("etcd") ? Self.storageAdvice : Self.serverAdvice,
            )
        case .pending(let words, _, _) where words.contains("etcd"):
            Problem(.serverNotReady, "\(server) is not ready", hint: Self.storageAdvice, cause: error)
        case .foreign:
            Problem(.notAnAPIServer, "\(server) cannot be used", cause: error)
        case .pending(let words, _, _):
            pendingProblem(words, error, server)
        case .refused, .beingDeleted, .rival, .outdated:
            Problem(.serverNotReady, "\(server) is not ready", hint: Self.serverAdvice, cause: error)
        }
    }

    /// Returns the problem of a server whose answers do not show that it is ready.
    private func pendingProblem(_ words: String, _ error: APIError, _ server: String) -> Problem {
        switch preflightState.lastStatus {
        case 300..<400, 404, 405, 410:
            // Every API server has /readyz since Kubernetes 1.16.
            let path = (try? WebAddress(kubeconfig.server))?.rest ?? ""
            let part = path.isEmpty || path == "/" ? "the server" : "the path '\(path)' of the server, or the server,"
            return Problem(
                .notAnAPIServer,
                "\(server) is not an API server",
                hint: "correct \(part) in kubeconfig '\(kubeconfig.path)'",
                cause: error
            )
        case 403 where words.contains("cannot impersonate"):
            let rule = #"- {apiGroups: [""], resources: [users, groups], verbs: [impersonate]}"#
            return Problem(
                .forbidden,
                "\(server) does not let \(whoami) act as another user",
                hint: "add to a ClusterRole bound to the user of the kubeconfig: \(rule), or remove 'as' there",
                cause: error
            )
        case 500...: return Problem(.serverNotReady, "\(server) is not ready", hint: Self.serverAdvice, cause: error)
        default: return Problem(.serverNotReady, "\(server) is not ready", cause: error)
        }
    }

    private static var serverAdvice: String { "look into the API server's log" }

    private static var storageAdvice: String { "look into the logs of the API server and of etcd" }

    /// Removes the server's address from an error, for messages that already name the server.
    func withoutAddress(_ error: APIError) -> APIError {
        guard case .transport(var cause) = error else { return error }
        for (phrase, rest) in [
            ("cannot connect to '\(kubeconfig.address)': ", ""), (" from '\(kubeconfig.address)'", ""),
        ] {
            cause.message = cause.message.replacing(phrase, with: rest, maxReplacements: 1)
        }
        return .transport(cause)
    }

    /// Returns advice about the usual port if the URL has none.
    private func portAdvice(_ cause: TransportError) -> String? {
        guard cause.kind == .refused, let address = try? WebAddress(kubeconfig.server), address.port == 443,
            !kubeconfig.server.dropLast(address.rest.count).hasSuffix(":443")
        else { return nil }
        let host = Endpoint(host: address.host, port: 6443)
        return
            "the URL has no port, so 443 is used, and an API server usually has 6443: write https://\(host) in kubeconfig "
            + "'\(kubeconfig.path)'"
    }

    /// Returns the problem of a server that gives no response.
    private func transportProblem(_ cause: TransportError, _ server: String) -> Problem {
        let peer = cause.peer
        let correction = "correct the server in kubeconfig '\(kubeconfig.path)'"
        switch cause.kind {
        case .untrusted, .selfSigned:
            let issuer = peer.map { "issued by '\($0.issuer)'" } ?? "that cannot be traced to a CA"
            return Problem(
                .untrustedServer,
                "\(server) shows a certificate \(issuer), but kubeconfig '\(kubeconfig.path)' trusts only \(authority)",
                hint: "name the server's CA in 'certificate-authority' of the kubeconfig, "
                    + "or in 'cluster.certificateAuthority' if a task writes it",
            )
        case .hostName:
            let names = peer.map { $0.names.joined(separator: ", ") } ?? "other names"
            return Problem(
                .untrustedServer,
                "\(server) shows a certificate for \(names), not for '\(kubeconfig.verifiedName)'",
                hint: "use one of these names in the server's URL, or as 'tls-server-name' in kubeconfig "
                    + "'\(kubeconfig.path)'",
            )
        case .noNames:
            let subject = peer.map { " (only the subject '\($0.subject)')" } ?? ""
            return Problem(
                .untrustedServer,
                "\(server) shows a certificate without a subject alternative name\(subject)",
                hint: "issue the server's certificate again with subjectAltName '\(kubeconfig.verifiedName)'",
            )
        case .serverCertificateExpired, .serverCertificateNotYetValid:
            let span = peer.map { "valid from \($0.validFrom) to \($0.validUntil)" } ?? cause.message
            return Problem(
                .untrustedServer,
                "\(server) shows a certificate that is not valid now (\(span); the node's clock says \(Timestamp.now()))",
                hint: "renew the server's certificate, or set the node's clock",
            )
        case .resolve, .refused, .refusedByProxy, .unreachable, .timedOut, .closed, .reset, .other, .tls:
            let hint =
                cause.kind == .resolve && cause.proxy == nil
                ? "\(correction), or check that DNS or /etc/hosts resolves the host"
                : cause.advice ?? portAdvice(cause)
                    ?? "\(cause.kind == .timedOut && cause.message.contains("handshake") ? "it accepts connections and does not respond: see its log" : "start it"), or \(correction)"
            return Problem(.serverUnreachable, "\(server) cannot be reached", hint: hint, cause: cause)
        case .notTLS, .notHTTP, .tlsVersion:
            let hint =
                cause.kind == .tlsVersion
                ? "let the server offer TLS 1.2 or later, or \(correction)"
                : "\(correction): another server has this port"
            return Problem(.notAnAPIServer, "\(server) is not an API server", hint: hint, cause: cause)
        case .clientCertificateRefused:
            return Problem(
                .credentialsRefused,
                "\(server) does not accept \(whoami)",
                hint: credentialAdvice,
                cause: cause
            )
        case .clientCertificate, .unreadableFile, .replyTooLarge, .redirect, .cancelled, .invalidURL:
            return Problem(.serverError, "\(server) cannot be used", cause: cause)
        }
    }
}

extension APIClient {
    /// Fetches the server's OpenAPI document for ``SchemaDocument``, or returns `nil` if it is not available.
    public func schemaDocument(until deadline: ContinuousClock.Instant) async -> [UInt8]? {
        guard let response = try? await schemaResponse(until: deadline), response.status == 200 else { return nil }
        return response.body
    }

    /// Fetches the server's OpenAPI document, unless its entity tag is unchanged.
    ///
    /// A server whose kinds have just changed may need more time than the limit of one request, so the request is
    /// repeated.
    func schemaResponse(
        tag: String? = nil,
        until deadline: ContinuousClock.Instant
    ) async throws(APIError) -> HTTPResponse {
        var headers = [HTTPHeader("Accept", "application/json")]
        if let tag { headers.append(HTTPHeader("If-None-Match", tag)) }
        var attempts = 4
        while true {
            do throws(APIError) {
                return try await send("GET", "/openapi/v2", headers: headers, until: deadline)
            } catch {
                attempts -= 1
                guard case .transport = error, attempts > 0, .now < deadline else { throw error }
            }
        }
    }
}
