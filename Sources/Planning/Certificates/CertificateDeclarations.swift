public import Base

/// The certificates of all nodes, as the task file declares them.
public struct CertificateDeclarations: Sendable, Hashable {
    /// The directory of the set: certificates, and keys that are encrypted.
    public var directory: LocatedPath

    /// The directory with the public SSH keys of the nodes.
    public var hostKeys: LocatedPath

    /// The operators, who can decrypt every key.
    public var recipients: [Recipient]

    /// The CA.
    public var authority: AuthorityDeclaration

    /// The certificates that the CA issues, by node in the order of the nodes, then by name in that of the file.
    public var leaves: [LeafDeclaration]

    /// The nodes that have certificates, in order.
    public var nodes: [String] {
        leaves.map(\.node).unique()
    }
}

/// A CA as the task file declares it.
public struct AuthorityDeclaration: Sendable, Hashable {
    /// The beginning of the names of all files.
    public var name: String

    /// The common name of its subject.
    public var commonName: String

    /// The organizations of its subject.
    public var organizations: [String]

    /// How long its certificate is valid.
    public var validity: Duration
    public var key: KeyType

    /// How long before its end the certificate is due.
    public var renewBefore: Duration

    /// Where the task file has it.
    public var location: SourceLocation
}

/// A certificate of a node as the task file declares it.
public struct LeafDeclaration: Sendable, Hashable {
    /// The host name of the node.
    public var node: String

    /// The name, such as `kubelet`.
    public var name: String

    /// The common name of its subject.
    public var commonName: String

    /// The organizations of its subject.
    public var organizations: [String]

    /// The names that it is valid for.
    public var names: [SubjectName]
    public var usages: Set<CertificateUsage>

    /// How long it is valid.
    public var validity: Duration
    public var key: KeyType

    /// How long before its end it is due.
    public var renewBefore: Duration

    /// The owner of the decrypted key on the node.
    public var owner: String

    /// The group of the decrypted key on the node.
    public var group: String

    /// The permissions of the decrypted key on the node.
    public var mode: UInt16

    /// Where the task file has it.
    public var location: SourceLocation

    public init(
        node: String,
        name: String,
        commonName: String,
        organizations: [String],
        names: [SubjectName],
        usages: Set<CertificateUsage>,
        validity: Duration,
        key: KeyType,
        renewBefore: Duration,
        owner: String,
        group: String,
        mode: UInt16,
        location: SourceLocation,
    ) {
        (self.node, self.name, self.commonName) = (node, name, commonName)
        (self.organizations, self.names, self.usages) = (organizations, names, usages)
        (self.validity, self.key, self.renewBefore) = (validity, key, renewBefore)
        (self.owner, self.group, self.mode, self.location) = (owner, group, mode, location)
    }
}

/// Reads the section `certificates` of a cluster's task files.
///
/// Only this section and those that it depends on are read, because it is read on machines that are not nodes.
///
/// - Parameters:
///   - files: The files in the order in which later ones replace what earlier ones say.
///   - hostName: The host name of this machine.
/// - Returns: The declarations, `nil` if the files have no such section.
/// - Throws: Everything that is wrong with the section, the nodes and the variables.
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
