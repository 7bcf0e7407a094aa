import YAML

extension ExecNeeds {
    /// Reads the keys of `exec` that say what its unit must allow.
    init(_ fields: inout Fields) {
        self.init()
        let variables = fields.variables
        let paths = { (item: Item) in
            item.items(of: "paths", limit: Limit.needCount, variables)
        }
        reads = fields.value("reads") { item in paths(item)?.compactMap { $0.readPath() } } ?? []
        network = fields.value("network") { $0.boolean() } ?? false
        let capabilities = fields.value("capabilities") { item in
            item.items(of: "capabilities", limit: Limit.needCount, variables)?.compactMap { $0.capability() }
        }
        self.capabilities = capabilities ?? []
        let allowed = self
        writes = fields.value("writes") { item in paths(item)?.compactMap { $0.writablePath(allowed) } } ?? []
    }
}

extension Item {
    /// A path that a unit may let its program write.
    ///
    /// The settings of the network are those of the network that whoever looks is in, and the kernel asks for a capability.
    fileprivate func writablePath(_ allowed: ExecNeeds) -> PathReference? {
        guard let reference = writablePath() else { return nil }
        let path = normalised(reference.path)
        if isPath(path, at: "/proc/sys/net"), !allowed.network || !allowed.capabilities.contains("CAP_NET_ADMIN") {
            let what = "is '\(path)', a setting of the node's network, which its unit does not reach"
            problems.add(
                node.place,
                "\(label) \(what)",
                hint: "write network: true and capabilities: [CAP_NET_ADMIN] below exec: too"
            )
        }
        return reference
    }

    /// The name of a capability.
    fileprivate func capability() -> String? {
        if let name = node.string, capabilityNames.contains(name) { return name }
        let hint = node.string.flatMap { name in
            let name = name.uppercased()
            let whole = name.hasPrefix("CAP_") ? name : "CAP_\(name)"
            return capabilityNames.contains(whole) ? whole : problems.nearName(to: whole, in: capabilityNames)
        }
        tellWrong("the name of a capability such as CAP_NET_ADMIN", hint: hint.map { "did you mean '\($0)'?" })
        return nil
    }
}

/// The capabilities that Linux has, as systemd 252 names them.
private let capabilityNames = [
    "AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE", "BLOCK_SUSPEND", "BPF", "CHECKPOINT_RESTORE", "CHOWN",
    "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE",
    "LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD", "NET_ADMIN", "NET_BIND_SERVICE", "NET_BROADCAST",
    "NET_RAW", "PERFMON", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYSLOG", "SYS_ADMIN", "SYS_BOOT", "SYS_CHROOT",
    "SYS_MODULE", "SYS_NICE", "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG",
    "WAKE_ALARM",
].map { "CAP_\($0)" }
