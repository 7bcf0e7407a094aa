import Base
import HTTP
import Host
import Kubernetes

/// A probe of the API server with the kubelet's credentials.
struct ServerProbe {
    var client: HTTPClient
    var limit: Duration

    private typealias Reply = Result<HTTPResponse, TransportError>

    private func send(
        _ path: String,
        _ kubeconfig: Kubeconfig,
        _ identity: ConnectionIdentity,
    ) async -> Reply {
        var request = HTTPRequest(url: kubeconfig.server + path)
        request.headers = [HTTPHeader("Accept", "application/json")]
        do throws(TransportError) {
            return .success(try await client.send(request, as: identity, deadline: .now + limit))
        } catch {
            return .failure(error)
        }
    }

    private static func object(_ reply: Reply) -> Node? {
        guard case .success(let response) = reply, response.status == 200 || response.status == 201 else { return nil }
        return try? readJSON(response.body, file: "reply")
    }

    /// Asks the server for its state and version, and for the Node with its Lease and pods.
    ///
    /// Without usable credentials, only the connection is examined, and only if the CA is known. With `isBootstrap`,
    /// the credentials can only request a certificate, so the Node is not read.
    func ask(_ fact: KubeconfigFact, nodeName name: String, isBootstrap: Bool) async -> (ServerFacts, ClusterFacts) {
        var (facts, cluster) = (ServerFacts(), ClusterFacts())
        guard let kubeconfig = fact.kubeconfig else { return (facts, cluster) }
        (facts.url, facts.source) = (kubeconfig.server, fact.path ?? facts.source)
        var identity = fact.credentials?.connectionIdentity
        if identity == nil {
            guard !fact.authorities.isEmpty else { return (facts, cluster) }
            identity = ConnectionIdentity(certificateAuthority: Array(fact.authorities.map(\.pem).joined().utf8))
        }
        guard let identity else { return (facts, cluster) }
        let hasUser = fact.credentials != nil
        let first = await send(isBootstrap || !hasUser ? "/api" : "/api/v1/nodes/\(name)", kubeconfig, identity)
        switch first {
        case .failure(let error): facts.fault = error
        case .success(let response):
            facts.clockDifference = response.date.map { $0.seconds - Timestamp.now().seconds }
            guard hasUser else { break }
            facts.identityStatus = response.status
            if response.status >= 400 {
                facts.identityMessage = (try? readJSON(response.body, file: "reply"))?["message"]?.string ?? ""
            }
            // The server may close the connection after this response.
            if response.status == 401 { break }
            cluster.isKnown = !isBootstrap && (response.status == 200 || response.status == 404)
            if !isBootstrap { cluster.node = Self.object(first).map { ClusterFacts.NodeObject($0) } }
            await complete(&facts, &cluster, kubeconfig, identity, name)
        }
        return (facts, cluster)
    }

    private func complete(
        _ facts: inout ServerFacts,
        _ cluster: inout ClusterFacts,
        _ kubeconfig: Kubeconfig,
        _ identity: ConnectionIdentity,
        _ name: String,
    ) async {
        async let ready = send("/readyz?verbose", kubeconfig, identity)
        async let version = send("/version", kubeconfig, identity)
        let leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/"
        async let lease = send(leases + name, kubeconfig, identity)
        async let pods = send("/api/v1/pods?fieldSelector=spec.nodeName%3D\(name)&limit=500", kubeconfig, identity)
        switch await ready {
        case .failure(let error): facts.fault = error
        case .success(let response):
            facts.readyStatus = response.status
            let lines = String(decoding: response.body, as: UTF8.self).split(separator: "\n")
            facts.failedChecks = lines.filter { $0.hasPrefix("[-]") }.map {
                String($0.dropFirst(3).prefix { $0 != " " })
            }
        }
        facts.version = Self.object(await version)?["gitVersion"]?.string
        let now = Timestamp.now().seconds + (facts.clockDifference ?? 0)
        let renewed = Self.object(await lease)?["spec"]?["renewTime"]?.string.flatMap { Timestamp(rfc3339: $0) }
        cluster.leaseAge = renewed.map { max(0, now - $0.seconds) }
        let items = Self.object(await pods)?["items"]?.sequence ?? []
        cluster.pods = items.compactMap { ClusterFacts.PodObject($0, now: Timestamp(seconds: now)) }
    }
}

extension ClusterFacts.NodeObject {
    init(_ object: Node) {
        self.init()
        for condition in object["status"]?["conditions"]?.sequence ?? [] {
            guard let type = condition["type"]?.string else { continue }
            conditions[type] = (condition["status"]?.string ?? "", condition["message"]?.string ?? "")
        }
        isUnschedulable = object["spec"]?["unschedulable"]?.boolean == true
        kubeletVersion = object["status"]?["nodeInfo"]?["kubeletVersion"]?.string
        runtimeVersion = object["status"]?["nodeInfo"]?["containerRuntimeVersion"]?.string
    }
}

extension ClusterFacts.PodObject {
    /// Reads a pod, with `now` as the time by the server's clock; returns `nil` if the pod needs no attention.
    init?(_ object: Node, now: Timestamp = .now()) {
        let status = object["status"]
        let phase = status?["phase"]?.string
        let containers = ["initContainerStatuses", "containerStatuses"].flatMap { status?[$0]?.sequence ?? [] }
        let failing = containers.lazy.compactMap { Self.failure(of: $0, now) }.first
        // The kubelet does not try again to start a static pod that it has rejected, for example for lack of memory.
        let isStatic = object["metadata"]?["annotations"]?["kubernetes.io/config.mirror"] != nil
        guard phase == "Failed" ? isStatic : phase != "Succeeded",
            failing != nil || phase == "Pending" || phase == "Failed"
        else { return nil }
        let metadata = object["metadata"]
        self.init(
            name: "\(metadata?["namespace"]?.string ?? "")/\(metadata?["name"]?.string ?? "")",
            reason: failing?.reason ?? status?["reason"]?.string ?? "ContainerCreating"
        )
        message = failing?.message ?? status?["message"]?.string ?? ""
        image = failing?.image
        // The kubelet uses the digest of the manifest as the UID of a static pod.
        uid = (metadata?["annotations"]?["kubernetes.io/config.hash"] ?? metadata?["uid"])?.string ?? ""
        hostPaths = (object["spec"]?["volumes"]?.sequence ?? []).compactMap { $0["hostPath"]?["path"]?.string }
    }

    private typealias Failure = (reason: String, message: String, image: String?)

    /// Returns the failure of a container that does not start or that ends repeatedly, or `nil` for other containers.
    private static func failure(of container: Node, _ now: Timestamp) -> Failure? {
        let state = container["state"]
        let image = container["image"]?.string
        let last = state?["terminated"] ?? container["lastState"]?["terminated"]
        let code = last?["exitCode"]?.integer ?? 0
        let words = [last?["reason"]?.string, "exit code \(code)", last?["message"]?.string.map { trimmed($0) }]
        let ending = words.compactMap(\.self).filter { !$0.isEmpty && $0 != "Error" }.joined(separator: ": ")
        if let reason = state?["waiting"]?["reason"]?.string {
            if reason == "PodInitializing" || reason == "ContainerCreating" { return nil }
            let own = state?["waiting"]?["message"]?.string ?? ""
            return (reason, reason == "CrashLoopBackOff" || own.isEmpty ? ending : own, image)
        }
        // A container that ends repeatedly has just ended, or has been running only for a short time.
        let restarts = container["restartCount"]?.integer ?? 0
        let started = state?["running"]?["startedAt"]?.string.flatMap { Timestamp(rfc3339: $0) }
        let isShort = started.map { now.seconds - $0.seconds < 120 && restarts > 1 } ?? (state?["terminated"] != nil)
        return code != 0 && isShort ? ("CrashLoopBackOff", ending, image) : nil
    }
}

/// The log files of containers below a root directory.
struct PodLogs {
    var root: String

    /// Returns the last errors in the logs of this node's etcd and API server.
    func lastErrorsOfServer() -> [(name: String, error: String)] {
        ["etcd", "kube-apiserver"].compactMap { name in
            lastError(ofPod: "kube-system_\(name)-", name).map { (name, $0) }
        }
    }

    /// Returns the last error near the end of a container's newest log file or, if none is found, of the file before it.
    private func lastError(ofPod prefix: String, _ container: String) -> String? {
        func paths(in directory: String) -> [String] {
            ((try? FileSystem.list(directory, limit: 10_000)) ?? []).map { "\(directory)/\($0)" }
        }
        func modified(_ path: String) -> Int64 {
            ((try? FileSystem.status(path)) ?? nil).map { Int64($0.modified) } ?? 0
        }
        let directories = paths(in: "\(root)/var/log/pods").filter { $0.pathParts.last?.hasPrefix(prefix) == true }
        let files = directories.flatMap { paths(in: "\($0)/\(container)") }.filter { $0.hasSuffix(".log") }
        return files.sorted { modified($0) > modified($1) }.prefix(2).lazy.compactMap { path in
            // By default, the kubelet rotates files at 10 MiB.
            (try? readFile(path, limit: 12 << 20)).flatMap { Self.lastError(in: $0.suffix(16 << 10)) }
        }.first
    }

    /// Returns the last error in log lines of the form `TIME STREAM FLAG TEXT`.
    static func lastError(in bytes: ArraySlice<UInt8>) -> String? {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line -> String? in
            let parts = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
            return parts.count == 4 && parts[1].hasPrefix("std") && !parts[3].isEmpty ? trimmed(parts[3]) : nil
        }
        let words = ["\"level\":\"fatal\"", "level=fatal", "panic: ", "Error: ", "error: ", "[FATAL]", "[ERROR]"]
        return lines.last { line in isKlog(line) ? isError(line) : words.contains { line.contains($0) } }.map(errorText)
    }
}
