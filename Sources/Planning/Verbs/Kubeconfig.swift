import Base

/// Verb `kubeconfig`: a kubeconfig made from certificates.
public struct KubeconfigDeclaration: VerbDeclaration {
    /// The file to write.
    public var path: LocatedPath

    /// The user's name in the file.
    public var user: String

    /// The cluster's name in the file.
    public var clusterName: String

    /// The context's name.
    public var context: String

    /// The namespace of the context, if any.
    public var namespace: String?

    /// The server's URL.
    public var server: LocatedPath

    /// The CA, client certificate and client key.
    public var credentials: Footprint.Credentials

    /// Whether the file contains the credentials, rather than their paths.
    public var inlineCredentials: Bool
}

extension KubeconfigDeclaration: ReadableVerb {
    /// The verb's key in the task file.
    public static var name: String { "kubeconfig" }

    public static var summary: String { "writes a kubeconfig from certificates, once they are valid" }

    /// The verb's keys.
    public static var keys: [KeyDescription] {
        [
            Keys.path.description, Keys.user.description, Keys.certificate.description, Keys.key.description,
            Keys.certificateAuthority.description, Keys.server.description, Keys.cluster.description,
            Keys.context.description, Keys.namespace.description, Keys.credentials.description,
        ]
    }

    private enum Keys {
        static let path = Key.required(
            "path",
            .writtenPath,
            example: "/etc/kubernetes/cluster-admin.kubeconfig",
            "the file, which only its owner may read"
        )
        static let user = Key.required("user", .string, example: "kubernetes-admin", "the user's name in the file")
        static let certificate = Key.required(
            "certificate",
            .readPath,
            example: "/etc/kubernetes/pki/admin.crt",
            "the client certificate"
        )
        static let key = Key.required("key", .readPath, example: "/etc/kubernetes/pki/admin.key", "the client key")
        static let certificateAuthority = Key.optional(
            "certificateAuthority",
            .readPath,
            default: "`cluster.certificateAuthority`",
            "the CA of the server's and the client's certificate"
        )
        static let server = Key.optional(
            "server",
            .serverURL,
            default: "the server of the node's role in `cluster.servers`",
            "the API server"
        )
        static let cluster = Key.optional(
            "cluster",
            .string,
            default: "`cluster.name`, else `default`",
            "the cluster's name in the file"
        )
        static let context = DefaultedKey("context", .string, default: "default", "the context's name in the file")
        static let namespace = Key.optional("namespace", .namespace, default: "none", "the context's namespace")
        static let credentials = DefaultedKey(
            "credentials",
            .word(["path", "inline"]),
            default: "path",
            "whether the file refers to the certificates by path or contains them"
        )
    }

    static func read(_ fields: inout MappingReader, _ context: VerbContext) -> ReadVerb? {
        let cluster = context.cluster
        let path = fields.value(Keys.path)
        let user = fields.value(Keys.user)
        let certificate = fields.value(Keys.certificate)
        let key = fields.value(Keys.key)
        let clusterName = fields.value(Keys.cluster)
        let contextName = fields.value(Keys.context)
        let namespace = fields.value(Keys.namespace)
        let credentials = fields.value(Keys.credentials)
        let server = server(&fields, cluster, context.roles)
        let authority = certificateAuthority(&fields, cluster)
        guard let path, let user, let certificate, let key, let server, let authority else { return nil }
        return ReadVerb(
            Self(
                path: path,
                user: user,
                clusterName: clusterName ?? cluster.declaration.name ?? "default",
                context: contextName,
                namespace: namespace,
                server: server,
                credentials: .init(certificateAuthority: authority, certificate: certificate, key: key),
                inlineCredentials: credentials == "inline",
            )
        )
    }

    private static func server(_ fields: inout MappingReader, _ cluster: ReadCluster, _ roles: [String]) -> LocatedPath?
    {
        let isWritten = fields.has("server")
        let server = fields.value(Keys.server)
        if isWritten { return server }
        if let server = cluster.declaration.server(for: roles) { return server }
        if let advice = cluster.missingServer(for: roles) {
            let label = fields.subject.label("server")
            fields.problems.addMissing(
                fields.location,
                "\(label) is missing, and \(advice.message)",
                hint: advice.hint
            )
        }
        return nil
    }

    private static func certificateAuthority(_ fields: inout MappingReader, _ cluster: ReadCluster) -> LocatedPath? {
        let isWritten = fields.has("certificateAuthority")
        let authority = fields.value(Keys.certificateAuthority)
        if isWritten { return authority }
        if cluster.declaration.certificateAuthority == nil, !cluster.isAuthorityFaulty {
            fields.problems.addMissing(
                fields.location,
                "\(fields.subject.label("certificateAuthority")) is missing, and the cluster has none",
                hint: "add certificateAuthority: PATH below cluster:",
            )
        }
        return cluster.declaration.certificateAuthority
    }

    /// The paths, connections and privileges of the task.
    public var footprint: Footprint {
        let files = [credentials.certificateAuthority, credentials.certificate, credentials.key]
        return Footprint(
            reads: zip(files, [.authority, .certificate, .clientKey]).map {
                .init(path: $0, use: $1, sizeLimit: SizeLimit.configuration)
            },
            writes: [
                .init(
                    path: path,
                    effect: .replaces,
                    isSecret: true,
                    kubeconfig: .init(user: user, server: server.path, files: files.map(\.path)),
                    product: .file(mode: 0o600),
                )
            ],
            credentials: credentials,
        )
    }
}
