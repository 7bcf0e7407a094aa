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
    /// The flag to correct, `nil` if the line names it.
    var flag: String?

    init(
        _ texts: String...,
        code: String,
        in area: Area,
        blocks: Area,
        _ subject: String,
        fix: String,
        from: String? = nil,
        flag: String? = nil,
    ) {
        (self.texts, self.code, self.area, self.blocks) = (texts, code, area, blocks)
        (self.subject, self.fix, self.from, self.flag) = (subject, fix, from, flag)
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
        "unknown flag: ",
        code: "kubelet-flag",
        in: .configuration,
        blocks: .configuration,
        "flags of the kubelet",
        fix: "remove FLAG, which this version of the kubelet does not have, and run 'RESTART'",
        from: "unknown flag: "
    ),
    KnownText(
        "invalid argument ",
        " for ",
        code: "kubelet-flag",
        in: .configuration,
        blocks: .configuration,
        "flags of the kubelet",
        fix: "correct FLAG, and run 'RESTART'",
        from: "invalid argument "
    ),
    KnownText(
        "failed to parse kubelet flag",
        code: "kubelet-flag",
        in: .configuration,
        blocks: .configuration,
        "flags of the kubelet",
        fix: "remove or correct FLAG, and run 'RESTART'",
        from: "failed to parse kubelet flag"
    ),
    KnownText(
        "failed to load kubelet config file",
        code: "kubelet-config",
        in: .configuration,
        blocks: .configuration,
        "configuration of the kubelet",
        fix: "correct CONFIG, and run 'systemctl restart UNIT'",
        from: "failed to load kubelet config file"
    ),
    KnownText(
        "failed to validate kubelet configuration",
        code: "kubelet-config",
        in: .configuration,
        blocks: .configuration,
        "configuration of the kubelet",
        fix: "correct the setting in CONFIG, and run 'systemctl restart UNIT'",
        from: "failed to validate kubelet configuration"
    ),
    KnownText(
        "unrecognized feature gate",
        code: "kubelet-config",
        in: .configuration,
        blocks: .configuration,
        "feature gates of the kubelet",
        fix:
            "remove it from 'featureGates' in CONFIG or from '--feature-gates' of the unit, and run 'systemctl restart UNIT'",
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
        "nvalid kernel flag",
        code: "kernel-settings",
        in: .machine,
        blocks: .kubelet,
        "settings of the kernel",
        fix:
            "set what it names with 'sysctl -w', such as 'sysctl -w vm.overcommit_memory=1 kernel.panic=10 kernel.panic_on_oops=1', "
            + "and write it to /etc/sysctl.d/90-kubelet.conf, or write 'protectKernelDefaults: false' in CONFIG; then run 'systemctl "
            + "restart UNIT'"
    ),
    KnownText(
        "open /dev/kmsg",
        code: "kernel-log",
        in: .machine,
        blocks: .kubelet,
        "/dev/kmsg",
        fix:
            "let the kubelet see the devices of the machine: remove 'PrivateDevices=' from UNIT; in a container, make the file with "
            + "'mknod /dev/kmsg c 1 11'"
    ),
    KnownText(
        "/proc/sys/",
        "read-only file system",
        code: "kernel-settings",
        in: .machine,
        blocks: .kubelet,
        "/proc/sys",
        fix:
            "remove 'ProtectKernelTunables=' and 'ReadOnlyPaths=' from UNIT ('systemctl cat UNIT'); in a container, mount /proc/sys "
            + "writable with 'mount -o remount,rw /proc/sys'"
    ),
    KnownText(
        "/sys/fs/cgroup",
        "read-only file system",
        code: "cgroups-read-only",
        in: .machine,
        blocks: .kubelet,
        "/sys/fs/cgroup",
        fix:
            "run 'mount -o remount,rw /sys/fs/cgroup', and remove 'ProtectControlGroups=' from UNIT ('systemctl cat UNIT')"
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
        fix: "write the node's address in FLAG, or remove the flag, and run 'RESTART'",
        from: "failed to validate nodeIP",
        flag: "node-ip"
    ),
    KnownText(
        "failed to validate nodeIP",
        code: "node-ip",
        in: .configuration,
        blocks: .node,
        "--node-ip",
        fix: "write an address of this node ('ip address') in FLAG, or remove the flag, and run 'RESTART'",
        from: "failed to validate nodeIP",
        flag: "node-ip"
    ),
    KnownText(
        "proxyconnect tcp",
        code: "proxy",
        in: .server,
        blocks: .server,
        "proxy of the kubelet",
        fix:
            "correct HTTPS_PROXY in the environment of UNIT ('systemctl show -p Environment -p EnvironmentFiles UNIT'), or "
            + "add the server to NO_PROXY there, and run 'systemctl daemon-reload && systemctl restart UNIT'",
        from: "proxyconnect tcp"
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
