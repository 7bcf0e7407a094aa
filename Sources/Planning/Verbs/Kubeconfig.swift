import Base

/// Verb `kubeconfig`: a kubeconfig with a client certificate.
public struct KubeconfigDeclaration: VerbDeclaration {
    public var path = LocatedPath.unset
    public var user = ""
    public var clusterName = "default"
    public var context = "default"
    public var namespace: String?
    public var server = LocatedPath.unset

    public var certificateAuthority = LocatedPath.unset
    public var certificate = LocatedPath.unset
    public var key = LocatedPath.unset

    /// Whether the file contains the credentials instead of their paths.
    public var inlineCredentials = false
}

extension KubeconfigDeclaration: ReadableVerb {
    public static var name: String { "kubeconfig" }

    static var summary: String { "writes a kubeconfig from certificates, once they are valid" }

    static let keys: [Key<Self>] = [
        Key("path", \.path, .writtenPath, required: "/etc/kubernetes/cluster-admin.kubeconfig")
            .meaning("the file, which only its owner may read"),
        Key("user", \.user, .string, required: "kubernetes-admin").meaning("the user's name in the file"),
        Key("certificate", \.certificate, .readPath, required: "/etc/kubernetes/pki/admin.crt")
            .meaning("the client certificate"),
        Key("key", \.key, .readPath, required: "/etc/kubernetes/pki/admin.key").meaning("the client key"),
        Key(
            "certificateAuthority",
            \.certificateAuthority,
            .readPath,
            default: "`cluster.certificateAuthority`"
        )
        .meaning("the CA of the server's and the client's certificate"),
        Key("server", \.server, .serverURL, default: "the server of the node's role in `cluster.servers`")
            .meaning("the API server"),
        Key("cluster", \.clusterName, .string, default: "`cluster.name`, else `default`")
            .meaning("the cluster's name in the file"),
        Key("context", \.context, .string, default: "`default`").meaning("the context's name in the file"),
        Key("namespace", \.namespace, .namespace, default: "none").meaning("the context's namespace"),
        Key(
            "credentials",
            \.inlineCredentials,
            ValueReader<String>.word(["path", "inline"]).map { $0 == "inline" },
            default: "`path`"
        )
        .meaning("whether the file refers to the certificates by path or contains them"),
    ]

    static func read(_ fields: ConfigValue, _ context: VerbContext) -> ReadVerb? {
        var declaration = Self()
        if let name = context.cluster.declaration.name { declaration.clusterName = name }
        let isUsable = fields.read(keys, into: &declaration)
        if !fields.has("server"), let server = server(fields, context) { declaration.server = server }
        if !fields.has("certificateAuthority"), let authority = certificateAuthority(fields, context.cluster) {
            declaration.certificateAuthority = authority
        }
        guard isUsable, declaration.server.isSet, declaration.certificateAuthority.isSet else { return nil }
        return ReadVerb(declaration)
    }

    private static func server(_ fields: ConfigValue, _ context: VerbContext) -> LocatedPath? {
        if let server = context.cluster.declaration.server(for: context.roles) { return server }
        if let advice = context.cluster.missingServer(for: context.roles) {
            let label = fields.subject.label("server")
            fields.problems.addMissing(
                fields.location,
                "\(label) is missing, and \(advice.message)",
                hint: advice.hint
            )
        }
        return nil
    }

    private static func certificateAuthority(_ fields: ConfigValue, _ cluster: ReadCluster) -> LocatedPath? {
        if cluster.declaration.certificateAuthority == nil, !cluster.isAuthorityFaulty {
            fields.problems.addMissing(
                fields.location,
                "\(fields.subject.label("certificateAuthority")) is missing, and the cluster has none",
                hint: "add certificateAuthority: PATH below cluster:",
            )
        }
        return cluster.declaration.certificateAuthority
    }

    public var footprint: Footprint {
        let files = [certificateAuthority, certificate, key]
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
        )
    }
}
