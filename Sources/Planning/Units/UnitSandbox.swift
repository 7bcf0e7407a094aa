import Base

/// The directory of the lists of what tasks have made, which `reset` acts on.
public let productsDirectory = "/var/lib/nest-bootstrap-products"

/// The settings in which a task's unit differs from the drop-in of all units.
struct UnitSandbox {
    /// The settings, in the order in which they are written.
    private(set) var settings: [(key: String, value: String)] = []

    /// Finds the settings of a task.
    ///
    /// - Parameters:
    ///   - footprint: What it reads, writes, connects to and needs as privilege.
    ///   - reads: The paths that it reads, the task file among them.
    ///   - writes: The paths at and below which it writes.
    ///   - view: What it sees.
    ///   - root: The root below which tasks write, empty without one.
    ///   - addresses: The only addresses that it connects to, `nil` if they are not known.
    init(
        _ footprint: Footprint,
        reads: [String],
        writes: [String],
        view: UnitView,
        root: String,
        addresses: [String]?,
    ) {
        if footprint.usesNetwork || footprint.watchesInterfaces { addNetwork(footprint, addresses) }
        addCapabilities(footprint)
        addPlaces(footprint, reads: reads, writes: writes)
        if view.isRootEmpty {
            // The setting of the drop-in would take the place of the empty root directory.
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
    }

    /// Credentials often belong to another user, as those of agenix may.
    static let reading = "CAP_DAC_READ_SEARCH"

    /// Returns whether capabilities let a task read every file that its unit sees, also those that it does not name.
    ///
    /// The agent itself needs the second one to delete, and reads nothing by it.
    static func readsAnything(with capabilities: [String], _ footprint: Footprint) -> Bool {
        capabilities.contains(reading) || footprint.runsPrograms && capabilities.contains("CAP_DAC_OVERRIDE")
    }

    private mutating func add(_ key: String, _ value: String) {
        if !settings.contains(where: { $0 == (key, value) }) { settings.append((key, value)) }
    }

    private mutating func addNetwork(_ footprint: Footprint, _ addresses: [String]?) {
        add("PrivateNetwork", "no")
        if footprint.usesNetwork { add("RestrictAddressFamilies", "AF_INET AF_INET6") }
        // Tools that look at the node's addresses and routes ask the kernel for them.
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
        // A program asks for its capabilities because of these calls.
        let isMoreThanReading = capabilities != [Self.reading]
        if footprint.runsPrograms, isMoreThanReading { add("SystemCallFilter", "@privileged @resources") }
        for capability in capabilities {
            for (key, value) in Self.obstacles[capability] ?? [] where seen.insert("\(key)=\(value)").inserted {
                add(key, value)
            }
        }
        // With it the capability would read any file of a file system of which anything is seen (open_by_handle_at(2)).
        if footprint.runsPrograms, isMoreThanReading { add("SystemCallFilter", "~open_by_handle_at") }
    }

    /// The settings that would keep a task from using its capabilities.
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
        // It creates nodes of any device, and opens only those that its task names.
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

    /// Opens the places that units otherwise do not see or cannot write.
    private mutating func addPlaces(_ footprint: Footprint, reads: [String], writes: [String]) {
        let isTouched = { (paths: [String], directories: [String]) in
            paths.contains { path in directories.contains { isPath(path, at: $0) } }
        }
        if isTouched(reads + writes, Self.homes) {
            // The directory that it writes may be one of these itself.
            add("ProtectHome", writes.contains(where: Self.homes.contains) ? "no" : "read-only")
        }
        if isTouched(writes, Self.temporary) || reads.contains(where: Self.temporary.contains) {
            add("PrivateTmp", "no")
        } else {
            for path in reads where isTouched([path], Self.temporary) {
                add("BindReadOnlyPaths", boundPath(path))
            }
        }
        // Of two settings for one directory systemd takes the stricter. What is below one needs nothing.
        for (directory, key) in Self.kernel where writes.contains(directory) { add(key, "no") }
        addDevices(footprint, isSeen: isTouched(reads + writes, ["/dev"]))
    }

    /// Opens the devices that a task names to its program, and none to a wait for one.
    private mutating func addDevices(_ footprint: Footprint, isSeen: Bool) {
        let isAwaited = footprint.reads.contains { $0.use == .awaited }
        guard isSeen, footprint.runsPrograms || isAwaited else { return }
        add("PrivateDevices", "no")
        add("DevicePolicy", "closed")
        guard footprint.runsPrograms else { return }
        for (paths, rights) in [(footprint.reads.map(\.path.path), "r"), (footprint.writes.map(\.path.path), "rw")] {
            for path in paths where isPath(located(path), at: "/dev") {
                // systemd looks for a node at the path. Those in a directory may appear later.
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

    /// The kernel's paths that stay read-only when a task writes one of them, so that `ProtectKernelTunables=` is off.
    private static let tunables = [
        "/proc/acpi", "/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/mtrr", "/proc/sys",
        "/proc/sysrq-trigger",
        "/sys",
    ]

    /// Removes the directories that are to be written from the list of read-only paths.
    ///
    /// Of two settings for one directory systemd takes the stricter. Directories below one need nothing.
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

    /// The paths that the drop-in of all units makes read-only in addition to `ProtectSystem=strict`.
    private static let readOnly = ["/dev/shm"]

    /// Protects what a task could write only because it is below the directory of its file.
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
        // The file systems of the kernel are not in an empty root directory.
        if view.isRootEmpty { add("MountAPIVFS", "yes") }
        // `ProtectKernelTunables` leaves it writable.
        if view.shows(UnitView.run), !isRunWritten { add("ReadOnlyPaths", "-\(UnitView.run)") }
        // A mount point cannot be renamed, and with it what is hidden below it.
        for path in view.writes + view.pinned { add("BindPaths", boundPath(path)) }
        for path in view.reads { add("BindReadOnlyPaths", boundPath(path)) }
    }

    private mutating func addHidden(_ view: UnitView, _ root: String) {
        if view.hiddenOfDropIn != nil { add("InaccessiblePaths", "") }
        // A path that a task wrote is below the root, a path that it reads may be.
        let hidden = root.isEmpty ? view.hidden : view.hidden.flatMap { [$0, root + $0] }
        // Every path is different, so there is no need to look for it among hundreds.
        settings += ((view.hiddenOfDropIn ?? []) + hidden).map { ("InaccessiblePaths", unitWord("-\($0)")) }
    }
}
