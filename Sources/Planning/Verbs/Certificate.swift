import Base

/// Verb `certificate`: a certificate with its key, which the task obtains and renews.
public struct CertificateDeclaration: VerbDeclaration {
    public enum Issuer: Sendable, Hashable {
        /// A CA whose key is on the node.
        case authority(certificate: LocatedPath, key: LocatedPath)
        /// The name of a signer of the cluster, for a CertificateSigningRequest.
        case signer(String)
    }

    public var path = LocatedPath.unset
    public var key = LocatedPath.unset
    public var leaf = LeafDeclaration()
    public var issuer = Issuer.signer("")

    /// The kubeconfig of the API server with the signer, if a signer is the issuer.
    public var kubeconfig = LocatedPath.unset

    public static let certificateMode: UInt16 = 0o644

    /// The value of key `leaf`, until it is read into the property ``leaf``.
    private var writtenLeaf = Node.null()

    /// Returns the time before expiry at which a certificate is due for renewal.
    ///
    /// For a signer, the time is at most a third of the validity, because a signer may issue a certificate with a
    /// shorter validity than requested.
    public func renewBefore(validity: Duration) -> Duration {
        switch issuer {
        case .authority: leaf.renewBefore
        case .signer: min(leaf.renewBefore, validity / 3)
        }
    }
}

extension CertificateDeclaration: ReadableVerb {
    public static var name: String { "certificate" }

    static var summary: String { "issues a certificate with its key, and renews it" }

    private static let issuers = ["ca", "signer"]

    static let keys: [Key<Self>] = [
        Key("path", \.path, .writtenPath, required: "/var/lib/kubelet/pki/kubelet.crt")
            .meaning("the file of the certificate, which every user may read"),
        Key("key", \.key, .writtenPath, required: "/var/lib/kubelet/pki/kubelet.key").meaning("the file of its key"),
        Key(
            "leaf",
            \.writtenLeaf,
            ValueReader(type: .either([.name("certificate"), .mapping(LeafDeclaration.keys.map(\.description))])) {
                $0.node
            },
            required: "kubelet"
        )
        .meaning("what the certificate says: the name of one in `leaves` of section `certificates`, or its keys"),
        Key("ca", \.issuer, .authority, oneOf: issuers).meaning("a CA on this node that issues the certificate"),
        Key("signer", \.issuer, .signer, oneOf: issuers)
            .meaning("the signer of a CertificateSigningRequest, such as `kubernetes.io/kube-apiserver-client`"),
        Key("kubeconfig", \.kubeconfig, .readPath, default: nearestKubeconfig)
            .meaning("with `signer`: the kubeconfig of the API server"),
    ]

    static func read(_ fields: ConfigValue, _ context: VerbContext) -> ReadVerb? {
        var declaration = Self()
        let isUsable = fields.read(keys, into: &declaration)
        let isOne = fields.requireOne(of: issuers, example: "ca: {certificate: PATH, key: PATH}")
        fields.reportMisplacedKey("kubeconfig", goesWith: ["signer"])
        // A variable without a value has been reported.
        guard let entry = fields.entry("leaf"), declaration.writtenLeaf.location != .nowhere,
            let leaf = readLeaf(fields.value(of: entry, replaced: declaration.writtenLeaf), context), isUsable, isOne
        else { return nil }
        (declaration.leaf, declaration.writtenLeaf) = (leaf, .null())
        guard case .signer = declaration.issuer else { return ReadVerb(declaration) }
        return ReadVerb(declaration, \.kubeconfig)
    }

    /// Reads the content of the certificate from the task itself or from section `certificates`.
    private static func readLeaf(_ value: ConfigValue, _ context: VerbContext) -> LeafDeclaration? {
        guard value.node.mapping != nil else {
            guard let name = ValueReader.certificateName.read(value) else { return nil }
            return context.certificates.leaf(name, namedBy: value, of: context.hostName)
        }
        guard let fields = value.mapping("a mapping") else { return nil }
        return context.certificates.leaf(fields, of: context.hostName)
    }

    public var footprint: Footprint {
        let (owner, group) = (leaf.owner, leaf.group)
        let (open, closed) = (Self.certificateMode, leaf.mode)
        var footprint = Footprint(
            writes: [
                .init(path: path, effect: .replaces, product: .file(mode: open, owner: owner, group: group)),
                .init(
                    path: key,
                    effect: .replaces,
                    isSecret: true,
                    product: .file(mode: closed, owner: owner, group: group)
                ),
            ],
        )
        footprint.issuedCertificate = .init(path: path, renewBefore: renewBefore(validity: leaf.validity))
        switch issuer {
        case .authority(let certificate, let key):
            footprint.issuedCertificate?.authority = certificate
            footprint.reads = [
                .init(path: certificate, use: .authority, sizeLimit: SizeLimit.configuration),
                .init(path: key, use: .privateKey, sizeLimit: SizeLimit.configuration),
            ]
        case .signer:
            footprint.useAPIServer(kubeconfig)
        }
        footprint.accounts = [
            .init(kind: .user, name: owner, location: leaf.location),
            .init(kind: .group, name: group, location: leaf.location),
        ]
        return footprint
    }
}

/// A CA on the node.
private struct LocalAuthority {
    var certificate = LocatedPath.unset
    var key = LocatedPath.unset

    static let keys: [Key<Self>] = [
        Key("certificate", \.certificate, .readPath, required: "/etc/kubernetes/pki/ca.crt")
            .meaning("the certificate of the CA"),
        Key("key", \.key, .readPath, required: "/etc/kubernetes/pki/ca.key").meaning("the private key of the CA"),
    ]
}

extension ValueReader where Value == CertificateDeclaration.Issuer {
    fileprivate static var authority: Self {
        ValueReader<LocalAuthority>
            .mapping(LocalAuthority.keys, "a mapping with certificate and key", into: LocalAuthority())
            .map { .authority(certificate: $0.certificate, key: $0.key) }
    }

    /// The name of a signer: a domain, a slash and a path, of at most 571 bytes as the API server requires.
    fileprivate static var signer: Self {
        ValueReader<String>.string("the name of a signer such as kubernetes.io/kube-apiserver-client") { text in
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            return parts.count == 2 && parts[0].contains(".") && !parts[1].isEmpty && text.utf8.count <= 571
        }.map { .signer($0) }
    }
}
