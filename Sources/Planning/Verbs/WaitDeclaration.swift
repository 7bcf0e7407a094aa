public import YAML

/// Verb `wait`: something is to have come about.
public struct WaitDeclaration: Sendable, Hashable {
    /// What is waited for.
    public enum Condition: Sendable, Hashable {
        /// All three gates of the API server of a kubeconfig.
        ///
        /// Written `wait: {apiServer: PATH}`, or `true` for the one that a task it comes after writes; never `nil`
        /// in declarations that were read from files.
        case apiServer(kubeconfig: PathReference?)
        /// A TCP port that accepts a connection: `wait: {tcp: "HOST:PORT"}`.
        case tcp(host: String, port: UInt16)
        /// A path that exists: `wait: {file: PATH}`.
        case file(PathReference)
        /// A URL that answers 2xx, with the CA that its server is checked against.
        ///
        /// Written `wait: {url: URL, certificateAuthority: PATH}`.
        case url(String, certificateAuthority: PathReference?)
        /// A systemd unit that is active: `wait: {unit: NAME}`.
        case unit(String)
        /// An object that is ready.
        ///
        /// Written `wait: {object: {apiVersion, kind, name, namespace}, kubeconfig: PATH}`.
        case object(ObjectReference, kubeconfig: PathReference?)
    }

    /// An object of the API server, named.
    public struct ObjectReference: Sendable, Hashable {
        /// Its group and version, such as `apps/v1`.
        public var apiVersion: String

        /// Its kind, such as `DaemonSet`.
        public var kind: String

        /// Its namespace, or `nil` for the context's.
        public var namespace: String?

        /// Its name.
        public var name: String

        /// Creates a reference.
        public init(apiVersion: String, kind: String, namespace: String? = nil, name: String) {
            self.apiVersion = apiVersion
            self.kind = kind
            self.namespace = namespace
            self.name = name
        }
    }

    /// What is waited for.
    public var condition: Condition

    /// Where the task file says so.
    public var place: Place

    /// Creates a declaration.
    public init(_ condition: Condition, place: Place) {
        self.condition = condition
        self.place = place
    }
}
