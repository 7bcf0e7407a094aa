import Base
import HTTP
import Kubernetes
import YAML

/// Asks the API server, with the kubelet's credentials and those of an administrator.
struct ServerProbe {
    var client: HTTPClient
    var limit: Duration

    /// A request with the credentials of a kubeconfig.
    private func get(
        _ path: String,
        _ kubeconfig: Kubeconfig,
        _ credentials: Credentials,
        body: String? = nil,
    ) async throws(TransportError) -> HTTPResponse {
        var request = HTTPRequest(url: kubeconfig.server + path)
        request.headers = [HTTPHeader("Accept", "application/json")]
        if let body {
            request.method = "POST"
            request.body = Array(body.utf8)
            request.headers.append(HTTPHeader("Content-Type", "application/json"))
        }
        return try await client.send(request, as: credentials.connectionIdentity, deadline: .now + limit)
    }

    /// Asks the server for its state and version, and whether it accepts the credentials.
    ///
    /// - Parameters:
    ///   - fact: The kubeconfig with its credentials.
    ///   - nodeName: The name of the Node.
    ///   - isBootstrap: Whether the credentials are only for the request of a certificate.
    /// - Returns: The facts, and the Node's object if the server has sent it.
    func ask(_ fact: KubeconfigFact, nodeName: String, isBootstrap: Bool) async -> (ServerFacts, ClusterFacts) {
        var facts = ServerFacts()
        var cluster = ClusterFacts()
        cluster.nodeName = nodeName
        guard let kubeconfig = fact.kubeconfig else { return (facts, cluster) }
        facts.url = kubeconfig.server
        facts.source = fact.path
        guard let credentials = fact.credentials else { return (facts, cluster) }
        let review =
            #"{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{"#
            + #""resourceAttributes":{"group":"certificates.k8s.io","resource":"certificatesigningrequests","verb":"create"}}}"#
        // A request with a body may fail without an answer if its user is not accepted, so that one without body is first.
        var own = await result(isBootstrap ? "/api" : "/api/v1/nodes/\(nodeName)", kubeconfig, credentials)
        if isBootstrap, case .success(let response) = own, response.status != 401 {
            own = await result(
                "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                kubeconfig,
                credentials,
                body: review
            )
        }
        switch own {
        case .failure(let error):
            facts.fault = error
            return (facts, cluster)
        case .success(let response):
            read(response, isBootstrap: isBootstrap, &facts, &cluster)
            // The server closes the connection of a user that it does not accept.
            if response.status == 401 { return (facts, cluster) }
        }
        async let ready = result("/readyz?verbose", kubeconfig, credentials)
        async let version = result("/version", kubeconfig, credentials)
        async let lease = result(Self.leasePath(of: nodeName), kubeconfig, credentials)
        switch await ready {
        case .failure(let error): facts.fault = error
        case .success(let response):
            facts.readyStatus = response.status
            let lines = String(decoding: response.body, as: UTF8.self).split(separator: "\n")
            facts.failedChecks = lines.filter { $0.hasPrefix("[-]") }.map { String($0.dropFirst(3)) }
        }
        if case .success(let response) = await version, response.status == 200 {
            facts.version = Self.object(response)?["gitVersion"]?.string
        }
        cluster.leaseAge = Self.leaseAge(await lease)
        return (facts, cluster)
    }

    private static func leasePath(of node: String) -> String {
        "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/\(node)"
    }

    /// Returns the time since a Lease was renewed, by the clock of the server.
    private static func leaseAge(_ result: Result<HTTPResponse, TransportError>) -> Duration? {
        guard case .success(let response) = result, response.status == 200,
            let text = object(response)?["spec"]?["renewTime"]?.string, let renewed = Timestamp(rfc3339: text)
        else { return nil }
        let now = response.date ?? .now()
        return .seconds(max(0, now.seconds - renewed.seconds))
    }

    /// Reads the answer to the request for the Node, or to the question whether a certificate may be requested.
    private func read(
        _ response: HTTPResponse,
        isBootstrap: Bool,
        _ facts: inout ServerFacts,
        _ cluster: inout ClusterFacts,
    ) {
        if let date = response.date { facts.clockDifference = .seconds(date.seconds - Timestamp.now().seconds) }
        facts.identityStatus = response.status
        let object = Self.object(response)
        facts.identityMessage = response.status >= 400 ? object?["message"]?.string ?? "" : ""
        if isBootstrap {
            facts.mayRequestCertificate = object?["status"]?["allowed"]?.boolean
            return
        }
        cluster.isKnown = response.status == 200 || response.status == 404
        if response.status == 200, let object { cluster.node = ClusterFacts.NodeObject(object) }
    }

    private func result(
        _ path: String,
        _ kubeconfig: Kubeconfig,
        _ credentials: Credentials,
        body: String? = nil,
    ) async -> Result<HTTPResponse, TransportError> {
        do throws(TransportError) {
            return .success(try await get(path, kubeconfig, credentials, body: body))
        } catch {
            return .failure(error)
        }
    }

    private static func object(_ response: HTTPResponse) -> Node? { try? readJSON(response.body, file: "reply") }

    /// Reads the Node, its pods and its requests for certificates.
    ///
    /// - Parameters:
    ///   - cluster: The facts, which are completed.
    ///   - fact: The kubeconfig of an administrator or of the kubelet, which may list requests for certificates.
    func complete(_ cluster: inout ClusterFacts, _ fact: KubeconfigFact) async {
        guard let kubeconfig = fact.kubeconfig, let credentials = fact.credentials else { return }
        let name = cluster.nodeName
        let needsNode = cluster.node == nil
        async let node: Result<HTTPResponse, TransportError>? =
            needsNode ? result("/api/v1/nodes/\(name)", kubeconfig, credentials) : nil
        async let pods = result("/api/v1/pods?fieldSelector=spec.nodeName%3D\(name)&limit=500", kubeconfig, credentials)
        let path = "/apis/certificates.k8s.io/v1/certificatesigningrequests?limit=500"
        async let requests: Result<HTTPResponse, TransportError> = result(path, kubeconfig, credentials)
        async let lease: Result<HTTPResponse, TransportError>? =
            cluster.leaseAge == nil ? result(Self.leasePath(of: name), kubeconfig, credentials) : nil
        if case .success(let response)? = await node {
            if response.status == 200, let object = Self.object(response) {
                cluster.node = ClusterFacts.NodeObject(object)
                cluster.isKnown = true
            }
            if response.status == 404 { cluster.isKnown = true }
        }
        if case .success(let response) = await pods, response.status == 200 {
            cluster.arePodsKnown = true
            let items = Self.object(response)?["items"]?.sequence ?? []
            cluster.pods = items.compactMap { ClusterFacts.PodObject($0) }
            cluster.allPods = Set(
                items.map { "\($0["metadata"]?["namespace"]?.string ?? "")/\($0["metadata"]?["name"]?.string ?? "")" }
            )
        }
        if let lease = await lease { cluster.leaseAge = Self.leaseAge(lease) }
        switch await requests {
        case .failure(let error): cluster.requestFault = "\(fact.path ?? ""): \(error.message)"
        case .success(let response) where response.status != 200:
            cluster.requestFault = "the server does not list them for '\(fact.path ?? "")' (status \(response.status))"
        case .success(let response):
            cluster.requestFault = nil
            let items = Self.object(response)?["items"]?.sequence ?? []
            let all = items.map { ClusterFacts.SigningRequest($0, now: .now()) }
            cluster.requests = zip(items, all).filter { Self.isOf(name, $0.0) }.map(\.1)
        }
    }

    /// Returns whether a request is of a node: of its own user, or of a bootstrap user for it.
    static func isOf(_ node: String, _ request: Node) -> Bool {
        let user = request["spec"]?["username"]?.string ?? ""
        if user == "system:node:\(node)" { return true }
        let signer = request["spec"]?["signerName"]?.string ?? ""
        guard signer == "kubernetes.io/kube-apiserver-client-kubelet" else { return false }
        guard let text = request["spec"]?["request"]?.string, let der = try? Base64.decode(Array(text.utf8)),
            let pem = Optional(String(decoding: der, as: UTF8.self))
        else { return false }
        let lines = pem.split(separator: "\n").filter { !$0.hasPrefix("-") }.joined()
        guard let content = try? Base64.decode(Array(lines.utf8)) else { return false }
        // The subject is text in the request, after the number of its bytes.
        let wanted = Array("system:node:\(node)".utf8)
        return content.ranges(of: wanted).contains { range in
            range.lowerBound > content.startIndex
                && content[range.lowerBound - 1] == UInt8(truncatingIfNeeded: wanted.count)
        }
    }
}
