import Base
import YAML

/// Verb `certificate`: a certificate with its key, renewed by the node itself.
public struct CertificateDeclaration: VerbDeclaration {
    /// The issuer of a certificate.
    public enum Issuer: Sendable, Hashable {
        /// A CA whose key is on the node.
        case authority(certificate: LocatedPath, key: LocatedPath)
        /// A signer of the cluster, through a CertificateSigningRequest.
        case signer(String, kubeconfig: LocatedPath)
    }

    /// The file of the certificate.
    public var path: LocatedPath

    /// The file of the key.
    public var key: LocatedPath

    /// The contents of the certificate.
    public var leaf: LeafDeclaration

    /// The issuer.
    public var issuer: Issuer

    /// The permissions of the certificate, which is not secret.
    public static let certificateMode: UInt16 = 0o644

    /// The range of validities that can be requested from a signer of the cluster.
    ///
    /// The maximum is the largest number of whole hours that fits in a signed 32-bit number of seconds.
    static let signerValidity = Duration.seconds(600)...Duration.seconds(596_523 * 3600)

    /// Returns how long before its expiry a certificate is due for renewal.
    ///
    /// A signer of the cluster may issue a certificate with a validity other than the requested validity.
    ///
    /// - Parameter validity: The validity of the certificate.
    /// - Returns: The time from the declaration; for a signer, at most a third of the validity.
    public func renewBefore(validity: Duration) -> Duration {
        switch issuer {
        case .authority: leaf.renewBefore
        case .signer: min(leaf.renewBefore, validity / 3)
        }
    }
}

extension CertificateDeclaration: ReadableVerb {
    /// The verb's key in the task file.
    public static var name: String { "certificate" }

    public static var summary: String { "issues a certificate with its key, and renews it" }

    /// The verb's keys.
    public static var keys: [KeyDescription] {
        [
            Keys.path.description, Keys.key.description, Keys.leaf.description, Keys.authority.description,
            Keys.signer.description, Keys.kubeconfig.description,
        ]
    }

    private enum Keys {
        static let issuers = ["ca", "signer"]
        static let path = Key.required(
            "path",
            .writtenPath,
            example: "/var/lib/kubelet/pki/kubelet.crt",
            "the file of the certificate, which every user may read"
        )
        static let key = Key.required(
            "key",
            .writtenPath,
            example: "/var/lib/kubelet/pki/kubelet.key",
            "the file of its key"
        )
        static let leaf = Key.required(
            "leaf",
            ValueReader(type: .either([.name("certificate"), .mapping(CertificateKeys.Leaf.ofTask)])) { $0 },
            example: "kubelet",
            "what the certificate says: the name of one in `leaves` of section `certificates`, or its keys"
        )
        static let authority = Key.oneOf(
            issuers,
            "ca",
            ValueReader(
                type: .mapping([authorityCertificate.description, authorityKey.description]),
                read: readAuthority
            ),
            "a CA on this node that issues the certificate"
        )
        static let authorityCertificate = Key.required(
            "certificate",
            .readPath,
            example: "/etc/kubernetes/pki/ca.crt",
            "the certificate of the CA"
        )
        static let authorityKey = Key.required(
            "key",
            .readPath,
            example: "/etc/kubernetes/pki/ca.key",
            "the private key of the CA"
        )
        static let signer = Key.oneOf(
            issuers,
            "signer",
            ValueReader(type: .string) { $0.signerName() },
            "the signer of a CertificateSigningRequest, such as `kubernetes.io/kube-apiserver-client`"
        )
        static let kubeconfig = Key.optional(
            "kubeconfig",
            .readPath,
            default: "the file of the nearest `kubeconfig` task among the dependencies",
            "with `signer`: the kubeconfig of the API server"
        )
    }

    static func read(_ fields: inout MappingReader, _ context: VerbContext) -> ReadVerb? {
        let path = fields.value(Keys.path)
        let key = fields.value(Keys.key)
        let leaf = fields.value(Keys.leaf).flatMap { readLeaf($0, context) }
        let authority = fields.value(Keys.authority)
        let signer = fields.value(Keys.signer)
        let kubeconfig = fields.value(Keys.kubeconfig)
        fields.requireOne(of: Keys.issuers, example: "ca: {certificate: PATH, key: PATH}")
        fields.reportMisplacedKey("kubeconfig", goesWith: ["signer"])
        if let path, let key, located(path.path).hasSameBytes(as: located(key.path)) {
            let label = fields.subject.label("key")
            fields.problems.add(
                key.location,
                "\(label) is the file of the certificate",
                hint: "write another path"
            )
        }
        if let leaf, let signer {
            checkValidity(of: leaf, fields)
            checkSubject(of: leaf, for: signer, fields)
        }
        guard let path, let key, let leaf else { return nil }
        if let authority { return ReadVerb(Self(path: path, key: key, leaf: leaf, issuer: authority)) }
        guard let signer else { return nil }
        return ReadVerb(kubeconfig: kubeconfig) {
            Self(path: path, key: key, leaf: leaf, issuer: .signer(signer, kubeconfig: $0))
        }
    }

    /// Reads the contents of the certificate, from the task itself or from section `certificates`.
    private static func readLeaf(_ value: ConfigValue, _ context: VerbContext) -> LeafDeclaration? {
        guard value.node.mapping != nil else {
            guard let name = value.certificateName() else { return nil }
            return context.certificates.leaf(name, namedBy: value, of: context.hostName)
        }
        guard let fields = value.mapping("a mapping") else { return nil }
        return context.certificates.leaf(fields, of: context.hostName)
    }

    @Sendable private static func readAuthority(_ value: ConfigValue) -> Issuer? {
        guard var fields = value.mapping("a mapping with certificate and key") else { return nil }
        defer { fields.finish() }
        let certificate = fields.value(Keys.authorityCertificate)
        let key = fields.value(Keys.authorityKey)
        guard let certificate, let key else { return nil }
        return .authority(certificate: certificate, key: key)
    }

    /// Reports a subject that a signer of Kubernetes never signs.
    ///
    /// Source: the documentation of CertificateSigningRequests, section "Kubernetes signers".
    private static func checkSubject(of leaf: LeafDeclaration, for signer: String, _ fields: MappingReader) {
        let fault: String
        let hint: String
        switch signer {
        case "kubernetes.io/kube-apiserver-client" where leaf.organizations.contains("system:masters"):
            fault = "is 'system:masters', for which"
            hint = "write another organization and bind it to a ClusterRole, or issue the certificate by 'ca'"
        case "kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/kubelet-serving":
            guard leaf.organizations != ["system:nodes"] else { return }
            let found = leaf.organizations.map { "'\($0)'" }.joined(separator: ", ")
            fault = found.isEmpty ? "is missing, without which" : "is \(found), for which"
            hint = "write organization: system:nodes"
        default: return
        }
        fields.problems.add(
            leaf.location,
            "\(fields.subject.label("leaf.organization")) \(fault) signer '\(signer)' issues no certificate",
            hint: hint
        )
    }

    /// Reports a validity that the API server would refuse.
    private static func checkValidity(of leaf: LeafDeclaration, _ fields: MappingReader) {
        guard !signerValidity.contains(leaf.validity) else { return }
        let (least, limit) = (signerValidity.lowerBound, signerValidity.upperBound)
        let isShort = leaf.validity < least
        let rule =
            isShort
            ? "no signer of a cluster issues certificates for less than \(least.text)"
            : "a signer of a cluster can be asked for \(limit.text) at most"
        fields.problems.add(
            leaf.location,
            "\(fields.subject.label("leaf")) is valid for \(leaf.validity.text), and \(rule)",
            hint: "write validity: \((isShort ? least : limit).text)"
        )
    }

    /// The paths, connections and privileges of the task.
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
        footprint.issuedCertificate = .init(
            path: path,
            renewBefore: renewBefore(validity: leaf.validity),
            usages: leaf.usages
        )
        switch issuer {
        case .authority(let certificate, let key):
            footprint.issuedCertificate?.authority = certificate
            footprint.reads = [
                .init(path: certificate, use: .authority, sizeLimit: SizeLimit.configuration),
                .init(path: key, use: .privateKey, sizeLimit: SizeLimit.configuration),
            ]
        case .signer(_, let kubeconfig):
            footprint.requestsCertificate = true
            footprint.useAPIServer(kubeconfig)
        }
        footprint.addAccounts(owner: owner, group: group, at: leaf.location)
        return footprint
    }
}

extension ConfigValue {
    /// Reads the name of a signer: a domain, a slash and a path.
    fileprivate func signerName() -> String? {
        let expected = "the name of a signer such as kubernetes.io/kube-apiserver-client"
        func isValid(_ text: String) -> Bool {
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            return parts.count == 2 && parts[0].contains(".") && !parts[1].isEmpty && text.utf8.count <= 571
        }
        // Kubernetes has these signers, and refuses others below its own domain.
        let own = ["kube-apiserver-client", "kube-apiserver-client-kubelet", "kubelet-serving", "legacy-unknown"]
        let domain = "kubernetes.io/"
        guard let text = node.string else { return objectText(expected, isValid) }
        let isUnknown = text.hasPrefix(domain) && !own.contains(String(text.dropFirst(domain.count)))
        guard isUnknown || !isValid(text),
            let near = problems.nearName(to: String(text.split(separator: "/").last ?? ""), in: own)
        else { return objectText(expected, isValid) }
        problems.add(
            node.location,
            "\(label) is \(quoted(text)), which is no signer of Kubernetes",
            hint: "did you mean '\(domain)\(near)'?"
        )
        return nil
    }
}
