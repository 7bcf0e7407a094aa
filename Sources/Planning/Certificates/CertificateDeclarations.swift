public import Base

/// The certificates of all nodes as declared in the task file.
public struct CertificateDeclarations: Sendable, Hashable {
    /// The directory of the certificates and their encrypted keys.
    public var directory: LocatedPath

    /// The directory with the public SSH keys of the nodes.
    public var hostKeys: LocatedPath

    /// The public keys of the operators, who can decrypt every private key.
    public var recipients: [Recipient]
    public var authority: AuthorityDeclaration

    /// The certificates that the CA issues, grouped by node, in the order of declaration.
    public var leaves: [LeafDeclaration]

    /// The nodes that have certificates, in the order of declaration.
    public var nodes: [String] {
        leaves.map(\.node).unique()
    }
}

/// A CA as declared in the task file.
public struct AuthorityDeclaration: Sendable, Hashable {
    /// The prefix of the names of all files in the set.
    public var name = ""

    public var commonName = ""
    public var organizations: [String] = []
    public var validity = Duration.seconds(87_600 * 3600)
    public var key = KeyType.rsa2048

    /// The time before expiry at which the certificate is due for renewal.
    public var renewBefore = Duration.zero
    public var location = SourceLocation.nowhere

    static let keys: [Key<Self>] = [
        Key("name", \.name, .certificateName, required: "k8s").meaning("the beginning of the names of all files"),
        Key("commonName", \.commonName, .subjectText, required: "Kubernetes CA").meaning("its CN"),
        Key("organization", \.organizations, .organizations, default: "that of `defaults`")
            .meaning("its O, or a list of them"),
        Key("validity", \.validity, .validity, default: "`87600h`").meaning("how long its certificate is valid"),
        Key("key", \.key, .word, default: "that of `defaults`").meaning("the type of its key"),
    ]
}

/// A certificate of a node as declared in a task file, or the defaults for such certificates.
public struct LeafDeclaration: Sendable, Hashable {
    /// The host name of the node.
    public var node = ""

    /// The name in `leaves`, such as `kubelet`; for a certificate declared in a task, the key's label in messages.
    public var name = ""

    public var commonName = ""
    public var organizations: [String] = []

    /// The DNS names and IP addresses for which the certificate is valid.
    public var names: [SubjectName] = []
    public var usages: Set<CertificateUsage> = []
    public var validity = Duration.seconds(8760 * 3600)
    public var key = KeyType.rsa2048

    /// The time before expiry at which the certificate is due for renewal.
    public var renewBefore = Duration.seconds(720 * 3600)

    /// The owner of the key on the node and, for verb `certificate`, of the certificate.
    public var owner = "root"

    /// The group of the files that ``owner`` owns; an empty group in the defaults stands for the owner's name.
    public var group = ""

    /// The permissions of the key on the node.
    public var mode: UInt16 = 0o400
    public var location = SourceLocation.nowhere

    static let defaults: [Key<Self>] = [
        Key("organization", \.organizations, .organizations, default: "none").meaning("the O, or a list of them"),
        Key("validity", \.validity, .validity, default: "`8760h`").meaning("how long certificates are valid"),
        Key("key", \.key, .word, default: "`rsa-2048`").meaning("the type of the keys"),
        Key("renewBefore", \.renewBefore, .validity, default: "`720h`")
            .meaning("how long before its end a certificate is due, at most a third of its validity"),
        Key("owner", \.owner, .account("user"), default: "`root`").meaning("the owner of the key on the node"),
        Key("group", \.group, .account("group"), default: "the name of the owner")
            .meaning("the group of the key on the node"),
        Key("mode", \.mode, .mode(), default: "`0400`")
            .meaning("the permissions of the key on the node, none of them for every user"),
    ]

    static let keys: [Key<Self>] = [
        Key("commonName", \.commonName, .subjectText, required: "system:node:${node.name}").meaning("the CN"),
        Key("organization", \.organizations, .organizations, default: "that of `defaults`")
            .meaning("the O, or a list of them"),
        Key("names", \.names, .list(of: .subjectName, "DNS names and IP addresses"), default: "none")
            .meaning("the DNS names and IP addresses; required for `server auth`"),
        Key("usages", \.usages, .usages, default: "required")
            .meaning("what it is for: `server auth`, `client auth`, and `signing` for tokens"),
        Key("validity", \.validity, .validity, default: "that of `defaults`").meaning("how long it is valid"),
        Key("key", \.key, .word, default: "that of `defaults`").meaning("the type of its key"),
        Key("renewBefore", \.renewBefore, .validity, default: "that of `defaults`")
            .meaning("how long before its end it is due"),
        Key("owner", \.owner, .account("user"), default: "that of `defaults`").meaning(
            "the owner of the key on the node; other tasks read no file of a person, whose number is 1000 or more"
        ),
        Key("group", \.group, .account("group"), default: "the name of its `owner`, else that of `defaults`")
            .meaning("the group of the key on the node"),
        Key("mode", \.mode, .mode(), default: "that of `defaults`")
            .meaning("the permissions of the key on the node, none of them for every user"),
    ]
}

/// Reads section `certificates`, or returns `nil` if it is missing or empty.
///
/// Later files override earlier ones. Tasks are not read, because certificates are also issued on machines that are not
/// nodes.
///
/// - Throws: Every problem that was found.
public func readCertificates(
    _ files: [SourceFile],
    hostName: String,
) throws(Problems) -> CertificateDeclarations? {
    let problems = ProblemCollector()
    let merged = MergedFiles(files, problems)
    var reader = ClusterReader(merged, NodeFacts(hostName: hostName), problems)
    reader.inventory = reader.readNodes(reader.readVariables(for: []))
    let certificates = CertificateReader(reader).read()
    try problems.check()
    return certificates
}
