import Base

/// A text of the kubelet with a known cause.
struct KnownText: Sendable {
    /// The texts that a line must contain, all of them.
    var texts: [String]
    var code: String
    var area: Area
    var blocks: Area
    /// The thing that is wrong, before the words of the line.
    var subject: String
    var fix: String
    /// The text from which on the line is shown; the whole error if it is not in the line.
    var from: String?

    init(
        _ texts: String...,
        code: String,
        in area: Area,
        blocks: Area,
        _ subject: String,
        fix: String,
        from: String? = nil
    ) {
        (self.texts, self.code, self.area, self.blocks) = (texts, code, area, blocks)
        (self.subject, self.fix, self.from) = (subject, fix, from)
    }
}

/// The texts of kubelet 1.25 to 1.36 that end it or keep its Node from being Ready, the most specific first.
let knownTexts: [KnownText] = [
    KnownText(
        "cgroup v1",
        "kubelet is configured to not run",
        code: "cgroup-v1",
        in: .machine,
        blocks: .kubelet,
        "control groups",
        fix: "boot with the kernel parameter systemd.unified_cgroup_hierarchy=1, or set 'failCgroupV1: false'",
        from: "kubelet is configured"
    ),
    KnownText(
        "failed to parse kubelet flag",
        code: "kubelet-flag",
        in: .configuration,
        blocks: .kubelet,
        "flags of the kubelet",
        fix: "remove or correct the flag in 'ExecStart=' of the unit or its drop-ins ('systemctl cat UNIT'), and run "
            + "'systemctl daemon-reload && systemctl restart UNIT'",
        from: "unknown "
    ),
    KnownText(
        "unknown flag: ",
        code: "kubelet-flag",
        in: .configuration,
        blocks: .kubelet,
        "flags of the kubelet",
        fix: "remove the flag, which this version may not have any more, from 'ExecStart=' of the unit or its drop-ins "
            + "('systemctl cat UNIT'), and run 'systemctl daemon-reload && systemctl restart UNIT'",
        from: "unknown flag: "
    ),
    KnownText(
        "invalid argument ",
        " for ",
        code: "kubelet-flag",
        in: .configuration,
        blocks: .kubelet,
        "flags of the kubelet",
        fix: "correct the flag in 'ExecStart=' of the unit or its drop-ins ('systemctl cat UNIT'), and run 'systemctl "
            + "daemon-reload && systemctl restart UNIT'",
        from: "invalid argument "
    ),
    KnownText(
        "failed to load kubelet config file",
        code: "kubelet-config",
        in: .configuration,
        blocks: .kubelet,
        "configuration of the kubelet",
        fix: "correct the file that '--config' names, and run 'systemctl restart UNIT'",
        from: "failed to load kubelet config file"
    ),
    KnownText(
        "failed to validate kubelet configuration",
        code: "kubelet-config",
        in: .configuration,
        blocks: .kubelet,
        "configuration of the kubelet",
        fix: "correct the setting in the file that '--config' names, and run 'systemctl restart UNIT'",
        from: "failed to validate kubelet configuration"
    ),
    KnownText(
        "unrecognized feature gate",
        code: "kubelet-config",
        in: .configuration,
        blocks: .kubelet,
        "feature gates of the kubelet",
        fix: "remove it from 'featureGates' or '--feature-gates', and run 'systemctl restart UNIT'",
        from: "unrecognized feature gate"
    ),
    KnownText(
        "running with swap on is not supported",
        code: "swap-on",
        in: .machine,
        blocks: .kubelet,
        "swap",
        fix: "run 'swapoff -a' and remove it from /etc/fstab, or set 'failSwapOn: false'; then run 'systemctl restart "
            + "UNIT'",
        from: "running with swap on"
    ),
    KnownText(
        "expected cgroupsPath to be of format",
        code: "cgroup-driver",
        in: .configuration,
        blocks: .pods,
        "cgroup driver",
        fix: "set 'cgroupDriver: systemd' for the kubelet and 'SystemdCgroup = true' for containerd, and run "
            + "'systemctl restart containerd UNIT'"
    ),
    KnownText(
        "unable to load bootstrap kubeconfig",
        code: "bootstrap-kubeconfig",
        in: .configuration,
        blocks: .kubelet,
        "bootstrap kubeconfig",
        fix: joiningAgain,
        from: "unable to load bootstrap kubeconfig"
    ),
    KnownText(
        "unable to load client CA file",
        code: "client-ca",
        in: .configuration,
        blocks: .kubelet,
        "'clientCAFile'",
        fix: "correct 'authentication.x509.clientCAFile', or put the cluster's CA there; then run 'systemctl restart "
            + "UNIT'",
        from: "unable to load client CA file"
    ),
    KnownText(
        "bind: address already in use",
        code: "port-taken",
        in: .kubelet,
        blocks: .kubelet,
        "a port of the kubelet",
        fix: "stop the program that 'ss -tlnp' shows at this port",
        from: "listen tcp"
    ),
    KnownText(
        "can't be loopback address",
        code: "node-ip",
        in: .configuration,
        blocks: .node,
        "--node-ip",
        fix: "give the node's address in '--node-ip' of the unit, or leave the flag out, and run 'systemctl "
            + "daemon-reload && systemctl restart UNIT'",
        from: "failed to validate nodeIP"
    ),
    KnownText(
        "failed to validate nodeIP",
        code: "node-ip",
        in: .configuration,
        blocks: .node,
        "--node-ip",
        fix: "give an address of this node ('ip address') in '--node-ip' of the unit, or leave the flag out, and run "
            + "'systemctl daemon-reload && systemctl restart UNIT'",
        from: "failed to validate nodeIP"
    ),
    KnownText(
        "no space left on device",
        code: "disk-full",
        in: .machine,
        blocks: .kubelet,
        "a disk of the node",
        fix: "free space: 'df -h' and 'df -i' show where; if both have some, raise fs.inotify.max_user_watches"
    ),
    KnownText(
        "too many open files",
        code: "open-files",
        in: .machine,
        blocks: .kubelet,
        "open files",
        fix: "raise fs.inotify.max_user_instances and 'LimitNOFILE=' of the unit"
    ),
    KnownText(
        "read-only file system",
        code: "read-only",
        in: .machine,
        blocks: .kubelet,
        "a file system of the node",
        fix: "mount it writable; if the kernel made it read-only, 'dmesg' shows the disk's errors"
    ),
    KnownText(
        "is not allowed to modify node",
        code: "node-name",
        in: .credentials,
        blocks: .credentials,
        "name of the Node",
        fix: "set the host name or '--hostname-override' to the name in the certificate, and run 'systemctl restart "
            + "UNIT'; or \(joiningAgain)",
        from: "node"
    ),
]

/// Classifies the last lines of the kubelet by known texts.
func journalFindings(_ facts: Facts) -> [Finding] {
    let unit = facts.kubelet.unitName
    // A line has one cause: that of the first text that it contains. The line with which the kubelet ended is the cause of
    // the end, and the errors before it are not.
    let fatal = fatalLine(facts.kubelet.lines)
    var lines = fatal.map { [$0.text] } ?? facts.kubelet.lines.map(\.text).filter(isError)
    return knownTexts.compactMap { known in
        func matches(_ line: String) -> Bool { known.texts.allSatisfy { line.contains($0) } }
        guard let line = lines.last(where: matches) else { return nil }
        lines.removeAll(where: matches)
        let error = errorText(line)
        let words = known.from.flatMap { error.firstRange(of: $0) }.map { String(error[$0.lowerBound...]) } ?? error
        return Finding(
            known.code,
            .report,
            in: known.area,
            blocks: known.blocks,
            known.subject,
            shortened(words),
            fix: known.fix.replacing("UNIT", with: unit)
        )
    }
}

/// Returns whether a line is an error of klog, or no line of klog at all.
func isError(_ line: String) -> Bool {
    guard let first = line.utf8.first, line.utf8.count > 5 else { return false }
    let isKlog = line.utf8.dropFirst().prefix(4).allSatisfy { (0x30...0x39).contains($0) }
    return !isKlog || first == UInt8(ascii: "E") || first == UInt8(ascii: "F")
}

/// Returns the value of `err` in a line of klog, or the line after its prefix.
func errorText(_ line: String) -> String {
    guard let start = line.firstRange(of: "err=\"")?.upperBound else {
        return line.firstRange(of: "] ").map { String(line[$0.upperBound...]) } ?? line
    }
    var text = ""
    var isEscaped = false
    for character in line[start...] {
        if isEscaped {
            text.append(character == "n" ? " " : character)
            isEscaped = false
        } else if character == "\\" {
            isEscaped = true
        } else if character == "\"" {
            break
        } else {
            text.append(character)
        }
    }
    return text
}

/// Returns the error with which the kubelet ended, or its last error.
func lastKubeletError(_ lines: [JournalLine]) -> String? {
    let line = fatalLine(lines) ?? lines.last { isError($0.text) && $0.text.contains("err=") }
    return line.map { shortened(errorText($0.text)) }
}

/// Returns the line with which the kubelet ended, `nil` if there is none.
private func fatalLine(_ lines: [JournalLine]) -> JournalLine? {
    let endings = [
        "command failed", "Failed to start ContainerManager", "Failed to listen and serve", "failed to run Kubelet",
        "Error: ", "panic: ",
    ]
    return lines.last { line in isError(line.text) && endings.contains { line.text.contains($0) } }
}

/// Words of errors, with the beginnings of the codes of causes that explain them.
private let links: [(words: String, codes: [String])] = [
    ("expired", ["certificate-expired", "server-certificate", "clock"]), ("not yet valid", ["clock"]),
    ("x509", ["certificate", "credentials", "clock", "wrong-ca", "server-"]),
    ("certificate", ["certificate", "credentials", "bootstrap", "csr-"]),
    ("kubeconfig", ["kubeconfig", "bootstrap", "credentials"]), ("config file", ["kubelet-config"]),
    ("Unauthorized", ["unauthorized", "bootstrap", "certificate", "clock"]),
    ("dial tcp", ["server-", "no-route", "dns"]), ("connection refused", ["server-", "runtime-"]),
    ("lookup ", ["dns"]), ("no such host", ["dns"]), ("i/o timeout", ["server-", "no-route"]),
    ("container runtime", ["runtime", "cri-"]), ("RuntimeService", ["runtime", "cri-"]), ("PLEG", ["runtime"]),
    ("cni", ["cni"]), ("NetworkPluginNotReady", ["cni"]), ("cgroup", ["cgroup", "no-cgroups"]),
    ("hostname", ["node-name"]), ("node name", ["node-name"]), ("Swap", ["swap"]),
    ("environment files", ["environment-file"]), ("step EXEC", ["kubelet-program"]),
    ("locate executable", ["kubelet-program"]), ("address already in use", ["port-taken"]),
    ("no space left", ["disk-", "no-inodes"]), ("read-only file system", ["read-only"]),
]

/// Returns the beginnings of the codes of causes that explain an error.
func codes(explaining error: String) -> [String] {
    let known = knownTexts.filter { text in text.texts.allSatisfy { error.contains($0) } }.map(\.code)
    return known + links.filter { error.contains($0.words) }.flatMap(\.codes)
}
