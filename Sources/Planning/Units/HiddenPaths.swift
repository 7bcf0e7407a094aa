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
        "/etc/ca-certificates", "/etc/pki/tls", "/etc/ssl", records, "/usr", "/var/lib/nest-bootstrap",
    ]

    /// The records of the tasks, which every unit sees.
    private static let records = "/run/nest-bootstrap"

    /// The socket directory of the system's bus.
    private static let bus = "/run/dbus"

    /// Where programs write to the journal, by `syslog` and `systemd-cat`.
    private static let journal = ["/run/systemd/journal/dev-log", "/run/systemd/journal/stdout"]

    /// The paths that every task reads: the task files, as they are named and where links lead.
    private let taskFiles: [String]

    /// Where the links on the way of each path that a task reads lead.
    private var links: [String: [String]] = [:]

    /// Where the configuration of the resolver really is.
    private let resolver: [String]

    /// The directories of which a unit sees only what its task names, each before those in it.
    private let closed: [ClosedDirectory]

    /// Where Kubernetes keeps the keys of the control plane, and tasks those of others.
    static let kubernetes = "/etc/kubernetes"

    /// The root below which tasks write, where nothing is closed; empty without one.
    private let root: String

    private static let resolver = "/etc/resolv.conf"

    /// Finds the secret paths of a plan.
    ///
    /// - Parameters:
    ///   - plan: The plan.
    ///   - taskFiles: The paths that every task reads.
    ///   - root: The root below which tasks write, empty without one.
    ///   - linkedNames: Returns where the links on the way of a path lead.
    ///   - exists: Returns whether a directory exists.
    init(
        _ plan: Plan,
        taskFiles: [String],
        root: String,
        linkedNames: (String) -> [String],
        exists: (String) -> Bool,
    ) {
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
                if let directory = Self.secretDirectory(of: path, open), known.insert(directory).inserted {
                    directories.append(directory)
                }
                if known.insert(path).inserted { files.append(path) }
            }
        }
        self.root = root
        closed =
            root.isEmpty
            ? Self.closed(directories, plan, exists) : UnitView.everywhere.map { .init(path: $0, isSecret: false) }
        mentions = PathMentions(files + directories + Self.everywhere)
        let covers = Set(directories + Self.everywhere + closed.map(\.path))
        for file in files {
            if let cover = Self.outermost(of: covers, above: file) {
                filesBelow[cover, default: []].append(file)
            } else {
                looseFiles.append(file)
            }
        }
    }

    /// The directories that are closed on every node, and those of secrets.
    private static func closed(_ secret: [String], _ plan: Plan, _ exists: (String) -> Bool) -> [ClosedDirectory] {
        // systemd creates a directory that is to be empty, which it cannot where a distribution keeps /etc read-only.
        let isUsed = plan.steps.lazy.map(\.task.footprint).contains { footprint in
            footprint.writes.contains { isPath(located($0.path.path), at: kubernetes) }
        }
        let usual = UnitView.everywhere + (isUsed || exists(kubernetes) ? [kubernetes] : [])
        return
            (usual.map { ClosedDirectory(path: $0, isSecret: false) }
            + secret.filter { !usual.contains($0) }.map { ClosedDirectory(path: $0, isSecret: true) })
            .sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    /// The directory of a secret, unless it is one that every unit needs or that has more than secrets.
    private static func secretDirectory(of secret: String, _ open: [String]) -> String? {
        let directory = parent(of: secret)
        let isOpen = open.contains { isPath($0, at: directory) || isPath(directory, at: $0) }
        // Directories such as /etc and /run, and those of the settings of a service, such as /etc/sysctl.d.
        let isShared = !directory.dropFirst().contains("/") || directory.hasSuffix(".d")
        return isShared || isOpen || everywhere.contains(directory) ? nil : directory
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

    /// What a task's unit sees and hides.
    struct Sight {
        /// What it sees of closed directories.
        var view: UnitView
        /// Paths that the drop-in of all units does not hide.
        var own: [String] = []
        /// Paths that the drop-in of all units hides and this task may see.
        var open: [String]
        /// Whether the task uses a kubeconfig that no task of the plan writes, which may refer to any file.
        var mayReadAnything = false
        /// Whether the unit sees nothing but the base system and what its task names.
        var isRootEmpty = false
    }

    /// The paths that the texts of a task name, and what they refer to.
    ///
    /// A text that names a directory such as `/etc` asks for nothing in it.
    private func mentioned(by footprint: Footprint) -> [String] {
        let known = footprint.texts.flatMap(mentions.found)
        let usual = UnitView.everywhere + [Self.kubernetes]
        let others = footprint.texts.flatMap(pathsNamed).map(located).filter { path in
            !usual.contains { isPath($0, at: path) } && !isPath(path, at: Self.records)
        }
        return known + known.flatMap { references[$0] ?? [] } + others
    }

    /// Whether the program of a task needs a capability to read what the task names, as it may belong to another user.
    ///
    /// A program that may write anywhere may read everything too.
    func mayNameFilesOfOthers(_ footprint: Footprint) -> Bool {
        guard footprint.runsPrograms else { return false }
        if footprint.writesAnywhere
            || footprint.reads.contains(where: { $0.use == .optional && !isSocket($0.path.path) })
        {
            return true
        }
        let written = footprint.writablePaths
        let secret = [UnitView.run, Self.kubernetes] + directories
        let known = footprint.texts.flatMap(mentions.found)
        return (known + mentioned(by: footprint)).contains { path in
            !isSocket(path) && !written.contains { isPath(path, at: $0) }
                && (known.contains(path) || secret.contains { isPath(path, at: $0) })
                && !Self.essential.contains { isPath(path, at: $0) }
        }
    }

    private func isSocket(_ path: String) -> Bool { path.hasSuffix(".sock") }

    /// Finds what the unit of a task sees.
    ///
    /// - Parameters:
    ///   - footprint: What the task reads and writes.
    ///   - looksAt: The directories in which it looks at single paths.
    ///   - user: Who its unit runs as.
    /// - Returns: What it sees and hides.
    func sight(of footprint: Footprint, lookingAt looksAt: [String], as user: UnitUsers.Settings) -> Sight {
        var named = paths(readBy: footprint)
        var modified: [String] = []
        for write in footprint.writes {
            let path = located(write.path.path)
            if write.effect == .modifies { modified.append(path) } else { named.append(path) }
        }
        named += mentioned(by: footprint)
        // In an empty root directory there is no link from here to /run.
        let texts = footprint.texts.flatMap(pathsNamed) + footprint.reads.map(\.path.path)
        let aliases = texts.filter { isPath(normalised($0), at: "/var/run") }
        if footprint.connections.contains(.systemBus) { named.append(Self.bus) }
        if footprint.runsPrograms { named += Self.journal }

        // A task that writes a directory does not read everything in it.
        let written = footprint.writablePaths
        let isNamed = { (secret: String) in
            named.contains { isPath($0, at: secret) || isPath(secret, at: $0) }
                || written.contains { isPath($0, at: secret) }
        }
        let needed = Self.everywhere.filter(isNamed)
        let isForeign = footprint.kubeconfig.map { references[located($0.path)] == nil } ?? false
        var names = UnitView.Names(
            reads: named,
            writes: root.isEmpty ? written : [root],
            looksAt: looksAt,
            awaited: footprint.reads.filter { $0.use == .awaited }.map { located($0.path.path) },
            readsAnything: isForeign,
            writesAnywhere: footprint.writesAnywhere,
            runsPrograms: footprint.runsPrograms,
        )
        let isRootEmpty =
            root.isEmpty && user.capabilities.contains(UnitSandbox.reading) && !isForeign && names.awaited.isEmpty
            && !written.contains("/") && !footprint.writes.contains { parent(of: $0.path.path) == "/" }
        if isRootEmpty { names.reads += aliases.map(normalised) }
        let view = UnitView(of: names, closed: closed, isRootEmpty: isRootEmpty)
        if isForeign {
            let open = Self.everywhere.filter { needed.contains($0) || Self.credentialPaths.contains($0) }
            return Sight(view: view, open: open, mayReadAnything: true)
        }
        var sight = Sight(view: view, open: needed, isRootEmpty: isRootEmpty)
        if user.isUnprivileged {
            sight.open = Self.everywhere.filter { needed.contains($0) || Self.closedToUsers.contains($0) }
        }
        // Below a root a unit may write everything, and no directory is empty.
        if !root.isEmpty { sight.own = Array(directories.lazy.filter { !isNamed($0) }.prefix(Limit.hiddenCount)) }
        let shown = view.opened + needed + (root.isEmpty ? [] : directories.filter(isNamed))
        let hidden = Self.everywhere.filter { !sight.open.contains($0) }
        for file in ([looseFiles] + shown.map { filesBelow[$0] ?? [] }).joined() {
            guard sight.own.count < Limit.hiddenCount else { break }
            let isSeen = named.contains { isPath(file, at: $0) } || modified.contains { isPath(file, at: $0) }
            let isClosed = user.isUnprivileged && ownersFiles.contains(file)
            let isCovered = (sight.own + hidden).contains { isPath(file, at: $0) }
            if !isSeen, !isClosed, !isCovered, view.mayShow(file) {
                sight.own.append(file)
            }
        }
        return sight
    }
}
