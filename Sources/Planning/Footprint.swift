public import Base

/// The paths, servers, objects and privileges that a task uses according to its declaration.
///
/// Sandboxes, write conflicts, undeclared dependencies, hints, `check` and the directories created before a task are
/// computed from the footprint alone.
public struct Footprint: Sendable, Hashable {
    /// A path that the task reads.
    public struct Read: Sendable, Hashable {
        /// The purpose for which a path is read.
        public enum Use: Sendable, Hashable {
            /// A file that must exist when the task runs.
            case file
            /// CA certificates in PEM that must exist when the task runs.
            case authority
            /// A certificate in PEM, optionally with intermediate CAs, that must exist when the task runs.
            case certificate
            /// A file with secret content that must exist when the task runs.
            case secret
            /// The key of a client certificate, which must exist when the task runs and whose directory is secret too.
            case clientKey
            /// A private key that the agent itself uses.
            case privateKey
            /// The kubeconfig with which the task talks to the API server.
            case kubeconfig
            /// A file or directory of manifests.
            case manifests
            /// A file of any size that must exist when the task runs, and is not read as a whole.
            case archive
            /// A program, which is looked up rather than read.
            case program
            /// A path that the task reads if it exists.
            case optional
            /// A path that may appear while the task runs.
            case awaited
        }

        public var path: LocatedPath

        /// The purpose of reading the path.
        public var use: Use

        /// The size in bytes above which the task refuses the file.
        public var sizeLimit = SizeLimit.content
    }

    /// A path that the task changes.
    public struct Write: Sendable, Hashable {
        /// An effect on a path.
        public enum Effect: Sendable, Hashable {
            /// The task alone determines the content of the path.
            case replaces
            /// The task's program creates the path.
            case creates
            /// The task's program may change the path.
            ///
            /// A path with a trailing slash is a directory that is created for the program.
            case modifies
            /// The path does not exist afterwards.
            case removes
        }

        public var path: LocatedPath

        /// The effect on the path.
        public var effect: Effect

        /// Whether only the owner may read the path.
        public var isSecret = false

        /// Whether the content is decrypted from an encrypted file and should not be stored on a disk.
        public var belongsInMemory = false

        /// The content of the kubeconfig at the path, `nil` if the path is not a kubeconfig.
        public var kubeconfig: Kubeconfig?

        /// The product that the agent itself puts at the path.
        ///
        /// `nil` if a program writes the path, or if the path is removed.
        public var product: Product?
    }

    /// The content of a kubeconfig that the task writes.
    public struct Kubeconfig: Sendable, Hashable {
        /// The user's name.
        public var user: String
        /// The API server's URL.
        public var server: String
        /// The credential files, whether the kubeconfig contains or refers to them.
        public var files: [String]
    }

    /// The properties of a file, link or directory created by the agent that are known before the task runs.
    public enum Product: Sendable, Hashable {
        /// A file with at most these permissions; a `nil` owner or group is the agent's own.
        case file(mode: UInt16, owner: String? = nil, group: String? = nil)
        /// A symbolic link.
        case link(target: String)
        /// A directory; what is `nil` stays as it is if the directory exists.
        case directory(mode: UInt16?, owner: String?, group: String?)

        public var isDirectory: Bool { if case .directory = self { true } else { false } }
    }

    /// A server that the task connects to.
    public enum Connection: Sendable, Hashable {
        /// The API server in the task's kubeconfig.
        case apiServer
        case endpoint(host: String, port: UInt16)
        /// The server of a URL, whose certificate is checked against the given CA or the system's CAs.
        case url(String, certificateAuthority: LocatedPath? = nil)
        /// The D-Bus system bus, for requests to systemd.
        case systemBus
        /// Any server.
        case anywhere
    }

    /// A client certificate, its key and the server's CA.
    public struct Credentials: Sendable, Hashable {
        /// The CA's file.
        public var certificateAuthority = LocatedPath.unset
        /// The certificate's file.
        public var certificate = LocatedPath.unset
        /// The key's file.
        public var key = LocatedPath.unset
    }

    /// A certificate that the task issues and renews.
    public struct IssuedCertificate: Sendable, Hashable {
        /// The certificate's file.
        public var path: LocatedPath
        /// The file of the issuing CA, `nil` if a signer of the cluster issues the certificate.
        public var authority: LocatedPath?
        /// The maximum time before expiry at which renewal is due.
        public var renewBefore: Duration
        /// The extended key usages of the certificate.
        public var usages: Set<CertificateUsage> = []
    }

    /// A user or group that must exist.
    public struct Account: Sendable, Hashable {
        /// The kinds of accounts.
        public enum Kind: String, Sendable, Hashable { case user, group }
        /// Whether the account is a user or a group.
        public var kind: Kind
        /// The name or number of the account.
        public var name: String
        /// The location at which a missing account is reported.
        public var location: SourceLocation
    }

    /// A program, looked up in `PATH` unless its name contains a slash.
    public struct Command: Sendable, Hashable {
        public var name: LocatedPath
        /// The task's own `PATH`.
        public var searchPath: String?
        /// The package that contains the program, if the agent itself needs the program.
        public var package: String?
    }

    /// The paths that the task reads.
    public var reads: [Read] = []

    /// The key of the verb that names the kubeconfig among ``reads``.
    public var kubeconfigKey = "kubeconfig"

    /// The paths that the task changes.
    public var writes: [Write] = []

    /// The servers that the task connects to.
    public var connections: [Connection] = []

    /// Whether the task watches the node's network interfaces.
    public var watchesInterfaces = false

    /// The credentials that the task combines in a kubeconfig.
    public var credentials: Credentials?
    public var issuedCertificate: IssuedCertificate?

    /// The manifests whose objects the task applies.
    public var manifests: ManifestSet?

    /// The objects that must exist before the task succeeds.
    public var neededObjects: [ObjectReference] = []

    /// Whether the task waits until the workloads among its applied objects are rolled out.
    public var awaitsRollout = false

    /// The digests of the files that the task fetches from pinned URLs, other than manifests.
    var fetchedDigests: [String] = []

    /// Whether the task unpacks an archive, of which it keeps a list.
    var unpacks = false

    /// The rule for deleting previously applied objects that the manifests no longer contain.
    public var pruning = ApplyDeclaration.Pruning.never

    /// The name of the set of applied objects, `nil` for the task's name.
    var setName: String?

    /// The set whose objects are deleted.
    public var removedSet: String?

    public var deletedObjects: [ObjectReference] = []

    /// The systemd unit that the task enables, starts or stops.
    public var service: ServiceDeclaration?

    /// The socket of the containerd into which the task imports images.
    public var imageSocket: LocatedPath?

    /// The users and groups that the task names.
    public var accounts: [Account] = []

    /// The command that the task runs.
    public var command: Command?

    /// Texts that may contain more paths, such as command lines, environments and scripts.
    public var texts: [String] = []

    /// Whether the task runs programs named by the task file, which may do anything.
    public var runsPrograms = false

    /// Whether a sandbox keeps the programs from everything that the task does not declare.
    public var hasSandbox = true

    /// The capabilities that the task needs, by systemd's names.
    public var capabilities: [String] = []
}

/// Properties derived from a footprint.
extension Footprint {
    /// The kubeconfig with which the task talks to the API server.
    public var kubeconfig: LocatedPath? { reads.first { $0.use == .kubeconfig }?.path }

    /// The paths that must exist for the task to succeed.
    public var requiredReads: [LocatedPath] { reads.filter { $0.use != .optional && $0.use != .awaited }.map(\.path) }

    /// The paths that exist once the task has succeeded.
    public var producedPaths: [String] {
        writes.filter { $0.effect == .replaces || $0.effect == .creates }.map(\.path.path)
    }

    /// The kubeconfig that the task writes.
    public var writtenKubeconfig: LocatedPath? { writes.first { $0.kubeconfig != nil }?.path }

    /// Whether the task requests a certificate from the API server.
    public var requestsCertificate: Bool { issuedCertificate.map { $0.authority == nil } ?? false }

    /// The digests of everything that the task fetches from pinned URLs.
    public var pinnedDigests: [String] { (manifests?.pinnedDigests ?? []) + fetchedDigests }

    /// Whether the task writes only products of the agent.
    var hasOnlyProducts: Bool { !writes.isEmpty && writes.allSatisfy { $0.product != nil } }

    /// The directories that are created before the task runs.
    public var createdDirectories: [String] {
        writes.compactMap { write in
            switch write.effect {
            case .replaces, .creates: parent(of: write.path.path)
            case .modifies: write.path.path.endsWithSlash ? normalised(write.path.path) : nil
            case .removes: nil
            }
        }
    }

    /// The paths that the task's program may write, without duplicates.
    public var writablePaths: [String] {
        guard !hasOnlyProducts else { return [] }
        return writes.map { located($0.effect == .modifies ? $0.path.path : parent(of: $0.path.path)) }
            .unique { ExactText($0) }
    }

    /// Whether the task needs a network.
    var usesNetwork: Bool { connections.contains { $0 != .systemBus } }

    /// Whether the task keeps something for the next boot in its own directory of the cache: what it has fetched, the list
    /// of what it has unpacked or imported, the server's schema for `check`.
    public var keepsCache: Bool { manifests != nil || unpacks || !fetchedDigests.isEmpty || imageSocket != nil }
}

extension Footprint {
    /// Adds the requirements of a task that talks to the API server of a kubeconfig.
    mutating func useAPIServer(_ kubeconfig: LocatedPath) {
        reads.append(.init(path: kubeconfig, use: .kubeconfig, sizeLimit: SizeLimit.configuration))
        connections.append(.apiServer)
    }

    /// Adds the requirements of a task's lock, unless the task already uses a kubeconfig.
    mutating func useLock(_ kubeconfig: LocatedPath) {
        guard self.kubeconfig == nil else { return }
        useAPIServer(kubeconfig)
    }
}

extension ValueReader where Value == Footprint.Account {
    static func account(_ kind: Footprint.Account.Kind) -> Self {
        ValueReader<String>.account(kind.rawValue).then { name, value in
            Footprint.Account(kind: kind, name: name, location: value.node.location)
        }
    }
}
