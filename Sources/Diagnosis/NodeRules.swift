import Base
import Host

/// The rules for swap, disks and kernel settings.
let machineRules: [Rule] = [
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
    Rule(all: "disk-full", .machine, blocks: .pods) { facts in
        // One directory of each file system is enough.
        facts.machine.volumes.filter(\.space.isFull).unique { $0.space.mount }.map { path, space in
            (
                path,
                space.lacksInodes
                    ? "file system '\(space.mount)' has no free inodes"
                    : "file system '\(space.mount)' is full (\(byteText(space.free)) free)",
                "delete what is not needed: 'du -xh \(space.mount) | sort -h | tail' shows what is large, with '--inodes' where many "
                    + "files are, and 'crictl rmi --prune' deletes images"
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

/// The rules for a Node that does not exist, is not Ready, lacks resources or is cordoned.
let nodeRules: [Rule] = [
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
    Rule(all: "condition", .node, blocks: .pods) { facts in
        let types = ["DiskPressure", "MemoryPressure", "PIDPressure"]
        return types.compactMap { type in
            guard let condition = facts.cluster.node?.conditions[type], condition.status == "True", !facts.isLeaseOld
            else { return nil }
            return (
                "Node '\(facts.nodeName)'", "has \(type): \(condition.message)",
                type == "DiskPressure"
                    ? "free space for the kubelet and the images: 'df -h /var/lib/kubelet /var/lib/containerd' and 'crictl rmi --prune'"
                    : "stop programs that are not needed: 'ps aux --sort=-rss | head' shows the largest"
            )
        }
    },
    Rule("not-ready", .node, kind: .symptom) { facts in
        guard let node = facts.cluster.node else { return nil }
        let ready = node.conditions["Ready"]
        // If a kubelet hangs, its Node stays Ready for some time.
        if ready?.status == "True", !facts.isLeaseOld { return nil }
        let isSilent = ready?.status == "Unknown" || facts.isLeaseOld || !facts.kubeletWorks
        let message =
            isSilent ? "its kubelet does not report" + (reportError(facts).map { ": \($0)" } ?? "") : ready?.message
        let state = ready?.status == "True" ? "" : "is not Ready: "
        return (
            "Node '\(facts.nodeName)'", state + (message ?? "it has no condition Ready yet"),
            "see 'journalctl -u \(facts.kubelet.unitName)'"
        )
    },
    Rule("cordoned", .node, blocks: .pods) { facts in
        guard facts.cluster.node?.isUnschedulable == true else { return nil }
        return (
            "Node '\(facts.nodeName)'", "is cordoned ('spec.unschedulable'), so that no new pods are placed on it",
            "run 'kubectl uncordon \(facts.nodeName)'"
        )
    },
]

/// Returns the last error of a working kubelet about its reports to the server, or `nil` if there is none.
private func reportError(_ facts: Facts) -> String? {
    guard facts.kubeletWorks else { return nil }
    let words = ["lease", "node status", "register node", "Failed to watch", "current node"]
    let line = facts.recentLines.last { line in line.contains("err=") && words.contains { line.contains($0) } }
    return line.map(errorText)
}

/// The rules for static pod manifests that the kubelet cannot use, and for pods that do not run.
let podRules: [Rule] = [
    Rule(all: "static-pod", .pods) { facts in
        guard facts.server.fault == nil else { return [] }
        return facts.kubelet.staticPods.faults.map { fault in
            (fault.place, "\(fault.reason), so that the kubelet does not start this static pod", manifestFix)
        }
    },
    Rule(all: "pod", .pods) { facts in failures(facts) { $0.reason != "ContainerCreating" } },
    // An earlier fault is often the reason why a pod cannot be created.
    Rule(all: "pod", .pods, kind: .symptom) { facts in failures(facts) { $0.reason == "ContainerCreating" } },
]

/// Returns the findings about pods that match a predicate.
private func failures(_ facts: Facts, where isMeant: (ClusterFacts.PodObject) -> Bool) -> [Rule.Found] {
    // If a kubelet does not report, the states of its pods are out of date.
    guard facts.kubeletWorks, !facts.isLeaseOld else { return [] }
    return facts.cluster.pods.filter(isMeant).compactMap { pod in
        let message = pod.message.isEmpty ? journalError(of: pod, facts) : pod.message
        if pod.reason == "ContainerCreating", message.isEmpty { return nil }
        let text = message.isEmpty ? "" : ": \(shortened(message))"
        return ("pod '\(pod.name)'", pod.reason + text, podFix(pod))
    }
}

/// Returns the kubelet's last error about a pod, or an empty string if there is no recent one.
private func journalError(of pod: ClusterFacts.PodObject, _ facts: Facts) -> String {
    let name = pod.name.pathParts.last.map(String.init) ?? pod.name
    let line = facts.kubelet.log.lines.last { line in
        let text = line.text.replacing("\\", with: "")
        // A mirror pod is only the API server's copy of a static pod.
        guard isError(line.text), !text.contains("mirror pod"), !text.contains("podUID=") || text.contains(pod.uid),
            line.time.map({ facts.now.seconds - $0.seconds < 180 }) ?? true
        else { return false }
        return text.contains("pod=\"\(pod.name)\"") && text.contains("err=\"")
            || text.contains("pod \"\(name)\"") && text.contains("MountVolume")
    }
    guard let error = line.map({ errorText($0.text) }) else { return "" }
    // An error from the container runtime ends with its cause.
    let start = error.firstRange(of: "MountVolume")?.lowerBound ?? error.ranges(of: "desc = ").last?.upperBound
    var cause = (start.map { String(error[$0...]) } ?? error).replacing("\\", with: "")
    // An unpaired quote at the end belongs to the outer error.
    if cause.hasSuffix("\""), !cause.filter({ $0 == "\"" }).count.isMultiple(of: 2) { cause.removeLast() }
    return cause
}

private func podFix(_ pod: ClusterFacts.PodObject) -> String {
    let parts = pod.name.pathParts.map(String.init)
    let (namespace, name) = (parts.first ?? "default", parts.last ?? pod.name)
    if pod.reason.contains("Image") { return "run 'crictl pull \(pod.image ?? "IMAGE")' on this node to see why" }
    return pod.reason == "CrashLoopBackOff"
        ? "see 'kubectl -n \(namespace) logs \(name) --all-containers --previous'"
        : "see 'kubectl -n \(namespace) describe pod \(name)'"
}
