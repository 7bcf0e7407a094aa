import Base

/// The secrets of a plan and of every node, and the secrets that each unit sees.
///
/// Secrets are client keys, other private keys, kubeconfigs, files that only their owners may read and the sources of
/// such files, and the paths of ``hiddenOnNode``.
struct HiddenPaths {
    /// The directories of the plan's secrets.
    private var directories: [ExactText: ClosedDirectory.Kind] = [:]
    /// The secret files without duplicates, in the order of the plan.
    private var files: [String] = []
    private var knownFiles: Set<ExactText> = []
    /// The files that each kubeconfig of the plan refers to.
    private var references: [ExactText: [String]] = [:]
    /// The files that tasks of the plan write for the owner alone.
    private var ownersFiles: Set<ExactText> = []
    private var closed = ClosedPaths([], files: [], rootOnly: [])

    /// Paths on every node that are visible only to tasks that name them.
    ///
    /// The paths hold passwords and keys, or are sockets of services that have more rights than a unit.
    static let hiddenOnNode = ofNoTask + credentialPaths

    /// The paths of ``hiddenOnNode`` that the drop-in of all units does not hide, as most units do not see their
    /// directories.
    ///
    /// A shorter list saves time: systemd creates every mount of a unit for each command of the unit, and reads the table
    /// of all mounts several times for each path, even for a path that does not exist.
    static let hiddenByUnits = hiddenOnNode.filter { path in
        (UnitView.emptiedByDropIn + [kubernetes]).contains { isPath(path, at: $0) }
    }

    /// The paths of ``hiddenOnNode`` that no task needs.
    static let ofNoTask = [
        "/etc/credstore", "/etc/credstore.encrypted", "/etc/gshadow", "/etc/gshadow-", "/etc/rancher", "/etc/shadow",
        "/etc/shadow-", "/etc/ssh", "/etc/ssl/private", "/etc/wireguard", "/run/containerd/containerd.sock",
        "/run/cri-dockerd.sock", "/run/crio/crio.sock", "/run/dbus", "/run/docker.sock", "/run/initctl",
        "/run/k3s/containerd/containerd.sock", "/run/podman/podman.sock", "/run/systemd/io.system.ManagedOOM",
        "/run/systemd/private", "/run/udev/control", "/var/lib/containerd", "/var/lib/containers", "/var/lib/docker",
        "/var/lib/etcd", "/var/lib/private", "/var/lib/rancher",
    ]

    /// The paths of ``hiddenOnNode`` that only root can read by default and units of ``unitUser`` need not hide.
    private static let closedToUsers: Set<ExactText> = [
        "/etc/credstore", "/etc/credstore.encrypted", "/etc/gshadow", "/etc/gshadow-", "/etc/shadow", "/etc/shadow-",
        "/etc/ssh", "/etc/ssl/private", "/var/lib/private",
    ]

    /// The paths at which Kubernetes keeps keys.
    ///
    /// A task that names one file of a directory does not see the control plane's keys in the same directory.
    private static let credentialPaths = [
        "/etc/kubernetes/admin.conf", "/etc/kubernetes/controller-manager.conf", "/etc/kubernetes/kubelet.conf",
        "/etc/kubernetes/pki", "/etc/kubernetes/pki/ca.key", "/etc/kubernetes/pki/etcd",
        "/etc/kubernetes/pki/front-proxy-ca.key", "/etc/kubernetes/pki/sa.key", "/etc/kubernetes/scheduler.conf",
        "/etc/kubernetes/super-admin.conf", "/var/lib/kubelet", "/var/lib/kubelet/pki", "/var/lib/kubelet/pods",
    ]

    /// The directories that are not closed because the program needs them in every unit.
    private static let essential = [
        "/etc/ca-certificates", "/etc/pki/tls", "/etc/ssl", "/nix", records, "/usr", "/var/lib/nest-bootstrap",
    ]

    /// The records of the tasks, which every unit sees.
    private static let records = "/run/nest-bootstrap"

    /// The socket directory of the system's bus.
    private static let bus = "/run/dbus"

    /// The paths by which programs find systemd without the system bus, and see that it runs.
    private static let manager = ["/run/systemd/private", "/run/systemd/system"]

    /// The sockets at which programs write to the journal, by `syslog` and `systemd-cat`.
    private static let journal = ["/run/systemd/journal/dev-log", "/run/systemd/journal/stdout"]

    /// The paths that every task reads: the program and the task files, with the targets of links.
    private let ofEveryTask: [String]

    /// The targets of the links along each path that a task reads.
    private var links: [ExactText: [String]] = [:]

    /// The targets of the links along the path of the resolver's configuration.
    private let resolverLinks: [String]

    /// The directory that contains the control plane's keys, among other files.
    static let kubernetes = "/etc/kubernetes"

    /// The root below which tasks write, or an empty string.
    ///
    /// If the root is not empty, no directory is replaced by an empty directory.
    private let root: String

    /// Finds the secret paths of a plan.
    ///
    /// - Parameters:
    ///   - plan: The plan.
    ///   - call: The invocation of the program by the units.
    ///   - linkedNames: Returns the targets of the links along a path.
    ///   - exists: Returns whether a directory exists.
    init(
        _ plan: Plan,
        _ call: ProgramInvocation,
        linkedNames: (String) -> [String],
        exists: (String) -> Bool,
    ) {
        let programDirectories = plan.programDirectories
        /// Returns the targets of the links along a path, except for links that a program may have created.
        func others(_ path: String) -> [String] {
            let around = programDirectories.filter { isPath(path, below: $0) }.min { $0.utf8.count < $1.utf8.count }
            guard let around else { return linkedNames(path).map(located) }
            return linkedNames(around).map { located($0) + path.pathPart(after: around) }
        }
        ofEveryTask = [call.program] + call.taskFiles.map(located).flatMap { [$0] + others($0) }
        resolverLinks = others("/etc/resolv.conf")
        root = call.root
        for footprint in plan.steps.lazy.map(\.task.footprint) {
            for read in footprint.reads { add(read, call, others) }
            for write in footprint.writes where write.isSecret { add(write, call, others) }
            for directory in footprint.closedDirectories(beside: call.taskFiles) {
                directories[ExactText(directory)] = .made
            }
        }
        let kubernetes = ExactText(Self.kubernetes)
        directories[kubernetes] = directories[kubernetes] ?? (exists(Self.kubernetes) ? .made : nil)
        closed = ClosedPaths(closedDirectories(others), files: files, rootOnly: Self.closedToUsers)
    }

    /// Adds a path that a task reads; `others` returns the targets of the links along a path.
    private mutating func add(_ read: Footprint.Read, _ call: ProgramInvocation, _ others: (String) -> [String]) {
        let path = located(read.path.path)
        let linked = links[ExactText(path)] ?? others(path)
        links[ExactText(path)] = linked
        guard [.secret, .clientKey, .kubeconfig, .privateKey].contains(read.use) else { return }
        for secret in [path] + linked {
            if knownFiles.insert(ExactText(secret)).inserted { files.append(secret) }
            guard read.use == .clientKey || read.use == .privateKey else { continue }
            for directory in Self.closedDirectories(of: secret, beside: call.taskFiles) {
                directories[ExactText(directory)] = directories[ExactText(directory)] ?? .foreign
            }
        }
    }

    /// Adds a secret file that a task writes.
    private mutating func add(_ write: Footprint.Write, _ call: ProgramInvocation, _ others: (String) -> [String]) {
        let path = located(write.path.path)
        if let files = write.kubeconfig?.files {
            references[ExactText(path)] = files.map(located).flatMap { [$0] + others($0) }
        }
        let linked = others(path)
        for path in [path] + linked {
            ownersFiles.insert(ExactText(path))
            if knownFiles.insert(ExactText(path)).inserted { files.append(path) }
        }
        for directory in linked.flatMap({ Self.closedDirectories(of: $0, beside: call.taskFiles) }) {
            directories[ExactText(directory)] = .made
        }
    }

    /// Returns the directories of the plan and of every node that are empty in units or hidden from units.
    private func closedDirectories(_ others: (String) -> [String]) -> Set<ClosedDirectory> {
        var all = Set(UnitView.emptiedByDropIn.map { ClosedDirectory(path: $0, kind: .usual) })
        for (path, kind) in directories.map({ ($0.text, $1) })
        where !UnitView.emptiedByDropIn.containsExactly(path) && !Self.hiddenOnNode.containsExactly(path) {
            let isUsual = path == Self.kubernetes && root.isEmpty
            var directory = ClosedDirectory(path: path, kind: isUsual ? .usual : kind)
            // Below a root, the secrets are also at other paths. In a path, a colon would begin the mount's options,
            // and systemd removes backslashes twice.
            directory.mayBeEmptied =
                root.isEmpty && !path.utf8.contains { [UInt8(ascii: ":"), UInt8(ascii: "\\")].contains($0) }
            all.insert(directory)
        }
        if root.isEmpty, directories[ExactText(Self.kubernetes)] == nil {
            var directory = ClosedDirectory(path: Self.kubernetes, kind: .absent)
            directory.mayBeEmptied = false
            all.insert(directory)
        }
        for path in Self.hiddenOnNode {
            let mayHoldCredentials = Self.credentialPaths.contains(path)
            // A task of the plan may be the first to create the directory.
            let kind = root.isEmpty && directories[ExactText(path)] == .made ? ClosedDirectory.Kind.made : .foreign
            all.insert(
                ClosedDirectory(path: path, kind: kind, isOfNode: true, mayHoldCredentials: mayHoldCredentials)
            )
            // The path may be a link to state that was moved to another disk.
            for other in others(path) where other.pathParts.count > 1 {
                all.insert(ClosedDirectory(path: other, kind: .foreign, mayHoldCredentials: mayHoldCredentials))
            }
        }
        return all
    }

    /// Returns the paths that a task's keys name, and the files to which the kubeconfigs among these paths refer.
    func paths(readBy footprint: Footprint) -> [String] {
        let named = footprint.reads.map { located($0.path.path) }.flatMap { [$0] + (links[ExactText($0)] ?? []) }
        let referred = named.flatMap { references[ExactText($0)] ?? [] }
        return named + referred + ofEveryTask.dropFirst() + (footprint.usesNetwork ? resolverLinks : [])
    }

    /// Returns the paths that the texts of a task mention.
    ///
    /// A directory such as `/etc` is ignored, because mentioning it does not name any path in it.
    private func mentioned(by footprint: Footprint) -> [String] {
        let usual = UnitView.emptiedByDropIn + [Self.kubernetes]
        return footprint.texts.flatMap(pathsNamed).map(located).filter { path in
            !usual.contains { isPath($0, at: path) } && !isPath(path, at: Self.records)
        }
    }

    /// Returns whether a task's program needs a capability in order to read files that may belong to another user.
    ///
    /// A program that may write anywhere may also read everything.
    func namesFilesOfOthers(_ footprint: Footprint) -> Bool {
        guard footprint.runsPrograms else { return false }
        let isRead = footprint.reads.contains { $0.use == .optional && !$0.path.path.hasSuffix(".sock") }
        if footprint.writesAnywhere || isRead { return true }
        let written = footprint.writablePaths
        return mentioned(by: footprint).contains { path in
            guard !path.hasSuffix(".sock"), !(written + Self.essential).contains(where: { isPath(path, at: $0) }) else {
                return false
            }
            let around = ClosedPaths.directories(around: [path + "/"])
            let places = Self.hiddenOnNode + [UnitView.run, Self.kubernetes]
            return knownFiles.contains(ExactText(path)) || places.exact.contains(where: around.contains)
                || around.contains { directories[$0] != nil }
        }
    }

    /// Determines the view of the unit of a task.
    ///
    /// - Parameters:
    ///   - footprint: The paths that the task reads and writes.
    ///   - looksAt: The directories in which the task looks at single paths.
    ///   - user: The user of the unit.
    /// - Returns: The view of the unit.
    func view(of footprint: Footprint, lookingAt looksAt: [String], as user: UnitUsers.Settings) -> UnitView {
        let mentions = mentioned(by: footprint)
        var names = UnitView.Names(
            reads: paths(readBy: footprint) + mentions.flatMap { references[ExactText($0)] ?? [] }
        )
        names.mentions = mentions
        names.looksAt = looksAt
        names.writes = root.isEmpty ? footprint.writablePaths : [root]
        for write in footprint.writes {
            let path = located(write.path.path)
            if write.effect == .modifies { names.modifies.append(path) } else { names.products.insert(ExactText(path)) }
        }
        names.awaited = footprint.reads.filter { $0.use == .awaited }.map { located($0.path.path) }
        names.readsAnything = footprint.kubeconfig.map { references[ExactText(located($0.path))] == nil } ?? false
        names.writesAnywhere = footprint.writesAnywhere
        names.runsPrograms = footprint.runsPrograms
        names.isUnprivileged = user.isUnprivileged
        names.ownersFiles = ownersFiles
        if footprint.connections.contains(.systemBus) { names.reads.append(Self.bus) }
        if footprint.runsPrograms { names.reads += Self.journal }
        if footprint.runsPrograms, footprint.connections.contains(.systemBus) { names.reads += Self.manager }
        let isRootEmpty =
            root.isEmpty && UnitSandbox.readsAnything(with: user.capabilities, footprint) && !names.readsAnything
            && names.awaited.isEmpty && !names.writes.contains("/")
            && !footprint.writes.contains { parent(of: $0.path.path) == "/" }
        if isRootEmpty {
            names.reads.append(ofEveryTask[0])
            // A unit with an empty root directory has no link from /var/run to /run.
            names.reads += Self.aliases(footprint.texts.flatMap(pathsNamed) + footprint.reads.map(\.path.path))
            names.writes += Self.aliases(footprint.writes.map(\.path.path))
        }
        return UnitView(of: names, closed: closed, isRootEmpty: isRootEmpty)
    }

    /// Returns the paths, as written, that lead through a link of the system such as `/var/run`.
    private static func aliases(_ paths: [String]) -> [String] {
        paths.map(normalised).filter { located($0) != $0 }
    }
}

extension HiddenPaths {
    /// Finds the directories around a secret that may be closed.
    ///
    /// - Parameters:
    ///   - secret: The path of the file.
    ///   - taskFiles: The task files, whose directories every unit sees.
    /// - Returns: The secret's directory, unless the directory is shared or every unit needs it, and all directories
    ///   around the secret that the drop-in of all units hides.
    static func closedDirectories(of secret: String, beside taskFiles: [String]) -> [String] {
        let directory = parent(of: secret)
        let ofDropIn = hiddenOnNode.filter { isPath(directory, at: $0) }
        let isNeeded = (essential + taskFiles.map(located)).contains {
            isPath($0, at: directory) || isPath(directory, at: $0)
        }
        // Shared directories are, for example, /etc and /run, and directories of service settings such as
        // /etc/sysctl.d.
        let isShared = directory.pathParts.count < 2 || directory.hasSuffix(".d")
        return ofDropIn + (isShared || isNeeded || ofDropIn.containsExactly(directory) ? [] : [directory])
    }
}

extension Footprint {
    /// Finds the directories of the task's own secrets, which are empty in the units of other tasks.
    ///
    /// - Parameter taskFiles: The task files, whose directories every unit sees.
    /// - Returns: The directories, possibly with duplicates.
    public func closedDirectories(beside taskFiles: [String]) -> [String] {
        let written = writes.filter { $0.effect != .removes }.map {
            (path: located($0.path.path), isSecret: $0.isSecret)
        }
        let secret = written.filter(\.isSecret).flatMap {
            HiddenPaths.closedDirectories(of: $0.path, beside: taskFiles)
        }
        let isKubernetes = written.contains { isPath($0.path, at: HiddenPaths.kubernetes) }
        return secret + (isKubernetes ? [HiddenPaths.kubernetes] : [])
    }
}

/// Returns the absolute paths in a text of a task: an argument, the value of an environment variable, or a script.
///
/// A path ends where a shell or a list of paths would end it. The whole text, and the value of an option, may be a path
/// with spaces.
func pathsNamed(in text: String) -> [String] {
    var found: [String] = []
    var rest = text.utf8[...]
    var previous: UInt8?
    while let byte = rest.first {
        guard byte == UInt8(ascii: "/"), previous.map(endsPath) ?? true else {
            previous = byte
            rest = rest.dropFirst()
            continue
        }
        let path = rest.prefix { !endsPath($0) }
        found.append(String(decoding: path, as: UTF8.self))
        previous = path.last
        rest = rest[path.endIndex...]
    }
    let value = text.utf8.firstIndex(of: UInt8(ascii: "=")).map { text[text.index(after: $0)...] }
    for whole in [text[...], value ?? ""] where whole.isAbsolutePath && !whole.utf8.contains(UInt8(ascii: "\n")) {
        found.append(String(whole))
    }
    return found
}

/// Returns whether a byte ends a path in a text.
private func endsPath(_ byte: UInt8) -> Bool {
    switch byte {
    case 0...0x20, 0x7F: true
    default: "\"'`=:;,()<>|&$*?[]{}".utf8.contains(byte)
    }
}
