import Base
public import HTTP
import YAML

/// A connection to an API server as the user of a kubeconfig.
public struct APIClient: Sendable {
    /// The connection's settings.
    public let kubeconfig: Kubeconfig

    /// The resources of the server, fetched when they are needed first.
    let catalog = ResourceCatalog()

    /// What else decides about an apply, fetched when an object was verified or is about to be.
    let traits: KnownTraits

    /// The schemas of its kinds, fetched when an object is refused.
    let schemas = SchemaCache()

    /// The configurations of its admission webhooks, fetched when one cannot be asked.
    let webhookConfigurations = WebhookConfigurations()

    /// What the preflight checks found.
    let preflightState = PreflightState()

    /// The certificate that the server has shown.
    let peer = PeerCertificate()

    /// The preflight checks that are under way.
    let preflightRequests = SharedRequests<String, Void>()

    /// The watches that may still be opened.
    let watchSlots: WatchSlots

    /// Whether the server can apply APIServices.
    let apiServices = APIServiceSupport()

    /// How many requests the server gets at a time.
    let pace = RequestPace()

    /// The user of the kubeconfig, for messages.
    var whoami: String { credentials.whoami }

    /// The CA that the server's certificate is checked against, for messages.
    var authority: String { credentials.authority }

    /// What to do when the server does not accept the user.
    var credentialAdvice: String { credentials.advice }

    private let http: HTTPClient
    private let credentials: Credentials

    /// How long one request may take before it is tried again, unless its turn says otherwise.
    static let requestLimit = RequestPace.limit + RequestPace.margin

    /// How long a request may take that only explains a refusal: the next attempt is delayed by no more.
    private static let explanationLimit = Duration.seconds(2)

    /// Creates a client.
    ///
    /// - Parameters:
    ///   - http: The transport.
    ///   - kubeconfig: The connection's settings.
    ///   - credentials: The user's credentials and the trusted CA, loaded from the kubeconfig.
    ///   - watchSlots: The watches that all clients of the transport may still open.
    ///   - traitChanges: What all clients of the run may have changed on their servers.
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
            if let failure = WebhookFailure(status) {
                // For the message: at the end of a task's timeout there is no time left to ask for it.
                let limit = min(deadline, .now + Self.explanationLimit)
                _ = await webhookConfigurations.name(of: failure.webhook, on: self, until: limit)
            }
            throw .refused(APIError.Refusal(request: "\(method) \(path)", status: status))
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

    /// Reads an object, `nil` if it does not exist.
    ///
    /// - Parameters:
    ///   - path: The object's path.
    ///   - identity: What the object must be, if that is known; with its namespace if its kind has namespaces.
    ///   - isPaced: Whether the request waits for its turn.
    ///   - deadline: The instant after which the attempt is given up.
    /// - Returns: The object.
    /// - Throws: ``APIError`` if there is no response, or another than the object or that it does not exist.
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

    /// Reads an object, and returns an error as a value, for use with `async let`, whose errors have no type.
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

    /// Reads the metadata of an object: a `PartialObjectMetadata`, or the whole object where a server does not have them.
    ///
    /// The source is https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches.
    func readMetadata(_ path: String, until deadline: ContinuousClock.Instant) async -> Result<Node, APIError> {
        let accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
        return await read(path, accept: accept, until: deadline)
    }

    /// Encodes a query's value or a path's segment as RFC 3986 requires.
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
