import Base

/// The paths, devices, network and capabilities of a confined process, passed to bubblewrap as arguments.
///
/// Unless ``node`` is set, only the base system and named paths are visible. Secrets of other tasks below them are
/// covered, if possible with their directory, so that a replaced file stays covered.
public struct Sandbox: Sendable, Hashable {
    /// The access to a path, and to everything below it up to the next mount.
    public enum Mount: Sendable, Hashable {
        case readable
        case writable
        /// The path appears empty.
        case covered
    }

    private var byPath: [ExactText: Mount] = [:]

    /// The directories that must exist before the process starts, so that they stay covered or read-only.
    ///
    /// Other tasks write secrets in them, or root processes act on their files.
    public var closedDirectories: [String] {
        mounts.compactMap { $0.mount != .writable && written.contains(ExactText($0.path)) ? $0.path : nil }
    }

    private var written: Set<ExactText> = []

    /// The access to the node's root directory, or `nil` if the sandbox has an empty root directory instead.
    public private(set) var node: Mount?

    /// The devices in the sandbox besides the default ones.
    public private(set) var devices: [String] = []

    public let hasNetwork: Bool
    public let capabilities: [String]

    /// The mounts, each after those of the directories above it.
    public var mounts: [(path: String, mount: Mount)] {
        byPath.map { ($0.key.text, $0.value) }.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    /// Describes the sandbox of the agent while it uses the network for a task.
    ///
    /// The process starts as root and becomes ``unitUser``.
    ///
    /// - Parameters:
    ///   - files: The files that the agent reads, such as its own program and the task files.
    ///   - state: The directories that the agent writes, such as those of the task's records and cache.
    public init(ofAgentReading files: [String], keeping state: [String]) {
        (hasNetwork, capabilities) = (true, ["CAP_SETUID", "CAP_SETGID"])
        for path in Self.baseSystem + ["/run/systemd/notify"] + files { mount(path, .readable) }
        for path in state { mount(path, .writable) }
        apply(Self.hidden, [])
    }

    /// Describes the sandbox of a task's program, in which task files and secrets of the plan's other tasks are covered.
    ///
    /// Directories with `taskFiles` are not covered as a whole. `linked` returns the targets of the links along a path.
    public init(
        ofProgram task: PlannedTask,
        in plan: Plan,
        taskFiles: [String],
        linked: (String) -> [String]
    ) {
        let own = task.verb.footprint
        hasNetwork = own.usesNetwork
        // With this capability, the program can use the files of other users that the task names.
        capabilities = (["CAP_DAC_OVERRIDE"] + own.capabilities).unique()
        node = own.writablePaths.contains("/") ? .writable : nil
        let mentioned = own.texts.flatMap(pathsNamed).map(located).filter { path in
            !Self.shared.contains { isPath($0, at: path) } && !Self.isTemporary(path)
        }
        let reads = own.reads.map { located($0.path.path) }
        let writes = own.writablePaths.filter { $0 != "/" }
        for path in writes { mount(path, .writable) }
        devices = (reads + mentioned + writes).filter { isPath($0, below: "/dev") && !Self.isTemporary($0) }.unique()
        for path in own.guardedDirectories {
            mount(path, .readable)
            written.insert(ExactText(path))
        }
        let named = reads + mentioned + own.writes.map { located($0.path.path) }
        let products = plan.steps.flatMap(\.task.footprint.writes).filter { $0.isSecret && $0.product != nil }
        var covers = Self.ownState
        for secret in Self.secrets(of: plan, linked) + Self.hidden + taskFiles {
            let isOfPlan = !Self.hidden.containsExactly(secret)
            // A task may use other tasks' secrets below a directory that it reads, or directly in one that it writes.
            // It may use the node's own secrets only if it names them.
            let isNamed =
                named.containsExactly(secret) || isOfPlan && reads.contains { isPath(secret, at: $0) }
                || isOfPlan && writes.contains { $0.hasSameBytes(as: parent(of: secret)) }
            if isNamed { continue }
            let place = Self.place(of: secret, taskFiles, keeping: named + writes)
            covers.append(place)
            let isDirectory = place.hasSameBytes(as: parent(of: secret))
            if isDirectory, products.contains(where: { located($0.path.path).hasSameBytes(as: secret) }) {
                written.insert(ExactText(place))
            }
        }
        apply(covers, Self.baseSystem + Self.othersSystem + Self.journal + mentioned + reads)
        coverBehindLinks(covers, linked)
    }

    /// Covers the paths that lead to covered paths through a mounted link.
    private mutating func coverBehindLinks(_ covers: [String], _ linked: (String) -> [String]) {
        var names: [String] = []
        for (path, mount) in mounts where mount != .covered {
            guard let target = linked(path).last.map(located) else { continue }
            for cover in covers where isPath(cover, below: target) {
                let name = path + cover.pathPart(after: target.withoutSlashesAtEnd)
                names.append(name)
                if written.contains(ExactText(cover)) { written.insert(ExactText(name)) }
            }
        }
        apply(names, [])
    }

    /// Adds covers for paths that would be visible, and readable mounts for paths that are not below a writable path.
    private mutating func apply(_ covers: [String], _ readable: [String]) {
        let changes = covers.map { ($0, Mount.covered) } + readable.map { ($0, Mount.readable) }
        // A directory comes before the paths below it.
        for (path, change) in changes.sorted(by: { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }) {
            let isMeant = change == .covered ? state(above: path) != .covered : state(above: path) != .writable
            if isMeant, byPath[ExactText(path)] == nil { mount(path, change) }
        }
        for (path, mount) in byPath where mount != .writable { pinParents(of: path.text) }
    }

    private mutating func mount(_ path: String, _ mount: Mount) {
        let key = ExactText(normalised(path))
        guard key.text != "/" else { return node = node ?? mount }
        // Every sandbox has /proc and /sys, and devices are mounted separately.
        let isSpecial = ["/dev", "/proc", "/sys"].contains { isPath(key.text, at: $0) } && !Self.isTemporary(key.text)
        if mount == .readable, isSpecial { return }
        if byPath[key] != .writable { byPath[key] = mount }
    }

    /// Makes the writable directories above a path mount points, because a mount point cannot be renamed.
    private mutating func pinParents(of path: String) {
        var rest = path[...]
        while let slash = rest.lastSlash, slash != rest.startIndex {
            rest = rest[..<slash]
            let key = ExactText(String(rest))
            if byPath[key] != nil { break }
            if state(above: key.text) == .writable { byPath[key] = .writable }
        }
    }

    private func state(above path: String) -> Mount { nearestMount(above: path) ?? .covered }

    /// Returns whether a directory above a path is mounted or covered, or the root is the node's root.
    public func hasMount(above path: String) -> Bool { nearestMount(above: path) != nil }

    private func nearestMount(above path: String) -> Mount? {
        var rest = path[...]
        while let slash = rest.lastSlash, slash != rest.startIndex {
            rest = rest[..<slash]
            if let mount = byPath[ExactText(String(rest))] { return mount }
        }
        return node
    }
}

extension Sandbox {
    /// Returns the path to cover for a secret: its directory, or the secret itself if the directory must stay visible.
    private static func place(of secret: String, _ taskFiles: [String], keeping named: [String]) -> String {
        let directory = parent(of: secret)
        let isNeeded = (essential + taskFiles).contains { isPath($0, at: directory) || isPath(directory, at: $0) }
        // Other software uses directories such as /etc and /etc/sysctl.d too.
        let isShared = directory.pathParts.count < 2 || directory.hasSuffix(".d") || shared.containsExactly(directory)
        let isWhole = hidden.containsExactly(secret) || named.containsExactly(directory)
        return isShared || isNeeded || isWhole ? secret : directory
    }

    /// Returns the secrets that tasks write or read, with the targets of links on their paths.
    private static func secrets(of plan: Plan, _ linked: (String) -> [String]) -> [String] {
        let footprints = plan.steps.lazy.map(\.task.footprint)
        let written = footprints.flatMap(\.writes).filter { $0.isSecret && $0.effect != .removes }.map(\.path.path)
        let read = footprints.flatMap(\.reads).filter {
            [.secret, .clientKey, .kubeconfig, .privateKey].contains($0.use)
        }
        let paths = (Array(written) + read.map(\.path.path)).map(located).unique()
        return paths.flatMap { [$0] + linked($0).map(located) }.unique()
    }

    /// The base system of every sandbox: programs, libraries, their configuration, and the sockets of basic services.
    static let baseSystem =
        ["/bin", "/lib", "/lib64", "/nix", "/sbin", "/usr", "/var/lib/ca-certificates"]
        + ["mc", "pipes/nss"].map { "/var/lib/sss/\($0)" }
        + [
            "current-system", "NetworkManager", "netconfig", "nscd", "resolvconf", "systemd/journal/socket",
            "systemd/resolve",
        ].map { "/run/\($0)" }
        + [
            "ca-certificates", "crypto-policies", "gai.conf", "group", "host.conf", "hostname", "hosts", "ld.so.cache",
            "localtime", "machine-id", "nsswitch.conf", "os-release", "passwd", "pki/ca-trust", "pki/tls/cert.pem",
            "pki/tls/certs", "pki/tls/openssl.cnf", "resolv.conf", "services", "ssl/ca-bundle.pem", "ssl/cert.pem",
            "ssl/certs", "ssl/openssl.cnf", "static",
        ].map { "/etc/\($0)" }

    /// The additional base system for the programs of tasks, without the configuration of individual programs.
    private static let othersSystem =
        ["/lib32", "/libx32", "/opt/bin", "/opt/cni/bin", "/run/booted-system", "/run/wrappers"]
        + [
            "alternatives", "bash.bashrc", "ca-certificates.conf", "debian_version", "environment", "inputrc",
            "ld.so.conf", "ld.so.conf.d", "locale.alias", "locale.conf", "login.defs", "mime.types", "networks",
            "profile", "profile.d", "protocols", "rpc", "shells", "terminfo", "timezone", "xattr.conf",
        ].map { "/etc/\($0)" }

    /// Returns whether a path is a part of the base system, and its target is in a part that is not hidden.
    public static func isSystem(_ path: String, leadingTo target: String) -> Bool {
        let parts = baseSystem + othersSystem
        return parts.containsExactly(path) && parts.contains { isPath(target, at: $0) }
            && !hidden.contains { isPath(target, at: $0) }
    }

    /// The sockets of `syslog` and `systemd-cat`.
    private static let journal = ["/run/systemd/journal/dev-log", "/run/systemd/journal/stdout"]

    /// Directories that many programs share.
    ///
    /// A text that names one of them, or a directory above it, does not make it visible.
    private static let shared = ["/etc", "/etc/kubernetes", "/run", "/var/lib", "/proc", "/sys", "/dev"]

    /// Directories in which every user can create files; naming a path there in a text does not make it visible.
    private static let temporary = ["/dev/mqueue", "/dev/shm", "/tmp", "/var/tmp"]

    private static func isTemporary(_ path: String) -> Bool { temporary.contains { isPath(path, at: $0) } }

    /// Directories that are not covered as a whole, because programs need their other content.
    private static let essential = ["/etc/ca-certificates", "/etc/pki/tls", "/etc/ssl", "/nix", "/usr"]

    /// The directories in which the agent keeps the state of all tasks.
    static let ownState = ["/run/nest-bootstrap", "/var/lib/nest-bootstrap", productsDirectory]

    /// Paths of secrets, and sockets of privileged services; sandboxes and services see only those that they need.
    static let hidden =
        [
            "credstore", "credstore.encrypted", "gshadow", "gshadow-", "pki/tls/private", "rancher", "shadow",
            "shadow-", "ssh", "ssl/private", "wireguard", "kubernetes/admin.conf",
            "kubernetes/controller-manager.conf", "kubernetes/kubelet.conf", "kubernetes/pki",
            "kubernetes/scheduler.conf", "kubernetes/super-admin.conf", "NetworkManager/system-connections",
        ].map { "/etc/\($0)" }
        + [
            "NetworkManager/system-connections", "containerd", "credentials", "cri-dockerd.sock", "crio", "dbus",
            "docker.sock", "initctl", "k3s/containerd", "podman", "snapd.socket", "systemd", "udev/control", "user",
        ].map { "/run/\($0)" }
        + ["containerd", "containers", "crio", "docker", "etcd", "kubelet", "private", "rancher", "sss"]
        .map { "/var/lib/\($0)" } + ["/nix/var/nix/daemon-socket", "/root"]
}

/// Returns the absolute paths in an argument, the value of an environment variable, or a script.
///
/// A path ends where a shell or a list of paths would end it. If the whole text, or the text after the first `=`,
/// begins with a slash, it is one of the paths too, unless it has several lines.
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

private func endsPath(_ byte: UInt8) -> Bool {
    switch byte {
    case 0...0x20, 0x7F: true
    default: "\"'`=:;,()<>|&$*?[]{}".utf8.contains(byte)
    }
}
