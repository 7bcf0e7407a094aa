import Base
import YAML

/// Verb `decrypt`: a file with the decrypted content of another file, such as a private key.
public struct DecryptDeclaration: VerbDeclaration {
    /// The file to write.
    public var path: LocatedPath

    /// The encrypted file.
    public var source: LocatedPath

    /// The private key of the node, which decrypts the source.
    public var identity: LocatedPath

    /// The certificate that the decrypted key must belong to, or `nil` if the file need not be a key.
    public var certificate: LocatedPath?

    /// The permissions of the file.
    public var mode: UInt16

    /// The name or number of the file's owner, or `nil` for the agent's user.
    public var owner: String?

    /// The name or number of the file's group, or `nil` for the agent's group.
    public var group: String?

    /// The locations of the keys that name the owner and the group.
    var accountLocations: [Footprint.Account.Kind: SourceLocation] = [:]
}

extension DecryptDeclaration: ReadableVerb {
    /// The verb's key in the task file.
    public static var name: String { "decrypt" }

    public static var summary: String { "decrypts a file that `age` has encrypted to the node" }

    /// The verb's keys.
    public static var keys: [KeyDescription] {
        [
            Keys.path.description, Keys.source.description, Keys.identity.description, Keys.certificate.description,
            Keys.mode.description, Keys.owner.description, Keys.group.description,
        ]
    }

    /// The private key that Debian and NixOS create for every machine.
    private static let usualIdentity = "/etc/ssh/ssh_host_ed25519_key"

    private enum Keys {
        static let path = Key.required(
            "path",
            .writtenPath,
            example: "/run/kubernetes/kubelet.key",
            "the file; missing directories above it are created"
        )
        static let source = Key.required(
            "source",
            .readPath,
            example: "secrets/certs/derived/${node.name}/k8s-kubelet.key.age",
            "the encrypted file"
        )
        static let identity = Key.optional(
            "identity",
            .readPath,
            default: "`\(usualIdentity)`",
            "the private key that decrypts it: an SSH key of type ed25519 or RSA without a password, or one of `age-keygen`"
        )
        static let certificate = Key.optional(
            "certificate",
            .readPath,
            default: "none",
            "the certificate that the decrypted key must belong to"
        )
        static let mode = DefaultedKey(
            "mode",
            .mode,
            default: 0o600,
            text: "`0600`",
            "the file's permissions, none of them for every user"
        )
        static let owner = Key.optional("owner", .account("user"), default: "root", "the file's owner")
        static let group = Key.optional("group", .account("group"), default: "root", "the file's group")
    }

    static func read(_ fields: inout MappingReader, _ context: VerbContext) -> ReadVerb? {
        let path = fields.value(Keys.path)
        let source = fields.value(Keys.source)
        let identity = fields.value(Keys.identity)
        let certificate = fields.value(Keys.certificate)
        let mode = fields.value(Keys.mode)
        let owner = fields.value(Keys.owner)
        let group = fields.value(Keys.group)
        fields.reportOpenMode(mode, of: "the decrypted file")
        guard let path, let source else { return nil }
        for (key, read) in [("source", source), ("identity", identity), ("certificate", certificate)] {
            guard let read, located(read.path).hasSameBytes(as: located(path.path)) else { continue }
            fields.problems.add(
                read.location,
                "\(fields.subject.label(key)) is the file that the task writes",
                hint: "name another file with 'path'",
            )
        }
        let usual = LocatedPath(usualIdentity, location: fields.location)
        return ReadVerb(
            Self(
                path: path,
                source: source,
                // An invalid `identity` has been reported.
                identity: identity ?? usual,
                certificate: certificate,
                mode: mode,
                owner: owner,
                group: group,
                accountLocations: fields.accountLocations(),
            )
        )
    }

    /// The paths, connections and privileges of the task.
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
                    product: .file(mode: mode, owner: owner, group: group),
                )
            ],
            command: .init(name: LocatedPath("age", location: path.location), package: "age"),
        )
        if let certificate {
            footprint.reads.append(.init(path: certificate, use: .certificate, sizeLimit: SizeLimit.encrypted))
        }
        footprint.addAccounts(owner: owner, group: group, named: accountLocations, at: path.location)
        return footprint
    }
}
