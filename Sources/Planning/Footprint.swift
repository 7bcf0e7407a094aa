public import Base

/// The paths, servers, objects and privileges that a task uses according to its declaration.
///
/// Units, sandboxes and checks are derived from it.
public struct Footprint: Sendable, Hashable {
    public struct Read: Sendable, Hashable {
        /// The purpose of reading a path.
        ///
        /// A path must exist when the task runs, unless it is optional or awaited.
        public enum Use: Sendable, Hashable {
            case file
            /// CA certificates in PEM.
            case authority
            /// A certificate in PEM, optionally with intermediate CAs.
            case certificate
            /// A file with secret content.
            case secret
            /// The key of a client certificate.
            case clientKey
            /// The private key of a CA, or a private key that decrypts a file.
            case privateKey
            /// The kubeconfig of the API server that the task connects to.
            case kubeconfig
            /// A file or directory of manifests.
            case manifests
            /// A file of any size, which is not read into memory as a whole.
            case archive
            /// The path of a program or shell that the task runs, or of a script in the arguments of a shell.
            case program
            /// A path that the task reads if it exists.
            case optional
            /// A path that may appear while the task runs.
            case awaited
        }

        public var path: LocatedPath
        public var use: Use

        /// The maximum size in bytes, if the path is a file that the task reads into memory as a whole.
        public var sizeLimit = SizeLimit.content
    }

    public struct Write: Sendable, Hashable {
        public enum Effect: Sendable, Hashable {
            /// The agent itself writes the path.
            case replaces
            /// The task's program creates the path.
            case creates
            /// The task may change the path. If it ends with a slash, it is a directory that is created if necessary.
            case modifies
            /// The path does not exist afterwards.
            case removes
        }

        public var path: LocatedPath
        public var effect: Effect

        /// Whether the content is secret; the sandboxes of tasks that do not use the path cover it.
        public var isSecret = false

        /// Whether the content is a decrypted secret, which should be in an in-memory file system.
        public var belongsInMemory = false

        /// The content of a kubeconfig, or `nil` if the path is not known to be one.
        var kubeconfig: Kubeconfig?

        /// The product of the agent, or `nil` for fetched or unpacked files, removed paths and paths of programs.
        public var product: Product?
    }

    struct Kubeconfig: Sendable, Hashable {
        var user: String
        /// The URL of the API server.
        var server: String
        /// The credential files that the kubeconfig contains or refers to.
        var files: [String]
    }

    /// A file, link or directory that the agent creates, with the properties that are known before the task runs.
    public enum Product: Sendable, Hashable {
        /// A file with at most these permissions; a `nil` owner or group is the agent's own.
        case file(mode: UInt16, owner: String? = nil, group: String? = nil)
        /// A symbolic link.
        case link(target: String)
        /// A directory; a `nil` property keeps its value if the directory exists.
        case directory(mode: UInt16?, owner: String?, group: String?)

        public var isDirectory: Bool { if case .directory = self { true } else { false } }
    }

    enum Connection: Sendable, Hashable {
        /// The API server in the task's kubeconfig.
        case apiServer
        case endpoint(host: String, port: UInt16)
        /// The server of a URL; with https, its certificate is checked against the given CA or the system's CAs.
        case url(String, certificateAuthority: LocatedPath? = nil)
        /// The D-Bus system bus, for requests to systemd.
        case systemBus
        case anywhere
    }

    public struct IssuedCertificate: Sendable, Hashable {
        public var path: LocatedPath
        /// The certificate of the issuing CA, or `nil` if a signer of the cluster issues the certificate.
        var authority: LocatedPath?
        /// The maximum time before expiry at which the certificate is renewed.
        public var renewBefore: Duration
    }

    /// A user or group that must exist.
    public struct Account: Sendable, Hashable {
        public enum Kind: String, Sendable, Hashable { case user, group }
        public var kind: Kind
        /// The name or number of the account.
        public var name: String
        public var location: SourceLocation
    }

    /// A program, looked up in `PATH` unless its name contains a slash.
    public struct Command: Sendable, Hashable {
        public var name: LocatedPath
        /// The `PATH` that the task sets, or `nil` if it sets none.
        public var searchPath: String?
        /// The package that contains the program, if the agent itself needs the program.
        public var package: String?
    }

    public var reads: [Read] = []

    /// The key of the verb that can name the kubeconfig.
    public var kubeconfigKey = "kubeconfig"
    public var writes: [Write] = []
    var connections: [Connection] = []

    /// Whether the task examines the node's network interfaces.
    var watchesInterfaces = false

    public var issuedCertificate: IssuedCertificate?
    public var manifests: ManifestSet?

    /// The objects that must exist before the task succeeds.
    public var neededObjects: [ObjectReference] = []

    /// Whether the task waits until its applied objects are ready.
    public var awaitsRollout = false

    /// The digests of files that the task fetches from pinned URLs, without duplicates.
    public var pinnedDigests: [String] = []

    /// Whether the task unpacks an archive; it then keeps a list of the unpacked files in the cache.
    var unpacks = false

    /// The rule for deleting applied objects that the manifests no longer contain.
    public var pruning = ApplyDeclaration.Pruning.never

    /// The name of the set of applied objects; if `nil`, the task's name.
    var setName: String?

    /// The set whose objects are deleted.
    public var removedSet: String?
    public var deletedObjects: [ObjectReference] = []
    public var service: ServiceDeclaration?

    /// The socket of the containerd instance into which the task imports images.
    public var imageSocket: LocatedPath?
    public var accounts: [Account] = []
    public var command: Command?

    /// Texts that may contain more paths: arguments, the values of environment variables and shell commands.
    var texts: [String] = []

    /// Whether the task runs a program with unknown effects.
    public var runsPrograms = false

    /// Whether the task is confined to its declared access; only a task with verb `exec` can opt out.
    public var hasSandbox = true

    /// The capabilities that the task needs, such as `CAP_NET_ADMIN`.
    var capabilities: [String] = []
}

extension Footprint {
    /// The kubeconfig of the API server that the task connects to.
    public var kubeconfig: LocatedPath? { reads.first { $0.use == .kubeconfig }?.path }

    /// The paths that must exist for the task to succeed.
    public var requiredReads: [LocatedPath] { reads.filter { $0.use != .optional && $0.use != .awaited }.map(\.path) }

    /// The paths that the agent itself writes or that the task's program creates.
    public var producedPaths: [String] {
        writes.filter { $0.effect == .replaces || $0.effect == .creates }.map(\.path.path)
    }

    var writtenKubeconfig: LocatedPath? { writes.first { $0.kubeconfig != nil }?.path }

    /// Whether the task requests a certificate from the API server.
    public var requestsCertificate: Bool { issuedCertificate.map { $0.authority == nil } ?? false }

    /// Whether every path that the task writes is a product of the agent; `false` if it writes none.
    var hasOnlyProducts: Bool { !writes.isEmpty && writes.allSatisfy { $0.product != nil } }

    /// The directories that are created before the task's program runs.
    public var createdDirectories: [String] {
        writes.compactMap { write in
            switch write.effect {
            case .replaces, .creates: parent(of: write.path.path)
            case .modifies: write.path.path.endsWithSlash ? normalised(write.path.path) : nil
            case .removes: nil
            }
        }
    }

    /// The files and directories that must be writable for the task's program, without duplicates.
    var writablePaths: [String] {
        guard !hasOnlyProducts else { return [] }
        return writes.map { located($0.effect == .modifies ? $0.path.path : parent(of: $0.path.path)) }
            .unique { ExactText($0) }
    }

    var usesNetwork: Bool { connections.contains { $0 != .systemBus } }

    /// Whether the task has a directory in the cache, which survives a reboot.
    ///
    /// The directory is for fetched files and for lists of unpacked or imported content.
    public var keepsCache: Bool { manifests != nil || unpacks || !pinnedDigests.isEmpty || imageSocket != nil }

    /// Adds a kubeconfig and the connection to its API server.
    mutating func useAPIServer(_ kubeconfig: LocatedPath) {
        reads.append(.init(path: kubeconfig, use: .kubeconfig, sizeLimit: SizeLimit.configuration))
        connections.append(.apiServer)
    }

    /// Adds a file or URL that the task reads.
    mutating func use(_ source: FileSource, as use: Read.Use) {
        switch source {
        case .path(let path): reads.append(.init(path: path, use: use))
        case .url(let url, let digest, _):
            connections.append(.url(url))
            if !pinnedDigests.contains(digest) { pinnedDigests.append(digest) }
        }
    }

    /// Adds the API server of a task's lock, unless the task already uses a kubeconfig.
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
