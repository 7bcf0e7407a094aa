public import YAML

/// Verb `kubeconfig`: a kubeconfig is to be written from certificates.
public struct KubeconfigDeclaration: Sendable, Hashable {
    /// The file to write.
    public var path: PathReference
    /// The user's name in the file.
    public var user: String
    /// The cluster's name in the file: the task's `cluster`, else the cluster section's name, else `default`.
    public var clusterName: String
    /// The context's name, `default` unless said.
    public var context: String
    /// The namespace of the context, if any.
    public var namespace: String?
    /// The server's URL with its place: the task's `server`, else the cluster section's for the node's role.
    public var server: PathReference
    /// The CA's file: the task's `certificateAuthority`, else the cluster section's.
    public var certificateAuthority: PathReference
    /// The client certificate's file.
    public var certificate: PathReference
    /// The client key's file.
    public var key: PathReference
    /// Whether credentials stand in the file (`inline`) or are named by path (`path`, the default): key `credentials`.
    public var inlineCredentials: Bool
}

/// Verb `symlink`: a symbolic link is to point at a target.
public struct SymlinkDeclaration: Sendable, Hashable {
    /// Where the link is.
    public var path: PathReference
    /// What it points at, as written into the link.
    public var target: String
    /// Whether a real file or directory in the way is replaced.
    public var replace: Bool
}

/// Verb `file`: a file is to have a content.
public struct FileDeclaration: Sendable, Hashable {
    /// Where the content comes from.
    public enum Source: Sendable, Hashable {
        /// Another file, copied byte by byte.
        case path(PathReference)
        /// Text in the task file.
        case content(String)
    }
    /// The file to write.
    public var path: PathReference
    /// Its content.
    public var source: Source
    /// Its permissions, 0644 unless said.
    public var mode: UInt16
    /// Its owner's name or number, the agent's own unless said.
    public var owner: String?
    /// Its group's name or number, the agent's own unless said.
    public var group: String?
}

/// Verb `apply`: manifests are to be on the API server.
public struct ApplyDeclaration: Sendable, Hashable {
    /// Where a manifest comes from.
    public enum Manifest: Sendable, Hashable {
        /// A file, or a directory of files.
        case path(PathReference)
        /// A URL with the SHA-256 digest of what it answers, in lower-case hexadecimal.
        case url(String, sha256: String, Place)
    }
    /// What happens to a field that another manager owns.
    public enum Conflicts: String, Sendable, Hashable, CaseIterable {
        /// The conflict is reported and the object fails.
        case report
        /// The field is taken over.
        case takeOver = "take-over"
    }
    /// The kubeconfig: the task's own, else that of the `kubeconfig` task which it comes after.
    public var kubeconfig: PathReference?
    /// The manifests, in the order of the task file.
    public var manifests: [Manifest]
    /// What happens on a conflict, `report` unless said.
    public var conflicts: Conflicts
    /// Whether `${name}` in the manifests' scalars is replaced.
    public var substitute: Bool
    /// Whether the task waits until its objects are ready: `wait: rollout`.
    public var waitsForRollout: Bool
    /// Labels put on every object besides the agent's own.
    public var labels: [String: String]
    /// Whether a DaemonSet for which no node is eligible counts as ready, with `minNodes: 0`.
    public var minimumNodeCount: Int
}

/// Verb `exec`: a program is to be run.
public struct ExecDeclaration: Sendable, Hashable {
    /// What is run.
    public enum Program: Sendable, Hashable {
        /// A script, run by `/bin/sh -e` unless it is executable itself: key `script`.
        case script(PathReference)
        /// A command, looked up in PATH unless it has a slash: key `command`.
        case command(String, Place)
    }
    /// What is run.
    public var program: Program
    /// Its arguments.
    public var arguments: [String]
    /// Variables set besides the agent's own environment.
    public var environment: [String: String]
    /// Shell commands run first, by `/bin/sh -e`.
    public var preStart: String?
    /// A path whose existence means that there is nothing left to do.
    public var creates: PathReference?
}

/// Verb `wait`: something is to have come about.
public struct WaitDeclaration: Sendable, Hashable {
    /// What is waited for.
    public enum Condition: Sendable, Hashable {
        /// All three gates of the API server of a kubeconfig: `wait: {apiServer: PATH}`, or `true` for the one a task it comes after writes.
        case apiServer(kubeconfig: PathReference?)
        /// A TCP port that accepts a connection: `wait: {tcp: "HOST:PORT"}`.
        case tcp(host: String, port: UInt16)
        /// A path that exists: `wait: {file: PATH}`.
        case file(PathReference)
        /// A URL that answers 2xx, with the CA that its server is checked against: `wait: {url: URL, certificateAuthority: PATH}`.
        case url(String, certificateAuthority: PathReference?)
        /// A systemd unit that is active: `wait: {unit: NAME}`.
        case unit(String)
        /// An object that is ready: `wait: {object: {apiVersion, kind, name, namespace}, kubeconfig: PATH}`.
        case object(ObjectReference, kubeconfig: PathReference?)
    }
    /// An object of the API server, named.
    public struct ObjectReference: Sendable, Hashable {
        /// Its group and version, such as `apps/v1`.
        public var apiVersion: String
        /// Its kind, such as `DaemonSet`.
        public var kind: String
        /// Its namespace, or `nil` for the context's.
        public var namespace: String?
        /// Its name.
        public var name: String
    }
    /// What is waited for.
    public var condition: Condition
    /// Where the task file says so.
    public var place: Place
}
