public import HTTP
import YAML

/// An API server, as one user of one kubeconfig.
public struct APIClient: Sendable {
    /// The connection's settings.
    public let kubeconfig: Kubeconfig

    /// Which resources the server has, learnt as they are asked for.
    let catalog = ResourceCatalog()

    /// The schemas of its kinds, learnt when an object is refused.
    let schemas = SchemaCache()

    /// Who we are there, for messages.
    var whoami: String { credentials.whoami }

    /// Whom we trust, for messages.
    var authority: String { credentials.authority }

    /// What to do when the server does not accept who we are.
    var credentialAdvice: String { credentials.advice }

    private let http: HTTPClient
    private let credentials: Credentials

    /// How long one request may take before it is tried again.
    private static let requestLimit = Duration.seconds(15)

    /// How long the server is asked to work on a request at most: less, so that its own explanation arrives.
    private static let serverLimit = "10s"

    /// Creates a client.
    ///
    /// - Parameters:
    ///   - http: What carries the requests.
    ///   - kubeconfig: Where the server is.
    ///   - credentials: Who to be there and whom to trust, loaded from the kubeconfig.
    public init(_ http: HTTPClient, kubeconfig: Kubeconfig, credentials: Credentials) {
        self.http = http
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
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> HTTPResponse {
        let query = query.map { "\($0)=\(Self.percentEncoded($1))" }.joined(separator: "&")
        let request = HTTPRequest(
            method: method,
            url: kubeconfig.server + path + (query.isEmpty ? "" : "?\(query)"),
            headers: headers,
            body: body,
        )
        let limit = min(deadline, ContinuousClock.now + Self.requestLimit)
        do {
            return try await http.send(request, as: credentials.access, deadline: limit)
        } catch  where error.kind == .cancelled {
            throw .interrupted
        } catch {
            throw .transport(error)
        }
    }

    /// Sends a request and returns the object of a successful reply.
    func object(
        _ method: String = "GET",
        _ path: String,
        query: [(String, String)] = [],
        body: [UInt8]? = nil,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> (node: Node, response: HTTPResponse) {
        var headers = [HTTPHeader("Accept", "application/json")]
        if body != nil { headers.append(HTTPHeader("Content-Type", "application/apply-patch+yaml")) }
        let response = try await send(
            method,
            path,
            query: query + [("timeout", Self.serverLimit)],
            headers: headers,
            body: body,
            until: deadline,
        )
        guard (200..<300).contains(response.status) else {
            throw .refused(APIError.Refusal(request: "\(method) \(path)", status: ServerStatus(response)))
        }
        guard let node = try? readJSON(response.body, file: kubeconfig.server + path) else {
            throw .unreadable(path: path)
        }
        return (node, response)
    }

    /// Reads an object, `nil` when there is none.
    func find(_ path: String, until deadline: ContinuousClock.Instant) async throws(APIError) -> Node? {
        do {
            return try await object("GET", path, until: deadline).node
        } catch .refused(let refusal) where refusal.code == 404 && !refusal.status.isUnknownResource {
            return nil
        }
    }

    /// Encodes a query's value or a path's segment as RFC 3986 wants it.
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
