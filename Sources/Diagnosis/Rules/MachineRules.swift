import Base
import Host
import Kubernetes

/// Finds faults of the kernel's settings, the disks and the name of the machine.
func machineFindings(_ facts: Facts) -> [Finding] {
    guard facts.machine.isKnown else { return [] }
    let ofKernel = swapFindings(facts) + groupFindings(facts)
    return nameFindings(facts) + ofKernel + volumeFindings(facts) + settingFindings(facts)
}

private func nameFindings(_ facts: Facts) -> [Finding] {
    var findings: [Finding] = []
    let name = facts.cluster.nodeName.isEmpty ? facts.machine.hostName.lowercased() : facts.cluster.nodeName
    let isValid = SubjectName.isHostName(name) && name.utf8.count <= 253 && !name.utf8.contains(UInt8(ascii: "_"))
    let isOverridden = facts.kubelet.flag("hostname-override")?.isEmpty == false
    if !name.isEmpty, !isValid {
        findings.append(
            Finding(
                "node-name",
                in: .machine,
                blocks: facts.kubeletWorks ? .credentials : .kubelet,
                isOverridden ? "--hostname-override '\(printable(name))'" : "host name '\(printable(name))'",
                "is no valid name of a Node: only a-z, 0-9, '-' and '.'",
                fix: isOverridden
                    ? "correct \(facts.kubelet.place(ofFlag: "hostname-override")), and run "
                        + "'\(facts.kubelet.restart(afterChangeOf: "hostname-override"))'"
                    : "run 'hostnamectl hostname NAME' with a valid name, and restart \(facts.kubelet.unitName)"
            )
        )
    } else if ["localhost", "localhost.localdomain", "(none)"].contains(name), !isOverridden {
        findings.append(
            Finding(
                "node-name",
                in: .machine,
                blocks: .credentials,
                "host name '\(name)'",
                "is not the machine's own, and the Node would have it",
                fix: "run 'hostnamectl hostname NAME', and restart \(facts.kubelet.unitName)"
            )
        )
    }
    if facts.machine.lacksMachineID || facts.machine.machineID?.isEmpty == true {
        findings.append(
            Finding(
                "machine-id",
                .note,
                in: .machine,
                blocks: .kubelet,
                "/etc/machine-id",
                facts.machine.lacksMachineID ? "does not exist" : "is empty",
                fix: "run 'systemd-machine-id-setup'"
            )
        )
    }
    return findings
}

private func swapFindings(_ facts: Facts) -> [Finding] {
    guard let area = facts.machine.swapAreas.first, !facts.kubelet.isK3s,
        facts.kubelet.setting("failSwapOn", flag: "fail-swap-on") != "false", facts.kubelet.areSettingsKnown
    else { return [] }
    return [
        Finding(
            "swap-on",
            in: .machine,
            blocks: .kubelet,
            "swap '\(area)'",
            "is on, and the kubelet does not start with swap ('failSwapOn' is not false)",
            fix: "run 'swapoff -a' and remove it from /etc/fstab, or set 'failSwapOn: false' in "
                + "\(facts.kubelet.configuration.path ?? "the kubelet's configuration"); then run 'systemctl restart "
                + "\(facts.kubelet.unitName)'"
        )
    ]
}

private func groupFindings(_ facts: Facts) -> [Finding] {
    let version = facts.machine.controlGroupVersion
    if version == 0 {
        return [
            Finding(
                "no-cgroups",
                in: .machine,
                blocks: .runtime,
                "/sys/fs/cgroup",
                "no control groups are mounted",
                fix: "run 'mount -t cgroup2 cgroup2 /sys/fs/cgroup', which systemd does at boot"
            )
        ]
    }
    let kubelet = facts.kubelet.version.flatMap(KubernetesVersion.init)
    guard version == 1, let kubelet, kubelet >= KubernetesVersion(minor: 35), !facts.kubelet.isK3s,
        facts.kubelet.areSettingsKnown,
        facts.kubelet.setting("failCgroupV1", flag: "fail-cgroupv1") != "false"
    else { return [] }
    return [
        Finding(
            "cgroup-v1",
            in: .machine,
            blocks: .kubelet,
            "control groups",
            "the machine has version 1, with which kubelet \(facts.kubelet.version ?? "") does not start ('failCgroupV1' is "
                + "not false)",
            fix: "boot with the kernel parameter systemd.unified_cgroup_hierarchy=1, or set 'failCgroupV1: false' in "
                + "\(facts.kubelet.configuration.path ?? "the kubelet's configuration")"
        )
    ]
}

private func volumeFindings(_ facts: Facts) -> [Finding] {
    var seen: Set<String> = []
    return facts.machine.volumes.compactMap { volume in
        let space = volume.space
        let isOfPods = volume.path != "/etc" && volume.path != "/run"
        let problem: (code: String, cause: String, fix: String)?
        if space.isReadOnly, isOfPods || volume.path == "/run" {
            let fix =
                "run 'mount -o remount,rw \(space.mount)'; if the kernel made it so, see 'dmesg' for the disk's errors"
            problem = ("read-only", "file system '\(space.mount)' is mounted read-only", fix)
        } else if space.isWithoutInodes {
            let fix = "delete files there: 'du --inodes -x \(space.mount) | sort -n | tail' shows where many are"
            problem = ("no-inodes", "file system '\(space.mount)' has no free inodes", fix)
        } else if space.isFull || isOfPods && space.free < space.size / 100 {
            let free = byteText(space.free)
            let fix =
                "delete what is not needed: 'du -xh \(space.mount) | sort -h | tail' shows what is large, 'crictl rmi --prune' "
                + "deletes images, and 'journalctl --vacuum-size=200M' old logs"
            let part = space.free * 1000 / max(1, space.size)
            problem =
                space.isFull
                ? ("disk-full", "file system '\(space.mount)' is full (\(free) free)", fix)
                : ("disk-low", "file system '\(space.mount)' has only \(free) free (0.\(part) %)", fix)
        } else {
            problem = nil
        }
        guard let problem, seen.insert("\(problem.code) \(space.mount)").inserted else { return nil }
        // A kubelet that runs already writes into its directory all the time.
        let isOfPodsOnly = facts.isReady || problem.code == "disk-low"
        return Finding(
            problem.code,
            in: .machine,
            blocks: isOfPodsOnly ? .pods : volume.path.hasPrefix("/var/lib/cont") ? .runtime : .kubelet,
            volume.path,
            problem.cause,
            fix: problem.fix
        )
    }
}

private func settingFindings(_ facts: Facts) -> [Finding] {
    var findings: [Finding] = []
    let ranges = facts.cluster.node?.podRanges ?? []
    let isIPv6Only = !ranges.isEmpty && ranges.allSatisfy { $0.contains(":") }
    let hasPods = facts.network.configurations.first != nil && !isIPv6Only
    if facts.machine.settings["net.ipv4.ip_forward"] == "0" {
        findings.append(
            Finding(
                "ip-forward",
                hasPods && facts.cluster.node != nil ? .cause : .note,
                in: .machine,
                blocks: .pods,
                "net.ipv4.ip_forward",
                "is 0: the node does not forward the packets of its pods",
                fix: "run 'sysctl -w net.ipv4.ip_forward=1', and write it to /etc/sysctl.d/99-kubernetes.conf"
            )
        )
    }
    let usesBridge = facts.network.configurations.first?.plugins.contains { ["bridge", "flannel"].contains($0.type) }
    if facts.machine.settings["net.bridge.bridge-nf-call-iptables"] == "0", usesBridge == true {
        findings.append(
            Finding(
                "bridge-netfilter",
                in: .machine,
                blocks: .pods,
                "net.bridge.bridge-nf-call-iptables",
                "is 0: Services do not work between pods on the same bridge",
                fix:
                    "run 'sysctl -w net.bridge.bridge-nf-call-iptables=1', and write it to /etc/sysctl.d/99-kubernetes.conf"
            )
        )
    }
    for module in facts.machine.missingModules {
        findings.append(
            Finding(
                "module-\(module)",
                .note,
                in: .machine,
                blocks: .pods,
                "kernel module '\(module)'",
                "is not loaded; some networks and container runtimes need it",
                fix: "run 'modprobe \(module)', and write it to /etc/modules-load.d/kubernetes.conf"
            )
        )
    }
    if let text = facts.machine.settings["fs.inotify.max_user_instances"], let count = Int(text), count < 128 {
        findings.append(
            Finding(
                "inotify-limit",
                .note,
                in: .machine,
                blocks: .pods,
                "fs.inotify.max_user_instances",
                "is only \(count): programs fail with 'too many open files'",
                fix: "run 'sysctl -w fs.inotify.max_user_instances=8192'"
            )
        )
    }
    return findings
}
