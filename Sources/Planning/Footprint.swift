public import Base

/// Everything that a task reads, writes, connects to and needs as privilege, as far as its declaration says.
///
/// Sandboxes, write conflicts, undeclared dependencies, hints, `check` and the directories made before a task are computed
/// from it and from nothing else.
public struct Footprint: Sendable, Hashable {
    /// A path that the task reads.
    public struct Read: Sendable, Hashable {
        /// How a path is read.
        public enum Use: Sendable, Hashable {
            /// A file that must exist when the task runs.
            case file
            /// The same; the task uses it as the certificates of CAs, in PEM.
            case authority
            /// The same; the task uses it as a certificate, in PEM, which those of intermediate CAs may follow.
            case certificate
            /// A file that must exist when the task runs, and whose content is secret.
            case secret
            /// The same for the key of a client certificate, whose directory is secret as well.
            case clientKey
            /// A private key that the agent itself uses; of its directory the task's unit gets nothing but a copy of it.
            case privateKey
            /// The kubeconfig with which the task talks to the API server.
            case kubeconfig
            /// A file or directory of manifests.
            case manifests
            /// A program, which is looked up by other means than reading it.
            case program
            /// A path that the task looks at if it exists.
            case optional
            /// A path that may appear while the task runs.
            case awaited
        }

        public var path: LocatedPath

        /// How it is read.
        public var use: Use

        /// The size in bytes above which the task refuses the file.
        public var sizeLimit = SizeLimit.content
    }

    /// A path that the task changes.
    public struct Write: Sendable, Hashable {
        /// An effect on a path.
        public enum Effect: Sendable, Hashable {
            /// The task alone determines what is at the path.
            case replaces
            /// The task's program creates it.
            case creates
            /// The task's program may change it; a path with a slash at its end is a directory that is made for it.
            case modifies
            /// Nothing is at the path afterwards.
            case removes
        }

        public var path: LocatedPath

        /// The effect on it.
        public var effect: Effect

        /// Whether only its owner may read it.
        public var isSecret = false

        /// Whether it is encrypted elsewhere, so that it should be on no disk.
        public var belongsInMemory = false

        /// The files that a kubeconfig refers to, `nil` if the path is not a kubeconfig.
        public var kubeconfigFiles: [String]?

        /// The API server's URL in a kubeconfig, `nil` if the path is not one.
        public var kubeconfigServer: String?

        /// The product that the agent itself puts at the path, `nil` if a program does, or if nothing is there afterwards.
        public var product: Product?
    }

    /// A file or link that the agent makes: as much of it as is known before the task runs.
    public enum Product: Sendable, Hashable {
        /// A file with these permissions at most, and an owner and a group that are `nil` for the agent's own.
        case file(mode: UInt16, owner: String? = nil, group: String? = nil)
        /// A symbolic link.
        case link(target: String, replacesDirectory: Bool)
    }

    /// A server that the task connects to.
    public enum Connection: Sendable, Hashable {
        /// The API server of the task's kubeconfig.
        case apiServer
        case endpoint(host: String, port: UInt16)
        /// The server of a URL.
        case url(String)
        /// The bus of the system, on which systemd answers.
        case systemBus
        /// Any server.
        case anywhere
    }

    /// A client certificate with its key and the CA of the server.
    public struct Credentials: Sendable, Hashable {
        /// The CA's file.
        public var certificateAuthority: LocatedPath
        /// The certificate's file.
        public var certificate: LocatedPath
        /// The key's file.
        public var key: LocatedPath
    }

    /// A file that is decrypted.
    public struct Decryption: Sendable, Hashable {
        /// The encrypted file.
        public var source: LocatedPath
        /// The private key's file.
        public var identity: LocatedPath
    }

    /// A certificate that is issued and renewed.
    public struct IssuedCertificate: Sendable, Hashable {
        /// The certificate's file.
        public var path: LocatedPath
        /// The file of the CA that issues it, `nil` if a signer of the cluster does.
        public var authority: LocatedPath?
        /// The file of the CA's key, `nil` if a signer of the cluster issues the certificate.
        public var authorityKey: LocatedPath?
        /// How long before its end it is due, at most.
        public var renewBefore: Duration
    }

    /// A user or group that must exist.
    public struct Account: Sendable, Hashable {
        /// The kinds of accounts.
        public enum Kind: Sendable, Hashable { case user, group }
        /// The kind of account.
        public var kind: Kind
        /// Its name or number.
        public var name: String
        /// Where to report that it does not exist.
        public var location: SourceLocation
    }

    /// A program that is looked up in `PATH` unless its name has a slash.
    public struct Command: Sendable, Hashable {
        public var name: LocatedPath
        /// The task's own `PATH`.
        public var searchPath: String?
        /// The package that has it, if the agent itself needs it.
        public var package: String?
    }

    /// The paths that it reads.
    public var reads: [Read] = []

    /// The paths that it changes.
    public var writes: [Write] = []

    /// The servers that it connects to.
    public var connections: [Connection] = []

    /// Whether it watches the node's network interfaces.
    public var watchesInterfaces = false

    /// The credentials that it combines.
    public var credentials: Credentials?

    /// The file that it decrypts.
    public var decryption: Decryption?
    public var issuedCertificate: IssuedCertificate?

    /// The manifests whose objects it applies.
    public var manifests: ManifestSet?

    /// The objects that must exist before it ends well.
    public var neededObjects: [ObjectReference] = []

    /// Whether it waits until the workloads among the objects that it applies are rolled out.
    public var awaitsRollout = false

    /// The objects to delete that it applied before and its manifests no longer contain.
    public var pruning = ApplyDeclaration.Pruning.never

    /// Whether it asks the API server for a certificate.
    public var requestsCertificate = false
    public var deletedObjects: [ObjectReference] = []

    /// The users and groups that it names.
    public var accounts: [Account] = []

    /// The command that it runs.
    public var command: Command?

    /// Texts that may contain further paths: command lines, environments, scripts.
    public var texts: [String] = []

    /// Whether it runs programs of the task file, which may do anything.
    public var runsPrograms = false

    /// The capabilities that it needs, by systemd's names.
    public var capabilities: [String] = []

    /// Whether only its lock needs to read the credentials of other users.
    var readsForLockOnly = false
}

/// Facts that follow from a footprint.
extension Footprint {
    /// The kubeconfig with which the task talks to the API server.
    public var kubeconfig: LocatedPath? { reads.first { $0.use == .kubeconfig }?.path }

    /// The paths without which the task fails.
    public var requiredReads: [LocatedPath] { reads.filter { $0.use != .optional && $0.use != .awaited }.map(\.path) }

    /// The paths whose content the task alone determines; no two tasks of a node may have one in common.
    public var ownedPaths: [LocatedPath] {
        writes.filter { $0.effect == .replaces || $0.effect == .removes }.map(\.path)
    }

    /// The paths that exist once the task has succeeded.
    public var producedPaths: [String] {
        writes.filter { $0.effect == .replaces || $0.effect == .creates }.map(\.path.path)
    }

    /// The kubeconfig that the task writes.
    public var writtenKubeconfig: LocatedPath? { writes.first { $0.kubeconfigFiles != nil }?.path }

    /// Whether the task writes nothing but products of the agent.
    ///
    /// Its unit then writes into no directory of the node: the products are put in place after it.
    public var hasOnlyProducts: Bool { !writes.isEmpty && writes.allSatisfy { $0.product != nil } }

    /// The directories that are created before the task runs.
    ///
    /// The unit of a task can write only to directories that exist when it starts.
    public var createdDirectories: [String] {
        writes.compactMap { write in
            switch write.effect {
            case .replaces, .creates: parent(of: write.path.path)
            case .modifies: write.path.path.endsWithSlash ? normalised(write.path.path) : nil
            case .removes: nil
            }
        }
    }

    /// The paths that the task's unit may write, each once.
    public var writablePaths: [String] {
        guard !hasOnlyProducts else { return [] }
        return writes.map { located($0.effect == .modifies ? $0.path.path : parent(of: $0.path.path)) }
            .unique { ExactText($0) }
    }

    /// Whether the task's unit needs a network.
    var usesNetwork: Bool { connections.contains { $0 != .systemBus } }

    /// Whether the task keeps what it fetched: manifests for the next boot, and the schema of the server for `check`.
    var keepsCache: Bool { manifests != nil }
}

extension Footprint {
    /// Adds the accounts that a file belongs to.
    mutating func addAccounts(owner: String?, group: String?, at location: SourceLocation) {
        for (kind, name) in [(Account.Kind.user, owner), (.group, group)] {
            if let name { accounts.append(.init(kind: kind, name: name, location: location)) }
        }
    }

    /// Adds what a task needs that talks to the API server of a kubeconfig.
    mutating func useAPIServer(_ kubeconfig: LocatedPath) {
        reads.append(.init(path: kubeconfig, use: .kubeconfig, sizeLimit: SizeLimit.configuration))
        connections.append(.apiServer)
        // Credentials often belong to another user, as those of agenix may.
        capabilities.append(UnitSandbox.reading)
    }

    /// Adds what the lock of a task needs, unless its verb talks to the same API server.
    mutating func useLock(_ kubeconfig: LocatedPath) {
        guard self.kubeconfig == nil else { return }
        readsForLockOnly = !capabilities.contains(UnitSandbox.reading)
        useAPIServer(kubeconfig)
    }
}
