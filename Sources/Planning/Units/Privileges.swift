/// Where a task's unit is unlike what the drop-in of all units says: settings of systemd, few for most links and waits.
struct Privileges {
    /// The settings, by the order in which they are written.
    private(set) var settings: [(key: String, value: String)] = []

    /// Finds what a task needs.
    ///
    /// - Parameters:
    ///   - verb: What it does.
    ///   - reads: The paths that it reads, the task file among them.
    ///   - writes: The paths at and below which it writes.
    ///   - hidden: What it does not see.
    init(_ verb: Verb, reads: [String], writes: [String], hidden: Secrets.Hidden) {
        if verb.hasNetwork { addNetwork(verb) }
        switch verb {
        case .kubeconfig, .apply: add("CapabilityBoundingSet", Self.reading)
        case .wait: if verb.usedKubeconfig != nil { add("CapabilityBoundingSet", Self.reading) }
        case .symlink: break
        case .file(let declaration): addFile(declaration)
        case .exec(let declaration): addNeeds(declaration.needs.capabilities)
        }
        addPlaces(verb, reads: reads, writes: writes)
        if case .exec = verb, writes.contains("/") {
            for (key, value) in [("ProtectSystem", "no"), ("ProtectHome", "no"), ("ReadOnlyPaths", "")] {
                add(key, value)
            }
        } else {
            addReadOnly(writes)
        }
        addHidden(hidden)
    }

    /// Credentials often belong to another user, as those of agenix may.
    static let reading = "CAP_DAC_READ_SEARCH"

    private mutating func add(_ key: String, _ value: String) {
        if !settings.contains(where: { $0 == (key, value) }) { settings.append((key, value)) }
    }

    private mutating func addNetwork(_ verb: Verb) {
        add("PrivateNetwork", "no")
        add("RestrictAddressFamilies", "AF_INET AF_INET6")
        // Tools that look at the node's addresses and routes ask the kernel for them.
        if case .exec = verb { add("RestrictAddressFamilies", "AF_NETLINK") }
    }

    private mutating func addFile(_ declaration: FileDeclaration) {
        var capabilities: [String] = []
        let isGivenAway = declaration.owner != nil || declaration.group != nil
        let isCopied = if case .path = declaration.source { true } else { false }
        // A file is given away before its permissions are set, and is looked at again the next time.
        if isGivenAway || isCopied { capabilities.append(Self.reading) }
        if isGivenAway { capabilities += ["CAP_CHOWN", "CAP_FOWNER"] }
        let setsIdentity = declaration.mode & 0o6000 != 0
        // Without it the kernel takes the bits away when the content is written.
        if setsIdentity { capabilities.append("CAP_FSETID") }
        if !capabilities.isEmpty { add("CapabilityBoundingSet", capabilities.joined(separator: " ")) }
        if isGivenAway { add("SystemCallFilter", "@chown") }
        if setsIdentity { add("RestrictSUIDSGID", "no") }
    }

    private mutating func addNeeds(_ capabilities: [String]) {
        guard !capabilities.isEmpty else { return }
        add("CapabilityBoundingSet", capabilities.joined(separator: " "))
        // What these calls do is what the capabilities are asked for.
        add("SystemCallFilter", "@privileged @resources")
        var seen: Set<String> = []
        for capability in capabilities {
            for (key, value) in Self.obstacles[capability] ?? [] where seen.insert("\(key)=\(value)").inserted {
                add(key, value)
            }
        }
    }

    /// What would keep a script from using its capabilities.
    private static let obstacles: [String: [(String, String)]] = [
        "CAP_SYS_MODULE": [("ProtectKernelModules", "no"), ("SystemCallFilter", "@module")],
        "CAP_SYS_ADMIN": [
            ("RestrictNamespaces", "no"), ("SystemCallFilter", "@mount"), ("ProtectHostname", "no"),
        ],
        "CAP_NET_ADMIN": [("RestrictAddressFamilies", "AF_NETLINK")],
        "CAP_NET_RAW": [("RestrictAddressFamilies", "AF_PACKET")],
        "CAP_SYS_TIME": [("ProtectClock", "no"), ("SystemCallFilter", "@clock")],
        "CAP_WAKE_ALARM": [("ProtectClock", "no")],
        "CAP_SYSLOG": [("ProtectKernelLogs", "no")],
        "CAP_MKNOD": [("PrivateDevices", "no")],
        "CAP_SYS_RAWIO": [("PrivateDevices", "no"), ("SystemCallFilter", "@raw-io")],
        "CAP_SYS_BOOT": [("SystemCallFilter", "@reboot")],
        "CAP_SYS_NICE": [("RestrictRealtime", "no")],
        "CAP_FSETID": [("RestrictSUIDSGID", "no")],
        "CAP_SYS_PTRACE": [("SystemCallFilter", "@debug"), ("ProtectProc", "default")],
    ]

    /// Opens the places that units otherwise do not see or cannot write.
    private mutating func addPlaces(_ verb: Verb, reads: [String], writes: [String]) {
        let readsDevices: Bool
        switch verb {
        case .exec, .wait: readsDevices = true
        case .kubeconfig, .symlink, .file, .apply: readsDevices = false
        }
        let isTouched = { (paths: [String], directories: [String]) in
            paths.contains { path in directories.contains { isPath(path, at: $0) } }
        }
        if isTouched(reads + writes, Self.homes) {
            // What it writes may be one of these itself, and a directory cannot be both.
            add("ProtectHome", writes.contains(where: Self.homes.contains) ? "no" : "read-only")
        }
        if isTouched(writes, Self.temporary) {
            add("PrivateTmp", "no")
        } else {
            for path in reads where isTouched([path], Self.temporary) { add("BindReadOnlyPaths", unitWord("-\(path)")) }
        }
        for (directory, key) in Self.kernel where isTouched(writes, [directory]) { add(key, "no") }
        if readsDevices, isTouched(reads, ["/dev"]), !isTouched(writes, ["/dev"]) { add("PrivateDevices", "no") }
    }

    private static let homes = ["/home", "/root", "/run/user"]
    private static let temporary = ["/tmp", "/var/tmp"]
    private static let kernel = [
        ("/dev", "PrivateDevices"), ("/proc/sys", "ProtectKernelTunables"), ("/sys", "ProtectKernelTunables"),
        ("/sys/fs/cgroup", "ProtectControlGroups"),
    ]

    /// Leaves out of what is read-only the very directories that are to be written.
    ///
    /// Of two settings for one directory systemd takes the stricter. What is below one needs nothing.
    private mutating func addReadOnly(_ writes: [String]) {
        guard !writes.contains("/") else { return addReadOnlyExceptRoot(writes) }
        let others = writes.contains(where: Self.homes.contains) ? Self.readOnly + Self.homes : Self.readOnly
        let kept = others.filter { !writes.contains($0) }
        guard kept != Self.readOnly else { return }
        add("ReadOnlyPaths", "")
        for path in kept { add("ReadOnlyPaths", "-\(path)") }
    }

    /// Makes everything read-only that is usually in the root directory, because the root directory itself is written.
    private mutating func addReadOnlyExceptRoot(_ writes: [String]) {
        add("ProtectSystem", "full")
        let usual = ["/bin", "/lib", "/lib64", "/media", "/mnt", "/nix", "/opt", "/sbin", "/srv", "/var"]
        for path in usual + Self.homes where !writes.contains(path) { add("ReadOnlyPaths", "-\(path)") }
    }

    /// What the drop-in of all units makes read-only besides what `ProtectSystem=strict` does.
    private static let readOnly = ["/run", "/dev/shm"]

    private mutating func addHidden(_ hidden: Secrets.Hidden) {
        var paths = hidden.own
        if !hidden.isNeeded.isEmpty {
            add("InaccessiblePaths", "")
            paths = Secrets.everywhere.filter { !hidden.isNeeded.contains($0) } + paths
        }
        for path in paths { add("InaccessiblePaths", unitWord("-\(path)")) }
    }
}

extension Verb {
    /// Whether the task talks to anybody but this machine.
    var hasNetwork: Bool {
        switch self {
        case .kubeconfig, .symlink, .file: return false
        case .apply: return true
        case .exec(let declaration): return declaration.needs.network
        case .wait(let declaration):
            switch declaration.condition {
            case .apiServer, .tcp, .url, .object: return true
            case .file, .unit: return false
            }
        }
    }

    /// Whether the task keeps what it fetched for the next boot.
    var keepsCache: Bool {
        guard case .apply(let declaration) = self else { return false }
        return declaration.manifests.contains { if case .url = $0 { true } else { false } }
    }
}
