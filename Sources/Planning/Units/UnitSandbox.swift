import Base

/// The directory that contains one list per task of the products that `reset` deletes.
public let productsDirectory = "/var/lib/nest-bootstrap-products"

/// The settings in which a task's unit differs from the drop-in of all units.
struct UnitSandbox {
    /// The settings, in the order in which they are written.
    private(set) var settings: [(key: String, value: String)] = []

    /// Finds the settings of a task.
    ///
    /// - Parameters:
    ///   - footprint: The paths, connections and capabilities of the task.
    ///   - reads: The paths that the task reads, including the task file.
    ///   - writes: The paths at and below which the task writes.
    ///   - view: The part of the node's files that the unit sees.
    ///   - root: The root below which tasks write; empty for none.
    ///   - addresses: The only addresses that the task connects to, or `nil` if they are unknown.
    init(
        _ footprint: Footprint,
        reads: [String],
        writes: [String],
        view: UnitView,
        root: String,
        addresses: [String]?,
    ) {
        let isSmall = Self.needsLittle(footprint)
        if isSmall { addSystem(footprint) }
        if footprint.usesNetwork || footprint.watchesInterfaces { addNetwork(footprint, addresses) }
        addCapabilities(footprint)
        addPlaces(footprint, reads: reads, writes: writes)
        if view.isRootEmpty {
            // The setting of the drop-in would replace the empty root directory.
            add("ProtectSystem", "yes")
            addReadOnly(writes)
        } else if footprint.writesAnywhere {
            for (key, value) in [("ProtectSystem", "no"), ("ProtectHome", "no"), ("ReadOnlyPaths", "")] {
                add(key, value)
            }
        } else {
            addReadOnly(writes)
        }
        addGuarded(writes, footprint)
        addView(view, isRunWritten: writes.contains(UnitView.run) || footprint.writesAnywhere)
        addHidden(view, root)
        if isSmall { hideKernel(from: reads + writes) }
        if view.isRootEmpty { addRoot(view) }
    }

    /// The settings of a unit without a sandbox: those of the drop-in are undone, except for its limits.
    static let none: [(key: String, value: String)] = [
        ("CapabilityBoundingSet", "~"), ("NoNewPrivileges", "no"), ("ProtectSystem", "no"), ("ReadOnlyPaths", ""),
        ("TemporaryFileSystem", ""), ("BindReadOnlyPaths", ""), ("ProtectHome", "no"), ("InaccessiblePaths", ""),
        ("PrivateTmp", "no"), ("PrivateDevices", "no"), ("PrivateNetwork", "no"), ("PrivateIPC", "no"),
        ("PrivateMounts", "no"), ("ProtectProc", "default"),
        ("ProtectKernelTunables", "no"), ("ProtectKernelModules", "no"), ("ProtectKernelLogs", "no"),
        ("ProtectControlGroups", "no"), ("ProtectClock", "no"), ("ProtectHostname", "no"),
        ("RestrictAddressFamilies", ""), ("RestrictNamespaces", "no"), ("RestrictRealtime", "no"),
        ("RestrictSUIDSGID", "no"), ("LockPersonality", "no"), ("MemoryDenyWriteExecute", "no"),
        ("KeyringMode", "inherit"), ("SystemCallArchitectures", ""), ("SystemCallFilter", ""),
        // The agent does not separate itself from other processes either, because such a process cannot mount.
        ("Environment", "NEST_SANDBOX=no"),
    ]

    /// The capability to read credentials of another user, such as the credentials of agenix.
    static let reading = "CAP_DAC_READ_SEARCH"

    /// Returns whether capabilities let a task read every file that its unit sees, even files not named by the task.
    ///
    /// The agent itself needs `CAP_DAC_OVERRIDE` to delete, and does not use it to read.
    static func readsAnything(with capabilities: [String], _ footprint: Footprint) -> Bool {
        capabilities.contains(reading) || footprint.runsPrograms && capabilities.contains("CAP_DAC_OVERRIDE")
    }

    private mutating func add(_ key: String, _ value: String) {
        if !settings.contains(where: { $0 == (key, value) }) { settings.append((key, value)) }
    }

    private mutating func addNetwork(_ footprint: Footprint, _ addresses: [String]?) {
        add("PrivateNetwork", "no")
        if footprint.usesNetwork { add("RestrictAddressFamilies", "AF_INET AF_INET6") }
        // Tools that examine the node's addresses and routes query the kernel.
        if footprint.runsPrograms || footprint.watchesInterfaces { add("RestrictAddressFamilies", "AF_NETLINK") }
        if let addresses {
            add("IPAddressDeny", "any")
            for address in addresses { add("IPAddressAllow", address) }
        }
    }

    private mutating func addCapabilities(_ footprint: Footprint) {
        var seen: Set<String> = []
        let capabilities = footprint.capabilities.filter { seen.insert($0).inserted }
        guard !capabilities.isEmpty else { return }
        add("CapabilityBoundingSet", capabilities.joined(separator: " "))
        // Programs use capabilities through these system calls.
        let isMoreThanReading = capabilities != [Self.reading]
        if footprint.runsPrograms, isMoreThanReading { add("SystemCallFilter", "@privileged @resources") }
        if !footprint.runsPrograms, footprint.capabilities.contains("CAP_CHOWN") { add("SystemCallFilter", "@chown") }
        for capability in capabilities {
            for (key, value) in Self.obstacles[capability] ?? [] where seen.insert("\(key)=\(value)").inserted {
                add(key, value)
            }
        }
        // With the capability, open_by_handle_at(2) would open any file of a file system that is only partly visible.
        if footprint.runsPrograms, isMoreThanReading { add("SystemCallFilter", "~open_by_handle_at") }
    }

    /// The settings that must change before a task can use a capability, by capability.
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
        // The task may create nodes for any device, but open only the devices that it names.
        "CAP_MKNOD": [
            ("PrivateDevices", "no"), ("DevicePolicy", "closed"), ("DeviceAllow", "char-* m"),
            ("DeviceAllow", "block-* m"),
        ],
        "CAP_SYS_RAWIO": [("PrivateDevices", "no"), ("DevicePolicy", "closed"), ("SystemCallFilter", "@raw-io")],
        "CAP_SYS_BOOT": [("SystemCallFilter", "@reboot")],
        "CAP_SYS_NICE": [("RestrictRealtime", "no")],
        "CAP_FSETID": [("RestrictSUIDSGID", "no")],
        "CAP_SYS_PTRACE": [("SystemCallFilter", "@debug"), ("ProtectProc", "default")],
    ]

    /// Makes paths visible or writable that units otherwise do not see or cannot write.
    private mutating func addPlaces(_ footprint: Footprint, reads: [String], writes: [String]) {
        let isTouched = { (paths: [String], directories: [String]) in
            paths.contains { path in directories.contains { isPath(path, at: $0) } }
        }
        if isTouched(reads + writes, Self.homes) {
            // The directory that the task writes may itself be a home directory.
            add("ProtectHome", writes.contains(where: Self.homes.contains) ? "no" : "read-only")
        }
        if isTouched(writes, Self.temporary) || reads.contains(where: Self.temporary.contains) {
            add("PrivateTmp", "no")
        } else {
            for path in reads where isTouched([path], Self.temporary) {
                add("BindReadOnlyPaths", boundPath(path))
            }
        }
        // systemd applies the stricter of two settings for one directory. Paths below a directory need no setting.
        for (directory, key) in Self.kernel where writes.contains(directory) { add(key, "no") }
        addDevices(footprint, isSeen: isTouched(reads + writes, ["/dev"]))
    }

    /// Returns whether a task only makes products, without programs, connections and changes to the kernel.
    private static func needsLittle(_ footprint: Footprint) -> Bool {
        footprint.hasOnlyProducts && !footprint.runsPrograms && !footprint.usesNetwork && !footprint.watchesInterfaces
            && footprint.connections.isEmpty
            && footprint.capabilities.allSatisfy { $0 == reading }
    }

    /// Binds less of the system for a task that only makes products.
    ///
    /// systemd reads the table of all mounts several times for each path that it binds or protects, so a unit with fewer
    /// such paths starts sooner.
    private mutating func addSystem(_ footprint: Footprint) {
        // The setting would also apply to the paths of the unit itself.
        guard !footprint.keepsCache else { return }
        add("BindReadOnlyPaths", "")
        for paths in Self.ofEveryUnit { add("BindReadOnlyPaths", paths) }
    }

    /// The paths in the directories that the drop-in empties which a unit without programs and connections needs.
    private static let ofEveryUnit = [
        "/run/nest-bootstrap", "-/run/systemd/journal/socket -/run/systemd/notify", "-/run/nscd -/var/lib/sss",
    ]

    /// Hides what a task that only makes products does not need of the kernel, unless it names some of it.
    private mutating func hideKernel(from names: [String]) {
        guard !names.contains(where: { isPath($0, at: "/proc") || isPath($0, at: "/sys") }) else { return }
        add("ProcSubset", "pid")
        add("InaccessiblePaths", "-/sys")
    }

    /// Lets the program of a task open the devices that the task names; a wait for a device opens none.
    private mutating func addDevices(_ footprint: Footprint, isSeen: Bool) {
        let isAwaited = footprint.reads.contains { $0.use == .awaited }
        guard isSeen, footprint.runsPrograms || isAwaited else { return }
        add("PrivateDevices", "no")
        add("DevicePolicy", "closed")
        guard footprint.runsPrograms else { return }
        for (paths, rights) in [(footprint.reads.map(\.path.path), "r"), (footprint.writes.map(\.path.path), "rw")] {
            for path in paths where isPath(located(path), at: "/dev") {
                // systemd looks for a device node at the path. Nodes in a directory may appear later.
                let nodes = path.endsWithSlash ? ["char-*", "block-*"] : [unitWord(located(path))]
                for node in nodes { add("DeviceAllow", "\(node) \(rights)") }
            }
        }
    }

    private static let homes = ["/home", "/root", "/run/user"]
    private static let temporary = ["/tmp", "/var/tmp"]
    private static let kernel = [
        ("/proc/sys", "ProtectKernelTunables"), ("/sys", "ProtectKernelTunables"),
        ("/sys/fs/cgroup", "ProtectControlGroups"),
    ]

    /// The kernel paths that stay read-only if `ProtectKernelTunables=` is off because a task writes one of them.
    private static let tunables = [
        "/proc/acpi", "/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/mtrr", "/proc/sys",
        "/proc/sysrq-trigger",
        "/sys",
    ]

    /// Removes directories that the task writes from the list of read-only paths.
    ///
    /// systemd applies the stricter of two settings for one directory. Directories below a listed one need no setting.
    private mutating func addReadOnly(_ writes: [String]) {
        guard !writes.contains("/") else { return addReadOnlyExceptRoot(writes) }
        let others = writes.contains(where: Self.homes.contains) ? Self.readOnly + Self.homes : Self.readOnly
        let kept = others.filter { !writes.contains($0) }
        guard kept != Self.readOnly else { return }
        add("ReadOnlyPaths", "")
        for path in kept { add("ReadOnlyPaths", "-\(path)") }
    }

    /// Makes the usual entries of the root directory read-only, because the task writes the root directory itself.
    private mutating func addReadOnlyExceptRoot(_ writes: [String]) {
        add("ProtectSystem", "full")
        let usual = ["/bin", "/lib", "/lib64", "/media", "/mnt", "/nix", "/opt", "/sbin", "/srv", "/var"]
        for path in usual + Self.homes where !writes.contains(path) { add("ReadOnlyPaths", "-\(path)") }
    }

    /// The paths that the drop-in of all units makes read-only in addition to `ProtectSystem=strict`.
    private static let readOnly = ["/dev/shm"]

    /// Protects paths that a task could write only because they are below a directory that it writes.
    private mutating func addGuarded(_ writes: [String], _ footprint: Footprint) {
        if writes.contains("/proc/sys") || writes.contains("/sys") {
            for path in Self.tunables where !writes.contains(path) { add("ReadOnlyPaths", "-\(path)") }
        }
        for path in footprint.guardedDirectories(in: writes) where !footprint.runsPrograms || path != productsDirectory
        {
            add("ReadOnlyPaths", unitWord("-\(path)"))
        }
    }

    /// Empties directories, and binds the paths in them that the task names.
    private mutating func addView(_ view: UnitView, isRunWritten: Bool) {
        var emptied = view.emptied
        if UnitView.emptiedByDropIn.contains(where: view.shows) {
            add("TemporaryFileSystem", "")
        } else {
            emptied.removeAll(where: UnitView.emptiedByDropIn.contains)
        }
        for path in emptied { add("TemporaryFileSystem", unitWord("\(path):ro")) }
        // An empty root directory lacks the file systems of the kernel.
        if view.isRootEmpty { add("MountAPIVFS", "yes") }
        // `ProtectKernelTunables` leaves `/run` writable.
        if view.shows(UnitView.run), !isRunWritten { add("ReadOnlyPaths", "-\(UnitView.run)") }
        // A mount point cannot be renamed, so a path that is hidden below it stays hidden.
        for path in view.writes + view.pinned { add("BindPaths", boundPath(path)) }
        for path in view.reads { add("BindReadOnlyPaths", boundPath(path)) }
    }

    /// Lets systemd begin with an empty directory, instead of a copy of all mounts of the node that it unmounts.
    private mutating func addRoot(_ view: UnitView) {
        // systemd could not bind what is in or around the directory.
        guard !(view.reads + view.writes).contains(where: { isPath($0, at: Self.root) || isPath(Self.root, at: $0) })
        else { return }
        add("RootDirectory", Self.root)
        for path in Self.readOnly { add("ReadOnlyPaths", "-\(path)") }
        // Without a plus sign these would be paths of the node, which are out of sight.
        settings = settings.map { key, value in
            guard ["ReadOnlyPaths", "InaccessiblePaths"].contains(key),
                let first = value.utf8.firstIndex(of: UInt8(ascii: "/"))
            else {
                return (key, value)
            }
            return (key, value[..<first] + "+" + value[first...])
        }
    }

    /// A directory of every machine that systemd has booted; see `sd_booted(3)`.
    ///
    /// The empty root directory covers it.
    private static let root = "/run/systemd/system"

    private mutating func addHidden(_ view: UnitView, _ root: String) {
        if view.replacesDropIn { add("InaccessiblePaths", "") }
        // Tasks write below the root, but may read a path with or without the root in front.
        let hidden = root.isEmpty ? view.hidden : view.hidden.flatMap { [$0, root + $0] }
        // All these paths are different, so a search for duplicates among hundreds is unnecessary.
        settings += (view.hiddenOfNode + hidden).map { ("InaccessiblePaths", unitWord("-\($0)")) }
    }
}
