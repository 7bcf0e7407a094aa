import Base

/// Verb `decrypt`: a file with the decrypted content of another file.
public struct DecryptDeclaration: VerbDeclaration {
    public var path = LocatedPath.unset
    public var source = LocatedPath.unset
    public var identity = LocatedPath.unset

    /// The certificate to which the decrypted key must belong, or `nil` if the file need not be a key.
    public var certificate: LocatedPath?
    public var mode: UInt16 = 0o600

    /// The owner; if `nil`, the agent's user.
    var owner: Footprint.Account?

    /// The group; if `nil`, the agent's group.
    var group: Footprint.Account?
}

extension DecryptDeclaration: ReadableVerb {
    public static var name: String { "decrypt" }

    static var summary: String { "decrypts a file that `age` has encrypted to the node" }

    /// The Ed25519 host key that OpenSSH uses by default.
    private static let usualIdentity = "/etc/ssh/ssh_host_ed25519_key"

    static let keys: [Key<Self>] = [
        Key("path", \.path, .writtenPath, required: "/run/kubernetes/kubelet.key")
            .meaning("the file; missing directories above it are created"),
        Key("source", \.source, .readPath, required: "secrets/certs/derived/${node.name}/k8s-kubelet.key.age")
            .meaning("the encrypted file"),
        Key("identity", \.identity, .readPath, default: "`\(usualIdentity)`").meaning(
            "the private key that decrypts it: an SSH key of type ed25519 or RSA without a password, or one of `age-keygen`"
        ),
        Key("certificate", \.certificate, .readPath, default: "none")
            .meaning("the certificate that the decrypted key must belong to"),
        Key("mode", \.mode, .mode(), default: "`0600`").meaning("the file's permissions, none of them for every user"),
        Key("owner", \.owner, .account(.user), default: "root").meaning("the file's owner"),
        Key("group", \.group, .account(.group), default: "root").meaning("the file's group"),
    ]

    static func read(_ fields: ConfigValue, _ context: VerbContext) -> ReadVerb? {
        var declaration = Self()
        declaration.identity = LocatedPath(usualIdentity, location: fields.location)
        let isUsable = fields.read(keys, into: &declaration)
        fields.reportOpenMode(declaration.mode, of: "the decrypted file")
        return isUsable ? ReadVerb(declaration) : nil
    }

    public var footprint: Footprint {
        var footprint = Footprint(
            reads: [
                .init(path: source, use: .file, sizeLimit: SizeLimit.encrypted),
                .init(path: identity, use: .privateKey, sizeLimit: SizeLimit.configuration),
            ],
            writes: [
                .init(
                    path: path,
                    effect: .replaces,
                    isSecret: true,
                    belongsInMemory: true,
                    product: .file(mode: mode, owner: owner?.name, group: group?.name),
                )
            ],
            command: .init(name: LocatedPath("age", location: path.location), package: "age"),
        )
        if let certificate {
            footprint.reads.append(.init(path: certificate, use: .certificate, sizeLimit: SizeLimit.encrypted))
        }
        footprint.accounts = [owner, group].compactMap(\.self)
        return footprint
    }
}
