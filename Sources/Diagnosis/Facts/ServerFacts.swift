import Base
public import HTTP
public import Host

/// The answers of the API server to the kubelet's credentials.
public struct ServerFacts: Sendable {
    /// The server's URL, `nil` if no kubeconfig names one.
    public var url: String?
    /// The file that names the server.
    public var source: String?
    /// Why there was no answer, `nil` if there was one.
    public var fault: TransportError?
    /// Why the server does not answer through the kubelet's proxy, `nil` if it does or there is no proxy.
    public var proxyFault: TransportError?
    /// Advice on the fault that the node's own files and routes give.
    public var advice: String?
    /// The line of `/etc/hosts` with the server's name, `nil` if there is none.
    public var hostEntry: HostEntry?
    /// The DNS servers of the node.
    public var nameServers: [String] = []
    /// The interface that is down and through which the node reaches the server, `nil` if there is none.
    public var linkFault: LinkFault?
    /// The last errors of etcd and the API server, if both are pods of this node and the server does not answer.
    public var podErrors: [String] = []
    /// The status of `/readyz`.
    public var readyStatus: Int?
    /// The checks of `/readyz` that failed.
    public var failedChecks: [String] = []
    /// The difference of the server's clock to this one, positive if the server's is ahead.
    public var clockDifference: Duration?
    /// The version of the server, such as `v1.36.2`.
    public var version: String?
    /// The status of a request with the kubelet's credentials, and the server's words.
    public var identityStatus: Int?
    public var identityMessage = ""
    /// Whether the bootstrap user may ask for a certificate, `nil` if it was not asked.
    public var mayRequestCertificate: Bool?

    /// A line of `/etc/hosts`.
    public struct HostEntry: Sendable, Hashable {
        public var host: String
        public var address: String
        /// The file and line.
        public var place: String

        public init(host: String, address: String, place: String) {
            (self.host, self.address, self.place) = (host, address, place)
        }
    }

    public init() {}
}

/// The objects of the node in the cluster.
public struct ClusterFacts: Sendable {
    /// The name with which the kubelet registers.
    public var nodeName = ""
    /// Whether the Node was asked for, and the server has answered.
    public var isKnown = false
    /// The Node, `nil` if there is none.
    public var node: NodeObject?
    /// Why the requests for certificates could not be listed, `nil` if they could or were not asked for.
    public var requestFault: String?
    /// The requests of this node for certificates, `nil` if they could not be listed.
    public var requests: [SigningRequest]?
    /// The pods on this node that do not run.
    public var pods: [PodObject] = []
    /// The namespaces and names of all pods on this node.
    public var allPods: Set<String> = []
    /// Whether the pods were listed.
    public var arePodsKnown = false
    /// The time since the node's Lease was renewed, and the holder's name.
    public var leaseAge: Duration?

    /// A Node.
    public struct NodeObject: Sendable {
        public var conditions: [String: Condition] = [:]
        public var taints: [Taint] = []
        public var isUnschedulable = false
        /// The networks of the node's pods.
        public var podRanges: [String] = []
        /// The identifier of the machine that reports as this node.
        public var machineID: String?
        public var kubeletVersion: String?

        public init() {}

        /// Whether the Node is Ready.
        public var isReady: Bool { conditions["Ready"]?.status == "True" }
    }

    /// A condition of a Node.
    public struct Condition: Sendable, Hashable {
        public var status: String
        public var reason: String
        public var message: String

        public init(status: String, reason: String = "", message: String = "") {
            (self.status, self.reason, self.message) = (status, reason, message)
        }
    }

    /// A taint of a Node.
    public struct Taint: Sendable, Hashable {
        public var key: String
        public var effect: String

        public init(key: String, effect: String) {
            (self.key, self.effect) = (key, effect)
        }
    }

    /// A CertificateSigningRequest.
    public struct SigningRequest: Sendable, Hashable {
        public enum State: String, Sendable, Hashable { case pending, denied, failed, approved, issued }
        public var name: String
        public var signer: String
        public var state: State
        public var reason = ""
        public var age: Duration

        public init(name: String, signer: String, state: State, reason: String = "", age: Duration) {
            (self.name, self.signer, self.state, self.reason, self.age) = (name, signer, state, reason, age)
        }
    }

    /// A pod that does not run.
    public struct PodObject: Sendable, Hashable {
        /// The namespace and name, such as `kube-system/calico-node-x`.
        public var name: String
        /// The DaemonSet that has created it, `nil` if another object has.
        public var daemonSet: String?
        /// The reason, such as `ImagePullBackOff`.
        public var reason: String
        /// The explanation.
        public var message: String
        /// The image of the container, if that is known.
        public var image: String?
        /// Whether the pod has ended and is not started again.
        public var hasEnded = false
        /// Whether the kubelet runs the pod from a manifest of this node.
        public var isStatic = false
        /// The name of the container that fails.
        public var container: String?
        /// The last error in the log of that container, `nil` if it is not known.
        public var lastError: String?
        /// The paths of this node that the pod mounts.
        public var hostPaths: [String] = []

        public init(
            name: String,
            daemonSet: String?,
            reason: String,
            message: String,
            image: String? = nil,
            hasEnded: Bool = false,
        ) {
            (self.name, self.daemonSet, self.reason) = (name, daemonSet, reason)
            (self.message, self.image, self.hasEnded) = (message, image, hasEnded)
        }
    }

    public init() {}
}
