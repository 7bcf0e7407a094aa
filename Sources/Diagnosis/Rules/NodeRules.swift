import Base
import YAML

/// Finds why the Node is not there, not Ready, or closed to pods.
func nodeFindings(_ facts: Facts) -> [Finding] {
    guard facts.cluster.isKnown else { return [] }
    let name = facts.cluster.nodeName
    guard let node = facts.cluster.node else { return missingFindings(facts, name) }
    return holderFindings(facts, node) + conditionFindings(facts, node) + taintFindings(facts, node)
}

/// Finds why the Node does not exist.
private func missingFindings(_ facts: Facts, _ name: String) -> [Finding] {
    let kubelet = facts.kubelet
    if kubelet.setting("registerNode", flag: "register-node") == "false" {
        return [
            Finding(
                "not-registered",
                in: .configuration,
                blocks: .node,
                "Node '\(name)'",
                "is not registered, because 'registerNode' is false",
                fix: kubelet.flag("register-node") == nil
                    ? "remove 'registerNode: false' in '\(kubelet.configuration.path ?? "")', and run 'systemctl restart "
                        + "\(kubelet.unitName)'"
                    : "remove \(kubelet.place(ofFlag: "register-node")), and run "
                        + "'\(kubelet.restart(afterChangeOf: "register-node"))'"
            )
        ]
    }
    // A kubelet registers its Node only once.
    let lines = kubelet.lines.map { $0.text.replacing("\\", with: "") }
    let texts = ["nodes \"\(name)\" not found", "node \"\(name)\" not found"]
    let isLost = lines.contains { line in texts.contains { line.contains($0) } }
    let lastSuccess = lines.lastIndex { $0.contains("Successfully registered node") } ?? -1
    let isRegistering = lines.dropFirst(lastSuccess + 1).contains { $0.contains("Unable to register node") }
    if facts.kubeletWorks, isLost, !isRegistering {
        return [
            Finding(
                "node-deleted",
                .report,
                in: .node,
                "Node '\(name)'",
                "does not exist any more: somebody has deleted it, and the kubelet registers it only when it starts",
                fix: "run 'systemctl restart \(kubelet.unitName)'"
            )
        ]
    }
    // A kubelet that does not run registers nothing, whatever its error is.
    let error = facts.kubeletWorks ? lastKubeletError(kubelet.lines) : nil
    return [
        Finding(
            "node-missing",
            .symptom,
            in: .node,
            "Node '\(name)'",
            "is not registered" + (error.map { ": \($0)" } ?? ""),
            fix:
                "run 'systemctl restart \(kubelet.unitName)', and see 'journalctl -u \(kubelet.unitName)' for the kubelet's "
                + "attempts to register"
        ).having(error: error)
    ]
}

/// Finds another machine whose kubelet reports under the same name.
private func holderFindings(_ facts: Facts, _ node: ClusterFacts.NodeObject) -> [Finding] {
    guard facts.isHeldByOther, let own = facts.machine.machineID, let other = node.machineID else { return [] }
    return [
        Finding(
            "same-name",
            in: .node,
            "Node '\(facts.cluster.nodeName)'",
            "another machine reports under this name (machine ID \(printable(other)), this machine has \(own))",
            fix: "run 'hostnamectl hostname NAME' on one of the two, and join it again: \(joiningAgain)"
        )
    ]
}

extension Facts {
    /// Whether another machine reports as this Node.
    var isHeldByOther: Bool {
        guard let own = machine.machineID, let other = cluster.node?.machineID, !other.isEmpty, !own.isEmpty,
            let age = cluster.leaseAge
        else { return false }
        return own != other && age < .seconds(60)
    }

    /// The command that lists the pods of this node, for a fix.
    var listingPods: String {
        "'kubectl get pods -A -o wide --field-selector spec.nodeName=\(cluster.nodeName)'"
    }
}

private func conditionFindings(_ facts: Facts, _ node: ClusterFacts.NodeObject) -> [Finding] {
    var findings: [Finding] = []
    let subject = "Node '\(facts.cluster.nodeName)'"
    let fixes = [
        "MemoryPressure": "stop what uses the memory ('ps aux --sort=-rss | head'), or add some",
        "PIDPressure": "stop the program that starts too many processes, or raise kernel.pid_max",
        "DiskPressure":
            "free space for the kubelet and the images: 'df -h /var/lib/kubelet /var/lib/containerd' and 'crictl rmi --prune'",
        "NetworkUnavailable": "see the pods of the network, which clear this condition: \(facts.listingPods)",
    ]
    for (type, fix) in fixes.sorted(by: { $0.key < $1.key }) {
        guard let condition = node.conditions[type], condition.status == "True" else { continue }
        let threshold = threshold(of: type, facts).map {
            "; or lower \($0), and run 'systemctl restart \(facts.kubelet.unitName)'"
        }
        findings.append(
            Finding(
                "condition-\(type)",
                in: .node,
                blocks: type == "NetworkUnavailable" ? .network : .pods,
                subject,
                "has \(type): \(printable(shortened(condition.message)))",
                fix: fix + (threshold ?? "")
            )
        )
    }
    guard let ready = node.conditions["Ready"], ready.status != "True" else {
        if node.conditions["Ready"] != nil { return findings + leaseFindings(facts, node) }
        return findings + [
            Finding(
                "not-ready",
                .symptom,
                in: .node,
                subject,
                "has no condition Ready yet",
                fix: "wait a minute, and run this again"
            )
        ]
    }
    let message = ready.message
    // The message of a kubelet that does not report is of the past.
    let isSilent = ready.status == "Unknown" || facts.isLeaseOld || !facts.kubeletWorks
    let error = isSilent ? reportError(facts) : nil
    let why = isSilent ? "its kubelet does not report any more\(error.map { ": \($0)" } ?? "")" : message
    let isNetwork = why.contains("NetworkPluginNotReady") || why.contains("cni plugin not initialized")
    findings.append(
        Finding(
            "not-ready",
            .symptom,
            in: isNetwork ? .network : .node,
            blocks: isNetwork ? .network : .node,
            subject,
            "is not Ready: \(printable(shortened(why)))",
            fix: isNetwork
                ? "install the network of the cluster, such as Calico or Flannel, and see its pods: \(facts.listingPods)"
                : "see 'journalctl -u \(facts.kubelet.unitName)'"
        ).having(error: isSilent ? error : message)
    )
    return findings
}

/// Returns the kubelet's threshold of a condition with its file, `nil` if the threshold is the default.
private func threshold(of type: String, _ facts: Facts) -> String? {
    let signals = [
        "MemoryPressure": ["memory.available"], "PIDPressure": ["pid.available"],
        "DiskPressure": ["nodefs.available", "imagefs.available", "nodefs.inodesFree", "imagefs.inodesFree"],
    ]
    guard let path = facts.kubelet.configuration.path else { return nil }
    for key in ["evictionHard", "evictionSoft"] {
        let settings = facts.kubelet.configuration.root?[key]
        for signal in signals[type] ?? [] {
            guard let value = settings?[signal]?.string else { continue }
            return "'\(key)' of '\(signal)' (\(printable(value))) in '\(printable(path))' if it is too high"
        }
    }
    return nil
}

/// Finds a Lease that the kubelet does not renew, although the Node still counts as Ready.
private func leaseFindings(_ facts: Facts, _ node: ClusterFacts.NodeObject) -> [Finding] {
    guard facts.isLeaseOld, let age = facts.cluster.leaseAge else { return [] }
    let error = reportError(facts)
    let name = facts.kubelet.unitName
    let (state, fix): (String, String)
    if facts.isLeaseOfEarlierKubelet, let start = facts.kubelet.process?.age {
        state =
            "has not been renewed since the kubelet was started \(start.humanReadable) ago, so that 'Ready' is of the time before"
        fix = "wait 20 seconds, and run this again; if it is the same, see 'journalctl -u \(name)'"
    } else {
        state = "was not renewed for \(age.humanReadable)"
        fix =
            "run 'systemctl restart \(name)', because the server answers this program; if it is the same then, see "
            + "'journalctl -u \(name)'"
    }
    return [
        Finding(
            "lease",
            .symptom,
            in: .node,
            "Lease of Node '\(facts.cluster.nodeName)'",
            state + (error.map { ": \($0)" } ?? ""),
            fix: fix
        ).having(error: error)
    ]
}

/// Returns the last error of a running kubelet that could not report, `nil` if there is none.
private func reportError(_ facts: Facts) -> String? {
    let words = ["lease", "node status", "register node", "Failed to watch", "current node"]
    guard facts.kubeletWorks else { return nil }
    let line = facts.kubelet.lines.last { line in
        isError(line.text) && line.text.contains("err=") && words.contains { line.text.contains($0) }
    }
    return line.map { shortened(errorText($0.text)) }
}

private func taintFindings(_ facts: Facts, _ node: ClusterFacts.NodeObject) -> [Finding] {
    var findings: [Finding] = []
    let name = facts.cluster.nodeName
    if node.isUnschedulable {
        findings.append(
            Finding(
                "cordoned",
                in: .node,
                blocks: .pods,
                "Node '\(name)'",
                "is cordoned ('spec.unschedulable'), so that no new pods are placed on it",
                fix: "run 'kubectl uncordon \(name)'"
            )
        )
    }
    if node.taints.contains(where: { $0.key == "node.cloudprovider.kubernetes.io/uninitialized" }) {
        findings.append(
            Finding(
                "uninitialized",
                in: .node,
                blocks: .pods,
                "Node '\(name)'",
                "has taint node.cloudprovider.kubernetes.io/uninitialized: no cloud controller manager has initialized it",
                fix:
                    "run the cloud controller manager, or remove '--cloud-provider=external' from the kubelet and the taint"
            )
        )
    }
    let ofKubelet = facts.kubelet.configuration.root?["registerWithTaints"]?.sequence ?? []
    let own = Set(ofKubelet.compactMap { $0["key"]?.string })
    for taint in node.taints where isForeign(taint) {
        let key = printable(taint.key)
        // Such a taint ends the pods that run, which nobody wants for long. Another one may belong to the node's use.
        let isEvicting =
            taint.effect == "NoExecute" && !own.contains(taint.key) && !key.hasPrefix("node-role.kubernetes.io/")
        let effect =
            switch taint.effect {
            case "NoExecute": "pods without a toleration are ended, and none is placed on it"
            case "PreferNoSchedule": "pods without a toleration are placed on other nodes if possible"
            default: "pods without a toleration are not placed on it"
            }
        findings.append(
            Finding(
                "taint",
                isEvicting ? .cause : .note,
                in: .node,
                blocks: .pods,
                "Node '\(name)'",
                "has taint \(key):\(taint.effect): \(effect)",
                fix: "run 'kubectl taint node \(name) \(key):\(taint.effect)-' if it should not be there"
            )
        )
    }
    return findings
}

/// Returns whether a taint was set by a person or by a controller other than those of Kubernetes.
private func isForeign(_ taint: ClusterFacts.Taint) -> Bool {
    let ofController: Set = [
        "not-ready", "unreachable", "memory-pressure", "disk-pressure", "pid-pressure", "network-unavailable",
        "unschedulable",
    ]
    let prefix = "node.kubernetes.io/"
    if taint.key.hasPrefix(prefix) { return !ofController.contains(String(taint.key.dropFirst(prefix.utf8.count))) }
    return !taint.key.hasPrefix("node.cloudprovider.kubernetes.io/")
}
