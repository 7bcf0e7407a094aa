import Base
import Host
import YAML

/// Faults of the kernel, the disks and the name of the machine.
let machineRules: [Rule] = [
    Rule("node-name", .machine, blocks: .kubelet) { facts in
        let name = facts.nodeName
        let isValid = name.utf8.count <= 253 && name.wholeMatch(of: /[a-z0-9]([a-z0-9.-]*[a-z0-9])?/) != nil
        let isOverridden = facts.kubelet.flag("hostname-override")?.isEmpty == false
        if !name.isEmpty, !isValid {
            return (
                isOverridden ? "--hostname-override '\(name)'" : "host name '\(name)'",
                "is no valid name of a Node: only a-z, 0-9, '-' and '.'",
                isOverridden
                    ? "correct \(facts.kubelet.place(ofFlag: "hostname-override")), and run '\(facts.kubelet.restart)'"
                    : "run 'hostnamectl hostname NAME' with a valid name, and run '\(facts.kubelet.restart)'"
            )
        }
        guard ["localhost", "localhost.localdomain", "(none)"].contains(name), !isOverridden else { return nil }
        return (
            "host name '\(name)'", "is not the machine's own, and the Node would have it",
            "run 'hostnamectl hostname NAME', and run '\(facts.kubelet.restart)'"
        )
    },
    Rule("swap-on", .machine, blocks: .kubelet) { facts in
        guard let area = facts.machine.swapAreas.first, facts.kubelet.areSettingsKnown,
            facts.kubelet.service?.load != "masked",
            facts.kubelet.setting("failSwapOn", flag: "fail-swap-on") != "false"
        else { return nil }
        return (
            "swap '\(area)'", "is on, and the kubelet does not start with swap ('failSwapOn' is not false)",
            "run 'swapoff -a' and remove it from /etc/fstab, or set 'failSwapOn: false' in "
                + "\(facts.kubelet.configuration.path ?? "the kubelet's configuration"); then run '\(facts.kubelet.restart)'"
        )
    },
    Rule(all: "read-only", .machine, blocks: .pods) { facts in
        volumes(facts) { $0.isReadOnly }.map { path, space in
            (
                path, "file system '\(space.mount)' is mounted read-only",
                "run 'mount -o remount,rw \(space.mount)'; if the kernel made it so, see 'dmesg' for the disk's errors"
            )
        }
    },
    Rule(all: "no-inodes", .machine, blocks: .pods) { facts in
        volumes(facts) { $0.isWithoutInodes }.map { path, space in
            (
                path, "file system '\(space.mount)' has no free inodes",
                "delete files there: 'du --inodes -x \(space.mount) | sort -n | tail' shows where many are"
            )
        }
    },
    Rule(all: "disk-full", .machine, blocks: .pods) { facts in
        volumes(facts) { $0.isFull && !$0.isWithoutInodes }.map { path, space in
            (
                path, "file system '\(space.mount)' is full (\(byteText(space.free)) free)",
                "delete what is not needed: 'du -xh \(space.mount) | sort -h | tail' shows what is large, 'crictl rmi --prune' "
                    + "deletes images, and 'journalctl --vacuum-size=200M' old logs"
            )
        }
    },
    Rule("ip-forward", .machine, blocks: .pods) { facts in
        guard facts.machine.settings["net.ipv4.ip_forward"] == "0", !facts.network.configurations.isEmpty else {
            return nil
        }
        return (
            "net.ipv4.ip_forward", "is 0: the node does not forward the packets of its pods",
            "run 'sysctl -w net.ipv4.ip_forward=1', and write it to /etc/sysctl.d/99-kubernetes.conf"
        )
    },
    Rule("bridge-netfilter", .machine, blocks: .pods) { facts in
        let name = "net.bridge.bridge-nf-call-iptables"
        guard facts.isThisMachine,
            facts.network.configurations.first?.types.contains("flannel") == true
                || facts.recentErrors.contains(where: { $0.contains("bridge-nf-call-iptables") }),
            facts.machine.settings[name] != "1"
        else { return nil }
        let isMissing = facts.machine.settings[name] == nil
        return (
            name,
            isMissing
                ? "does not exist, because kernel module 'br_netfilter' is not loaded"
                : "is 0, with which Services do not work",
            (isMissing ? "run 'modprobe br_netfilter' and write it to /etc/modules-load.d/kubernetes.conf; " : "")
                + "run 'sysctl -w \(name)=1', and write it to /etc/sysctl.d/99-kubernetes.conf"
        )
    },
]

/// Returns the first directory of each file system with a fault.
private func volumes(_ facts: Facts, where isWrong: (FreeSpace) -> Bool) -> [(path: String, space: FreeSpace)] {
    facts.machine.volumes.filter { isWrong($0.space) }.unique { $0.space.mount }
}

/// Why the Node is not there, not Ready, or closed to pods.
let nodeRules: [Rule] = [
    Rule("not-registered", .configuration, blocks: .node) { facts in
        guard facts.cluster.isKnown, facts.cluster.node == nil,
            facts.kubelet.setting("registerNode", flag: "register-node") == "false"
        else { return nil }
        let place =
            facts.kubelet.flag("register-node") == nil
            ? "'registerNode' in '\(facts.kubelet.configuration.path ?? "")'"
            : facts.kubelet.place(ofFlag: "register-node")
        return (
            "Node '\(facts.nodeName)'", "is not registered, because 'registerNode' is false",
            "remove \(place), and run '\(facts.kubelet.restart)'"
        )
    },
    Rule("node-missing", .node, kind: .symptom) { facts in
        guard facts.cluster.isKnown, facts.cluster.node == nil else { return nil }
        // A kubelet registers its Node only when it starts.
        let last = facts.kubelet.log.lines.last { $0.text.contains("egister") && $0.text.contains("node") }?.text
        let isLost = facts.kubelet.log.lines.contains { $0.text.contains("\"\(facts.nodeName)\\\" not found") }
        let error = last.flatMap { isError($0) ? errorText($0) : nil }
        let deletion =
            "does not exist any more: somebody has deleted it, and the kubelet registers it only when it starts"
        return (
            "Node '\(facts.nodeName)'",
            facts.kubeletWorks && isLost && error == nil
                ? deletion : "is not registered" + (facts.kubeletWorks ? error.map { ": \($0)" } ?? "" : ""),
            "run '\(facts.kubelet.restart)', and see 'journalctl -u \(facts.kubelet.unitName)' for its attempts to register"
        )
    },
    Rule("same-name", .node) { facts in
        guard facts.isHeldByOther, let own = facts.machine.machineID, let other = facts.cluster.node?.machineID else {
            return nil
        }
        return (
            "Node '\(facts.nodeName)'",
            "another machine reports under this name (machine ID \(other), this machine has \(own))",
            "run 'hostnamectl hostname NAME' on one of the two, and join it again: \(joiningAgain)"
        )
    },
    pressureRule(
        "MemoryPressure",
        "stop what uses the memory ('ps aux --sort=-rss | head'), or add some"
    ),
    pressureRule(
        "PIDPressure",
        "stop the program that starts too many processes, or raise kernel.pid_max"
    ),
    pressureRule(
        "DiskPressure",
        "free space for the kubelet and the images: 'df -h /var/lib/kubelet /var/lib/containerd' and 'crictl rmi --prune'"
    ),
    Rule("not-ready", .node, kind: .symptom) { facts in
        guard let node = facts.cluster.node else { return nil }
        let ready = node.conditions["Ready"]
        if ready?.status == "True" { return nil }
        // The message of a kubelet that does not report is of the past.
        let isSilent = ready?.status == "Unknown" || facts.isLeaseOld || !facts.kubeletWorks
        let message =
            isSilent ? "its kubelet does not report" + (reportError(facts).map { ": \($0)" } ?? "") : ready?.message
        let fix =
            message?.contains("cni") == true
            ? "install the network of the cluster, and see its pods: \(facts.listingPods)"
            : "see 'journalctl -u \(facts.kubelet.unitName)'"
        return ("Node '\(facts.nodeName)'", "is not Ready: \(message ?? "it has no condition Ready yet")", fix)
    },
    Rule("lease", .node, kind: .symptom) { facts in
        guard facts.isLeaseOld, let age = facts.cluster.leaseAge,
            facts.cluster.node?.conditions["Ready"]?.status == "True"
        else {
            return nil
        }
        return (
            "Lease of Node '\(facts.nodeName)'",
            "was not renewed for \(Duration.seconds(age).humanReadable)" + (reportError(facts).map { ": \($0)" } ?? ""),
            "run '\(facts.kubelet.restart)', because the server answers this program; then see 'journalctl -u "
                + "\(facts.kubelet.unitName)'"
        )
    },
    Rule("cordoned", .node, blocks: .pods) { facts in
        guard facts.cluster.node?.isUnschedulable == true else { return nil }
        return (
            "Node '\(facts.nodeName)'", "is cordoned ('spec.unschedulable'), so that no new pods are placed on it",
            "run 'kubectl uncordon \(facts.nodeName)'"
        )
    },
    taintRule("taint", .cause) { $0.effect == "NoExecute" && !$0.key.hasPrefix("node-role.kubernetes.io/") },
    // Only a person knows whether such a taint belongs to the node's use.
    taintRule("taint", .note) { $0.effect != "NoExecute" && !$0.key.hasPrefix("node-role.kubernetes.io/") },
]

private func taintRule(
    _ code: String,
    _ kind: Finding.Kind,
    where isMeant: @escaping @Sendable ((key: String, effect: String)) -> Bool,
) -> Rule {
    Rule(all: code, .node, kind: kind, blocks: .pods) { facts in
        let own = Set(
            (facts.kubelet.configuration.root?["registerWithTaints"]?.sequence ?? []).compactMap { $0["key"]?.string }
        )
        // Those of Kubernetes' own controllers are consequences, but for a cloud controller that does not run.
        let taints = (facts.cluster.node?.taints ?? []).filter {
            !$0.key.hasPrefix("node.kubernetes.io/") && !own.contains($0.key)
        }
        return taints.filter(isMeant).map { key, effect in
            (
                "Node '\(facts.nodeName)'", "has taint \(key):\(effect): pods without a toleration do not run on it",
                "run 'kubectl taint node \(facts.nodeName) \(key):\(effect)-' if it should not be there"
            )
        }
    }
}

private func pressureRule(_ type: String, _ fix: String) -> Rule {
    Rule("condition-\(type)", .node, blocks: .pods) { facts in
        guard let condition = facts.cluster.node?.conditions[type], condition.status == "True", !facts.isLeaseOld else {
            return nil
        }
        return ("Node '\(facts.nodeName)'", "has \(type): \(condition.message)", fix)
    }
}

/// Returns the last error of a running kubelet that could not report, `nil` if there is none.
private func reportError(_ facts: Facts) -> String? {
    let words = ["lease", "node status", "register node", "Failed to watch", "current node"]
    guard facts.kubeletWorks else { return nil }
    let line = facts.kubelet.log.lines.last { line in
        isError(line.text) && line.text.contains("err=") && words.contains { line.text.contains($0) }
    }
    return line.map { errorText($0.text) }
}

/// Static pods that the kubelet cannot use, and pods that do not run.
let podRules: [Rule] = [
    Rule(all: "static-pod", .pods) { facts in
        guard facts.server.fault == nil else { return [] }
        return facts.kubelet.staticPods.faults.map { fault in
            (fault.place, "\(fault.reason), so that the kubelet does not start this static pod", manifestFix)
        }
    },
    // The pod of a network writes its configuration.
    Rule(all: "pod", .pods, blocks: .network) { facts in
        guard facts.network.isKnown, facts.network.configurations.isEmpty else { return [] }
        return failures(facts) { pod in writesNetwork(pod, facts) }
    },
    Rule(all: "pod", .pods) { facts in
        failures(facts) { pod in
            pod.reason != "ContainerCreating" && !(facts.network.configurations.isEmpty && writesNetwork(pod, facts))
        }
    },
    // A pod that cannot be created is often a consequence of what was found above.
    Rule(all: "pod", .pods, kind: .symptom) { facts in failures(facts) { $0.reason == "ContainerCreating" } },
]

private func writesNetwork(_ pod: ClusterFacts.PodObject, _ facts: Facts) -> Bool {
    pod.hostPaths.contains { path in
        path.pathParts.count > 1
            && (isPath(facts.network.directory, at: path) || isPath(path, at: facts.network.directory))
    }
}

/// Describes the pods that do not run and that a rule is about.
private func failures(_ facts: Facts, where isMeant: (ClusterFacts.PodObject) -> Bool) -> [Rule.Found] {
    // A kubelet that does not report has not seen what its pods do now.
    guard facts.kubeletWorks, !facts.isLeaseOld else { return [] }
    return facts.cluster.pods.filter(isMeant).compactMap { pod in
        let message = pod.message.isEmpty ? journalError(of: pod, facts) : pod.message
        if pod.reason == "ContainerCreating", message.isEmpty { return nil }
        let text = message.isEmpty ? "" : ": \(shortened(message))"
        return (
            "pod '\(pod.name)'", pod.reason + text, podFix(pod, message.replacing("\\", with: ""), facts)
        )
    }
}

/// Returns the kubelet's last error about a pod, empty if there is none.
private func journalError(of pod: ClusterFacts.PodObject, _ facts: Facts) -> String {
    let name = pod.name.pathParts.last.map(String.init) ?? pod.name
    let line = facts.kubelet.log.lines.last { line in
        let text = line.text.replacing("\\", with: "")
        // The object at the server is of no importance to the start of the pod.
        guard isError(line.text), !text.contains("mirror pod"),
            line.time.map({ facts.now.seconds - $0.seconds < 180 }) ?? true
        else { return false }
        return text.contains("pod=\"\(pod.name)\"") && text.contains("err=\"")
            || text.contains("pod \"\(name)\"") && text.contains("MountVolume")
    }
    guard let error = line.map({ errorText($0.text) }) else { return "" }
    // The end of an error of the container runtime has the cause.
    let start = error.firstRange(of: "MountVolume")?.lowerBound ?? error.ranges(of: "desc = ").last?.upperBound
    var cause = (start.map { String(error[$0...]) } ?? error).replacing("\\", with: "")
    // The last quote may be that of the outer error.
    if cause.hasSuffix("\""), !cause.filter({ $0 == "\"" }).count.isMultiple(of: 2) { cause.removeLast() }
    return cause
}

/// Words of errors of pods, with the fix: IMAGE is the image, CNI the configuration, CONFIG that of containerd.
private let podFixes: [(words: [String], fix: String)] = [
    (
        ["sandbox image"],
        "IMPORT the sandbox image, or correct 'sandbox_image' in CONFIG and run 'systemctl restart containerd'"
    ),
    (
        ["cgroupspath"],
        "set 'cgroupDriver: systemd' for the kubelet and 'SystemdCgroup = true' in CONFIG, and restart both programs"
    ),
    (["hostpath type check failed"], "create the path on this node, or correct 'hostPath' of the pod"),
]

/// Errors of pulling an image, with the fix.
private let imageFixes: [(words: [String], fix: String)] = [
    (
        [" 401", " 403", "unauthorized", "forbidden", "denied"],
        "give the pod 'imagePullSecrets' with access to IMAGE, or correct the image's name"
    ),
    (["not found", "manifest unknown", "invalidimagename"], "correct IMAGE, which the registry does not have"),
    (["errimageneverpull"], "IMPORT IMAGE, or change 'imagePullPolicy: Never' of the pod"),
    (["no space left"], "free space for the images: 'df -h' and 'crictl rmi --prune'"),
    (
        ["no such host", "timeout", "connection refused", "dial tcp", "x509", "unreachable", "deadline exceeded"],
        "check that this node reaches the registry of IMAGE: DNS, proxy of containerd's unit, and CA; or IMPORT it"
    ),
]

/// Returns what to do about a pod that does not run.
private func podFix(_ pod: ClusterFacts.PodObject, _ message: String, _ facts: Facts) -> String {
    let parts = pod.name.pathParts.map(String.init)
    let (namespace, name) = (parts.first ?? "default", parts.last ?? pod.name)
    let isImage = pod.reason.contains("Image")
    let text = "\(pod.reason): \(message)".lowercased()
    if let found = (isImage ? imageFixes : podFixes).first(where: { $0.words.contains { text.contains($0) } }) {
        return found.fix.replacing("IMAGE", with: pod.image.map { "'\($0)'" } ?? "the image")
            .replacing("IMPORT", with: "import with 'ctr -n k8s.io images import FILE'")
            .replacing("CONFIG", with: facts.runtime.containerd?.path ?? "/etc/containerd/config.toml")
            .replacing("CNI", with: facts.network.configurations.first?.path ?? facts.network.directory)
    }
    if isImage { return "run 'crictl pull \(pod.image ?? "IMAGE")' on this node to see why" }
    return pod.reason == "CrashLoopBackOff"
        ? "see 'kubectl -n \(namespace) logs \(name) --all-containers --previous'"
        : "see 'kubectl -n \(namespace) describe pod \(name)'"
}
