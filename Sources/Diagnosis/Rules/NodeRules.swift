import Base

/// Finds why the Node is not there, not Ready, or closed to pods.
func nodeFindings(_ facts: Facts) -> [Finding] {
    guard facts.cluster.isKnown else { return [] }
    let name = facts.cluster.nodeName
    guard let node = facts.cluster.node else {
        let error = lastKubeletError(facts.kubelet.lines)
        return [
            Finding(
                "node-missing",
                .symptom,
                in: .node,
                "Node '\(name)'",
                "is not registered" + (error.map { ": \($0)" } ?? ""),
                fix:
                    "see 'journalctl -u \(facts.kubelet.unitName)' for the kubelet's attempts; 'registerNode: false' keeps it from "
                    + "registering"
            ).having(error: error)
        ]
    }
    return holderFindings(facts, node) + conditionFindings(facts, node) + taintFindings(facts, node)
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
    fileprivate var listingPods: String {
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
        findings.append(
            Finding(
                "condition-\(type)",
                in: .node,
                blocks: type == "NetworkUnavailable" ? .network : .pods,
                subject,
                "has \(type): \(shortened(printable(condition.message)))",
                fix: fix
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
    let message = printable(ready.message)
    let isNetwork = message.contains("NetworkPluginNotReady") || message.contains("cni plugin not initialized")
    let isSilent = ready.status == "Unknown"
    let why = isSilent ? "its kubelet does not report any more" : message
    findings.append(
        Finding(
            "not-ready",
            .symptom,
            in: isNetwork ? .network : .node,
            blocks: isNetwork ? .network : .node,
            subject,
            "is not Ready: \(shortened(why))",
            fix: isNetwork
                ? "install the network of the cluster, such as Calico or Flannel, and see its pods: \(facts.listingPods)"
                : "see 'journalctl -u \(facts.kubelet.unitName)'"
        ).having(error: isSilent ? nil : message)
    )
    return findings
}

/// Finds a Lease that the kubelet does not renew, although the Node still counts as Ready.
private func leaseFindings(_ facts: Facts, _ node: ClusterFacts.NodeObject) -> [Finding] {
    guard let age = facts.cluster.leaseAge, age > .seconds(60) else { return [] }
    return [
        Finding(
            "lease",
            .symptom,
            in: .node,
            "Lease of Node '\(facts.cluster.nodeName)'",
            "was not renewed for \(age.humanReadable)",
            fix: "see 'journalctl -u \(facts.kubelet.unitName)'"
        )
    ]
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
    for taint in node.taints where isForeign(taint) {
        findings.append(
            Finding(
                "taint",
                .note,
                in: .node,
                blocks: .pods,
                "Node '\(name)'",
                "has taint \(printable(taint.key)):\(taint.effect); pods without a toleration are not placed on it",
                fix: "run 'kubectl taint node \(name) \(printable(taint.key))-' if it should not be there"
            )
        )
    }
    return findings
}

/// Returns whether a taint was set by a person or by a controller other than those of Kubernetes.
private func isForeign(_ taint: ClusterFacts.Taint) -> Bool {
    !taint.key.hasPrefix("node.kubernetes.io/") && !taint.key.hasPrefix("node.cloudprovider.kubernetes.io/")
}

/// Finds faults of the network of pods.
func networkFindings(_ facts: Facts) -> [Finding] {
    guard !facts.kubelet.isK3s, facts.kubelet.program != nil || facts.kubelet.process != nil, facts.network.isKnown
    else { return [] }
    let network = facts.network
    let reported = facts.runtime.conditions.first { $0.type == "NetworkReady" }
    let place = network.setting.map { " (\($0))" } ?? ""
    guard let first = network.configurations.first else {
        if reported?.isTrue == true { return [] }
        return network.unreadable[network.directory] == nil ? missingNetwork(facts, place) : notLoaded(facts, reported)
    }
    let restart = "run 'systemctl restart \(facts.runtime.unitName)'"
    var findings: [Finding] = []
    if let fault = first.fault {
        findings.append(
            Finding(
                "cni-invalid",
                in: .network,
                first.path,
                fault,
                fix: "correct or remove the file, and let the network write it again; then \(restart)"
            )
        )
    }
    findings += pluginFindings(facts, first, isNetworkReady: reported?.isTrue == true)
    if !findings.contains(where: { $0.kind == .cause }) { findings += notLoaded(facts, reported, first.path) }
    return findings + orderFindings(network)
}

/// Finds a container runtime that reports that it has no network.
private func notLoaded(_ facts: Facts, _ reported: RuntimeFacts.Condition?, _ path: String? = nil) -> [Finding] {
    guard let reported, !reported.isTrue else { return [] }
    return [
        Finding(
            "cni-not-loaded",
            .report,
            in: .network,
            facts.runtime.version?.name ?? "container runtime",
            "has not loaded \(path ?? "a CNI configuration"): \(shortened(printable(reported.message)))",
            fix: "run 'systemctl restart \(facts.runtime.unitName)'"
        )
    ]
}

/// Finds why there is no configuration.
private func missingNetwork(_ facts: Facts, _ place: String) -> [Finding] {
    let network = facts.network
    let others = network.otherFiles
    if let other = others.first {
        return [
            Finding(
                "cni-directory",
                in: .network,
                "CNI configuration",
                "there is none in \(network.directory)\(place), but '\(other)' exists",
                fix: "name that directory in 'conf_dir' of containerd, or move the file to \(network.directory)"
            )
        ]
    }
    return [
        Finding(
            "cni-missing",
            in: .network,
            "CNI configuration",
            "\(network.hasDirectory ? "there is none in" : "there is no directory") \(network.directory)\(place)",
            fix:
                "install the network of the cluster, such as Calico or Flannel; if it is installed, see its pod: "
                + facts.listingPods
        )
    ]
}

/// Finds programs that a configuration names and that cannot be run.
private func pluginFindings(
    _ facts: Facts,
    _ configuration: NetworkFacts.Configuration,
    isNetworkReady: Bool,
) -> [Finding] {
    var findings: [Finding] = []
    for plugin in configuration.plugins {
        if let path = plugin.path {
            guard let fault = plugin.fault else { continue }
            findings.append(
                Finding(
                    "cni-plugin",
                    isNetworkReady ? .note : .cause,
                    in: .network,
                    blocks: isNetworkReady ? .pods : .network,
                    path,
                    "CNI plug-in of \(configuration.path) \(fault)",
                    fix: fault == "is not executable" ? "run 'chmod +x \(path)'" : "install the plug-in again"
                )
            )
        } else {
            let directories = facts.network.pluginDirectories.joined(separator: ", ")
            findings.append(
                Finding(
                    "cni-plugin",
                    isNetworkReady ? .note : .cause,
                    in: .network,
                    blocks: isNetworkReady ? .pods : .network,
                    "CNI plug-in '\(printable(plugin.type))'",
                    "\(configuration.path) names it, and it is not in \(directories)",
                    fix:
                        "install it there ('apt install containernetworking-plugins', or the network's installer), or correct "
                        + "'bin_dir' in /etc/containerd/config.toml"
                )
            )
        }
    }
    return findings
}

/// Notes that a runtime uses only the first of several configurations.
private func orderFindings(_ network: NetworkFacts) -> [Finding] {
    guard network.configurations.count > 1, let first = network.configurations.first else { return [] }
    let others = network.configurations.dropFirst().map(\.path).joined(separator: ", ")
    return [
        Finding(
            "cni-several",
            .note,
            in: .network,
            blocks: .pods,
            first.path,
            "is used because its name is first; \(others) is not",
            fix: "remove the configuration of a network that is not this cluster's"
        )
    ]
}

/// Finds pods that do not run.
func podFindings(_ facts: Facts) -> [Finding] {
    var findings: [Finding] = []
    for var pod in facts.cluster.pods where pod.reason != "Pending" {
        if pod.message.isEmpty { pod.message = lastKubeletError(about: pod, facts) ?? "" }
        let owner = pod.daemonSet.map { " of DaemonSet '\($0)'" } ?? ""
        let isCreating = pod.reason == "ContainerCreating"
        if isCreating, pod.message.isEmpty { continue }
        let message = pod.message.isEmpty ? "" : ": \(shortened(printable(pod.message)))"
        findings.append(
            Finding(
                "pod-\(pod.reason)",
                pod.hasEnded ? .note : isCreating ? .symptom : .report,
                in: .pods,
                "pod '\(pod.name)'\(owner)",
                "\(pod.reason)\(message)",
                fix: podFix(pod)
            ).having(error: isCreating ? pod.message : nil)
        )
    }
    return findings
}

/// Returns the kubelet's last error about a pod, `nil` if there is none.
private func lastKubeletError(about pod: ClusterFacts.PodObject, _ facts: Facts) -> String? {
    let lines = facts.kubelet.lines.filter { $0.text.contains("pod=\"\(pod.name)\"") && $0.text.contains("err=\"") }
    guard let error = lines.last.map({ errorText($0.text) }) else { return nil }
    // The end of an error of the container runtime has the cause.
    let parts = error.ranges(of: "desc = ")
    let cause = parts.last.map { String(error[$0.upperBound...]) } ?? error
    return cause.replacing(#"\""#, with: "'")
}

private func podFix(_ pod: ClusterFacts.PodObject) -> String {
    let parts = pod.name.pathParts.map(String.init)
    let (namespace, name) = (parts.first ?? "default", parts.last ?? pod.name)
    let message = pod.message.lowercased()
    let image = pod.image.map { "'\(printable($0))'" } ?? "the image"
    switch pod.reason {
    case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull":
        if message.contains("not found") || message.contains("manifest unknown") || pod.reason == "InvalidImageName" {
            return "correct the image \(image), which the registry does not have"
        }
        // An image may have such a number in its name.
        let words = Set(message.split { " ,;:\"'()".contains($0) })
        if !words.isDisjoint(with: ["401", "403", "unauthorized", "forbidden", "denied"]) {
            return "give the pod 'imagePullSecrets' with access to \(image), or correct the image's name"
        }
        if message.contains("no such host") || message.contains("i/o timeout") || message.contains("connection refused")
            || message.contains("dial tcp") || message.contains("x509")
        {
            return "check that this node reaches the registry of \(image): DNS, proxy of containerd's unit, and CA"
        }
        return "run 'crictl pull \(pod.image ?? "IMAGE")' on this node to see why"
    case "CrashLoopBackOff", "Error", "RunContainerError":
        return "see 'kubectl -n \(namespace) logs \(name) --all-containers --previous'"
    case "CreateContainerConfigError":
        return "create what it names, or correct the pod: 'kubectl -n \(namespace) describe pod \(name)'"
    case "Evicted": return "free what the node lacks, and run 'kubectl -n \(namespace) delete pod \(name)'"
    case "ContainerCreating" where message.contains("sandbox image"):
        return
            "let this node reach the registry of the sandbox image, import it with 'ctr -n k8s.io images import FILE', or "
            + "correct 'sandbox_image' in /etc/containerd/config.toml"
    case "ContainerCreating" where message.contains("cgroupspath"):
        return "set 'cgroupDriver: systemd' for the kubelet and 'SystemdCgroup = true' for containerd, and run "
            + "'systemctl restart containerd kubelet'"
    case "ContainerCreating" where message.contains("failed to find plugin"):
        return "install the CNI plug-in that is missing, or correct 'bin_dir' of containerd"
    case "ContainerCreating" where message.replacing("\\", with: "").contains(#""runc": executable file not found"#):
        return "install runc: 'apt install runc'"
    case "ContainerCreating" where message.contains("not found"):
        return "create what it names, or correct the pod: 'kubectl -n \(namespace) describe pod \(name)'"
    default: return "see 'kubectl -n \(namespace) describe pod \(name)'"
    }
}
