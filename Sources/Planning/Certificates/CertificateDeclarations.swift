public import Base

/// The certificates of all nodes, as the task file declares them.
public struct CertificateDeclarations: Sendable, Hashable {
    /// The directory of the certificates and their encrypted keys.
    public var directory: LocatedPath

    /// The directory with the public SSH keys of the nodes.
    public var hostKeys: LocatedPath

    /// The public keys of the operators, who can decrypt every private key.
    public var recipients: [Recipient]

    /// The CA that issues the certificates.
    public var authority: AuthorityDeclaration

    /// The certificates that the CA issues, in the order of the nodes and then of the file.
    public var leaves: [LeafDeclaration]

    /// The nodes that have certificates, in the order of the file.
    public var nodes: [String] {
        leaves.map(\.node).unique()
    }
}

/// A CA as the task file declares it.
public struct AuthorityDeclaration: Sendable, Hashable {
    /// The prefix of all file names.
    public var name: String

    /// The common name in the CA's subject.
    public var commonName: String

    /// The organizations in the CA's subject.
    public var organizations: [String]

    /// The validity of the CA's certificate.
    public var validity: Duration
    public var key: KeyType

    /// The time before expiry at which the certificate is due for renewal.
    public var renewBefore: Duration

    /// The location of the declaration in the task file.
    public var location: SourceLocation
}

/// A certificate of a node as the task file declares it.
public struct LeafDeclaration: Sendable, Hashable {
    /// The host name of the node.
    public var node: String

    /// The name of the certificate, such as `kubelet`.
    public var name: String

    /// The common name in the certificate's subject.
    public var commonName: String

    /// The organizations in the certificate's subject.
    public var organizations: [String]

    /// The DNS names and IP addresses that the certificate is valid for.
    public var names: [SubjectName]
    public var usages: Set<CertificateUsage>

    /// The validity of the certificate.
    public var validity: Duration
    public var key: KeyType

    /// The time before expiry at which the certificate is due for renewal.
    public var renewBefore: Duration

    /// The owner of the decrypted key on the node.
    public var owner: String

    /// The group of the decrypted key on the node.
    public var group: String

    /// The permissions of the decrypted key on the node.
    public var mode: UInt16

    /// The location of the declaration in the task file.
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
/// Only this section and the sections that it depends on are read, because certificates are also issued on machines
/// that are not nodes.
///
/// - Parameters:
///   - files: The files in order; later files override earlier files.
///   - hostName: The host name of this machine.
/// - Returns: The declarations, `nil` if the files have no such section.
/// - Throws: Every problem in the section, the nodes and the variables.
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
