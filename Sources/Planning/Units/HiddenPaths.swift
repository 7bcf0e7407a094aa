/// The paths that units hide, and which tasks see which of them.
///
/// Secret are the directory of every client key, every kubeconfig, every file that only its owner may read, with its source,
/// and on every machine the paths of ``everywhere``.
struct HiddenPaths {
    /// The secret files that are in no secret directory, each once.
    private var looseFiles: [String] = []
    /// The secret directories, each once, in the order of the plan.
    private var directories: [String] = []
    /// The secret files below each secret directory.
    private var filesBelow: [String: [String]] = [:]
    /// The files that each kubeconfig refers to which a task of the plan writes.
    private var references: [String: [String]] = [:]
    /// What tasks of the plan write for the owner alone.
    private var ownersFiles: Set<String> = []
    /// Finds secret paths in texts.
    private let mentions: PathMentions

    /// What every machine has and a task sees only if it says so.
    ///
    /// In addition to passwords and keys these are the sockets of services that can do what a unit may not. The drop-in
    /// of all units hides them too.
    static let everywhere = ofNoTask + credentialPaths

    /// The subset that no task needs.
    static let ofNoTask = [
        "/etc/credstore", "/etc/credstore.encrypted", "/etc/gshadow", "/etc/gshadow-", "/etc/rancher", "/etc/shadow",
        "/etc/shadow-", "/etc/ssh", "/etc/ssl/private", "/etc/wireguard", "/run/containerd/containerd.sock",
        "/run/cri-dockerd.sock", "/run/crio/crio.sock", "/run/dbus", "/run/docker.sock", "/run/initctl",
        "/run/k3s/containerd/containerd.sock", "/run/podman/podman.sock", "/run/systemd/io.system.ManagedOOM",
        "/run/systemd/private", "/run/udev/control", "/var/lib/containerd", "/var/lib/containers", "/var/lib/docker",
        "/var/lib/etcd", "/var/lib/private", "/var/lib/rancher",
    ]

    /// The subset whose secrets the distribution opens to root alone; units of ``unitUser`` need not hide it.
    ///
    /// systemd makes every mount of a unit for each of its commands, and reads the table of all mounts several times for it.
    private static let closedToUsers: Set = [
        "/etc/credstore", "/etc/credstore.encrypted", "/etc/gshadow", "/etc/gshadow-", "/etc/shadow", "/etc/shadow-",
        "/etc/ssh", "/etc/ssl/private", "/var/lib/private",
    ]

    /// Where Kubernetes keeps keys.
    ///
    /// A task that names one file of a directory does not see the keys of the control plane in it.
    private static let credentialPaths = [
        "/etc/kubernetes/admin.conf", "/etc/kubernetes/controller-manager.conf", "/etc/kubernetes/kubelet.conf",
        "/etc/kubernetes/pki", "/etc/kubernetes/pki/ca.key", "/etc/kubernetes/pki/etcd",
        "/etc/kubernetes/pki/front-proxy-ca.key", "/etc/kubernetes/pki/sa.key", "/etc/kubernetes/scheduler.conf",
        "/etc/kubernetes/super-admin.conf", "/var/lib/kubelet", "/var/lib/kubelet/pki", "/var/lib/kubelet/pods",
    ]

    /// What the agent itself needs in every unit, in addition to its task files.
    private static let essential = [
        "/etc/ca-certificates", "/etc/pki/tls", "/etc/ssl", "/run/nest-bootstrap", "/usr", "/var/lib/nest-bootstrap",
    ]

    /// The socket directory of the system's bus.
    private static let bus = "/run/dbus"

    /// The paths that every task reads: the task files, as they are named and where links lead.
    private let taskFiles: [String]

    /// Where the links on the way of each path that a task reads lead.
    private var links: [String: [String]] = [:]

    /// Where the configuration of the resolver really is.
    private let resolver: [String]

    private static let resolver = "/etc/resolv.conf"

    /// Finds the secret paths of a plan.
    ///
    /// - Parameters:
    ///   - plan: The plan.
    ///   - taskFiles: The paths that every task reads.
    ///   - linkedNames: Returns where the links on the way of a path lead.
    init(_ plan: Plan, taskFiles: [String], linkedNames: (String) -> [String]) {
        func others(_ path: String) -> [String] { [path] + linkedNames(path).map(located) }
        self.taskFiles = taskFiles.map(located).flatMap(others)
        resolver = linkedNames(Self.resolver).map(located)
        let open = Self.essential + self.taskFiles
        var files: [String] = []
        var known: Set<String> = []
        for footprint in plan.steps.lazy.map(\.task.footprint) {
            for path in footprint.reads.map({ located($0.path.path) }) where links[path] == nil {
                links[path] = Array(others(path).dropFirst())
            }
            for read in footprint.reads where [.secret, .clientKey, .kubeconfig, .privateKey].contains(read.use) {
                let path = located(read.path.path)
                if read.use == .clientKey, let directory = Self.secretDirectory(of: path, open),
                    known.insert(directory).inserted
                {
                    directories.append(directory)
                }
                if known.insert(path).inserted { files.append(path) }
            }
            for write in footprint.writes where write.isSecret {
                let path = located(write.path.path)
                ownersFiles.insert(path)
                if let files = write.kubeconfigFiles { references[path] = files.map(located).flatMap(others) }
                if known.insert(path).inserted { files.append(path) }
            }
        }
        mentions = PathMentions(files + directories + Self.everywhere)
        let covers = Set(directories + Self.everywhere)
        for file in files {
            if let cover = Self.outermost(of: covers, above: file) {
                filesBelow[cover, default: []].append(file)
            } else {
                looseFiles.append(file)
            }
        }
    }

    /// The directory of a client key, unless it is one that every unit needs or that has more than keys.
    private static func secretDirectory(of key: String, _ open: [String]) -> String? {
        let directory = parent(of: key)
        let isOpen = open.contains { isPath($0, at: directory) || isPath(directory, at: $0) }
        // Directories such as /etc and /run.
        let isTop = !directory.dropFirst().contains("/")
        return isTop || isOpen || everywhere.contains(directory) ? nil : directory
    }

    /// The outermost of some directories that a file is in.
    private static func outermost(of directories: Set<String>, above file: String) -> String? {
        var found: String?
        var path = file
        while path != "/" {
            if directories.contains(path) { found = path }
            path = parent(of: path)
        }
        return found
    }

    /// The paths that a task reads, also by way of the kubeconfig that another task writes.
    func paths(readBy footprint: Footprint) -> [String] {
        let named = footprint.reads.map { located($0.path.path) }.flatMap { [$0] + (links[$0] ?? []) }
        return named + named.flatMap { references[$0] ?? [] } + taskFiles + (footprint.usesNetwork ? resolver : [])
    }

    /// What a task's unit hides.
    struct Hidden {
        /// Paths that the drop-in of all units does not hide.
        var own: [String]
        /// Paths that the drop-in of all units hides and this task may see.
        var open: [String]
        /// Whether the task uses a kubeconfig that no task of the plan writes, which may refer to any file.
        var mayReadAnything = false
    }

    /// Finds the secret paths that a task does not name.
    ///
    /// - Parameters:
    ///   - footprint: What the task reads and writes.
    ///   - isUnprivileged: Whether the task's unit runs as ``unitUser``, without capabilities.
    /// - Returns: What its unit hides.
    func hidden(from footprint: Footprint, isUnprivileged: Bool) -> Hidden {
        var named = paths(readBy: footprint)
        var modified: [String] = []
        for write in footprint.writes {
            let path = located(write.path.path)
            if write.effect == .modifies { modified.append(path) } else { named.append(path) }
        }
        let mentioned = footprint.texts.flatMap(mentions.found)
        named += mentioned + mentioned.flatMap { references[$0] ?? [] }
        if footprint.connections.contains(.systemBus) { named.append(Self.bus) }

        // A task that writes a directory does not read everything in it.
        let written = footprint.writablePaths
        let isNamed = { (secret: String) in
            named.contains { isPath($0, at: secret) || isPath(secret, at: $0) }
                || written.contains { isPath($0, at: secret) }
        }
        let needed = Self.everywhere.filter(isNamed)
        if let kubeconfig = footprint.kubeconfig, references[located(kubeconfig.path)] == nil {
            return Hidden(
                own: [],
                open: Self.everywhere.filter { needed.contains($0) || Self.credentialPaths.contains($0) },
                mayReadAnything: true,
            )
        }
        var own = Array(directories.lazy.filter { !isNamed($0) }.prefix(Limit.hiddenCount))
        let covers = own + Self.everywhere.filter { !needed.contains($0) }
        let shown = needed + (own.count < Limit.hiddenCount ? directories.filter(isNamed) : [])
        for file in ([looseFiles] + shown.map { filesBelow[$0] ?? [] }).joined() {
            guard own.count < Limit.hiddenCount else { break }
            let isSeen = named.contains { isPath(file, at: $0) } || modified.contains { isPath(file, at: $0) }
            let isClosed = isUnprivileged && ownersFiles.contains(file)
            if !isSeen, !isClosed, !covers.contains(where: { isPath(file, at: $0) }) { own.append(file) }
        }
        let open = Self.everywhere.filter { needed.contains($0) || isUnprivileged && Self.closedToUsers.contains($0) }
        return Hidden(own: own, open: open)
    }
}

/// Finds known paths in texts.
private struct PathMentions {
    private let paths: Set<String>
    private let lengths: [Int]

    init(_ paths: [String]) {
        self.paths = Set(paths)
        lengths = Set(paths.map(\.utf8.count)).sorted()
    }

    /// The known paths that a text contains.
    func found(in text: String) -> [String] {
        var found: [String] = []
        var rest = text[...]
        while let slash = rest.firstIndex(of: "/") {
            rest = rest[slash...]
            for length in lengths where length <= rest.utf8.count {
                let candidate = String(decoding: rest.utf8.prefix(length), as: UTF8.self)
                if paths.contains(candidate) { found.append(candidate) }
            }
            rest = rest.dropFirst()
        }
        return found
    }
}
