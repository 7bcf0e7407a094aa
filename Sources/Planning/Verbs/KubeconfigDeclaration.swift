/// Verb `kubeconfig`: a kubeconfig is to be written from certificates.
public struct KubeconfigDeclaration: Sendable, Hashable {
    /// The file to write.
    public var path: PathReference

    /// The user's name in the file.
    public var user: String

    /// The cluster's name in the file: the task's `cluster`, else the cluster section's name, else `default`.
    public var clusterName: String

    /// The context's name, `default` unless said.
    public var context: String

    /// The namespace of the context, if any.
    public var namespace: String?

    /// The server's URL with its place: the task's `server`, else the cluster section's for the node's role.
    public var server: PathReference

    /// The CA's file: the task's `certificateAuthority`, else the cluster section's.
    public var certificateAuthority: PathReference

    /// The client certificate's file.
    public var certificate: PathReference

    /// The client key's file.
    public var key: PathReference

    /// Whether credentials stand in the file, with `credentials: inline`, or are named by path, the default.
    public var inlineCredentials: Bool

    /// Creates a declaration.
    public init(
        path: PathReference,
        user: String,
        clusterName: String = "default",
        context: String = "default",
        namespace: String? = nil,
        server: PathReference,
        certificateAuthority: PathReference,
        certificate: PathReference,
        key: PathReference,
        inlineCredentials: Bool = false,
    ) {
        self.path = path
        self.user = user
        self.clusterName = clusterName
        self.context = context
        self.namespace = namespace
        self.server = server
        self.certificateAuthority = certificateAuthority
        self.certificate = certificate
        self.key = key
        self.inlineCredentials = inlineCredentials
    }
}
