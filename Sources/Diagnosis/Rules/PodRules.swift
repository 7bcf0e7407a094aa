import Base

/// Finds pods that do not run.
func podFindings(_ facts: Facts) -> [Finding] {
    // A kubelet that does not report has not seen what its pods do now.
    let isOld = !facts.kubeletWorks || facts.isLeaseOld
    return facts.cluster.pods.filter { $0.reason != "Pending" }.compactMap { pod in
        var pod = pod
        pod.message = podMessage(pod, facts)
        let isCreating = pod.reason == "ContainerCreating"
        if isCreating, pod.message.isEmpty || isOld { return nil }
        let owner = pod.isStatic ? " (static)" : pod.daemonSet.map { " of DaemonSet '\($0)'" } ?? ""
        let message = pod.message.isEmpty ? "" : ": \(printable(shortened(pod.message)))"
        let isOfNetwork = facts.lacksNetwork && pod.writes(facts.network)
        return Finding(
            "pod-\(pod.reason)",
            pod.hasEnded || isOld ? .note : isCreating && !isOfNetwork ? .symptom : .report,
            in: .pods,
            blocks: isOfNetwork ? .network : .pods,
            "pod '\(pod.name)'\(owner)",
            "\(pod.reason)\(message)\(isOfNetwork ? "; it writes the CNI configuration" : "")",
            fix: podFix(pod)
        ).having(error: pod.message)
    }
}

extension Facts {
    /// Whether there is no network of pods, because there is no configuration of one.
    fileprivate var lacksNetwork: Bool {
        let isReported = runtime.conditions.contains { $0.type == "NetworkReady" && $0.isTrue }
        return network.isKnown && network.configurations.isEmpty && !isReported
    }
}

extension ClusterFacts.PodObject {
    /// Whether the pod mounts the directory of CNI configurations or of plug-ins, as the installer of a network does.
    fileprivate func writes(_ network: NetworkFacts) -> Bool {
        let directories = [network.directory] + network.pluginDirectories
        return hostPaths.map(\.withoutSlashesAtEnd).contains { path in
            path.pathParts.count > 1 && directories.contains { isPath($0, at: path) || isPath(path, at: $0) }
        }
    }
}

/// Returns the explanation of a pod, or else the kubelet's last error about it, empty if there is neither.
func podMessage(_ pod: ClusterFacts.PodObject, _ facts: Facts) -> String {
    if let error = pod.lastError, !pod.message.contains(error) {
        return pod.message.isEmpty ? error : "\(pod.message): \(error)"
    }
    guard pod.message.isEmpty else { return pod.message }
    let lines = facts.kubelet.lines.filter { $0.text.contains("pod=\"\(pod.name)\"") && $0.text.contains("err=\"") }
    guard let error = lines.last.map({ errorText($0.text) }) else { return "" }
    // The end of an error of the container runtime has the cause.
    let parts = error.ranges(of: "desc = ")
    var cause = (parts.last.map { String(error[$0.upperBound...]) } ?? error).replacing("\\", with: "")
    // The last quote may be that of the outer error.
    if cause.hasSuffix("\""), !cause.filter({ $0 == "\"" }).count.isMultiple(of: 2) { cause.removeLast() }
    return cause
}

/// The seconds after which an error about a manifest is of the past; the kubelet reads manifests every 20 seconds.
private let manifestInterval: Int64 = 45

/// Finds manifests of static pods that the kubelet cannot use.
func staticPodFindings(_ facts: Facts) -> [Finding] {
    let pods = facts.kubelet.staticPods
    // The kubelet reports each such file again and again; without any report, this program may be stricter than it.
    let reports = facts.kubelet.lines.reversed().filter { line in
        let isOld = line.time.map { facts.now.seconds - $0.seconds > manifestInterval } ?? false
        return !isOld && line.text.contains("Could not process manifest file")
    }
    let isHeard = facts.kubeletWorks && !facts.kubelet.lines.isEmpty
    var findings = pods.faults.map { fault in
        let isReported = reports.contains { $0.text.contains(fault.path) }
        let isOfServer = facts.server.fault != nil && ["kube-apiserver", "etcd"].contains { fault.path.contains($0) }
        return Finding(
            "static-pod",
            isHeard && !isReported ? .note : .cause,
            in: .pods,
            blocks: isOfServer ? .server : .pods,
            fault.path + fault.place,
            "\(printable(fault.reason)), so that the kubelet does not start this static pod",
            fix: "correct the file, which the kubelet reads again by itself, or remove it"
        )
    }
    for line in reports where !pods.faults.contains(where: { line.text.contains($0.path) }) {
        let error = errorText(line.text)
        let path = pods.files.first { line.text.contains($0) } ?? pods.path ?? "a static pod"
        let reason = error.firstRange(of: "couldn't parse").map { String(error[$0.lowerBound...]) } ?? error
        guard pods.files.isEmpty || pods.files.contains(path) else { continue }
        findings.append(
            Finding(
                "static-pod",
                .report,
                in: .pods,
                path,
                printable(shortened(reason)),
                fix: "correct the file, which the kubelet reads again by itself, or remove it"
            )
        )
    }
    if pods.isMissing, let path = pods.path {
        findings.append(
            Finding(
                "static-pod-path",
                .note,
                in: .pods,
                path,
                "does not exist, and 'staticPodPath' names it",
                fix: "run 'mkdir -p \(path)', or remove 'staticPodPath'"
            )
        )
    }
    return findings
}

/// Finds programs that the kubelet, the container runtime and the plug-ins of the network run and that do not exist.
func absentProgramFindings(_ facts: Facts) -> [Finding] {
    let packages = [
        "mount.nfs": "nfs-common", "mount.cifs": "cifs-utils", "ip6tables": "iptables", "nsenter": "util-linux",
        "iptables-save": "iptables", "iptables-restore": "iptables", "mkfs.ext4": "e2fsprogs", "mkfs.xfs": "xfsprogs",
    ]
    let texts = facts.recentErrors + facts.runtime.conditions.map(\.message)
    let names = texts.compactMap(missingProgram).unique().filter { $0 != "runc" }
    return names.map { name in
        Finding(
            "program-\(name)",
            in: .machine,
            blocks: .pods,
            "program '\(printable(name))'",
            "is not installed, and the kubelet, the container runtime or a CNI plug-in needs it",
            fix: "install it, such as with 'apt install \(packages[name] ?? name)'"
        )
    }
}

extension Facts {
    /// The errors of the kubelet and of pods, without those of the past of a kubelet that works.
    var recentErrors: [String] {
        let lines = kubelet.lines.filter { line in
            guard isError(line.text) else { return false }
            return !kubeletWorks || (line.time.map { now.seconds - $0.seconds < 120 } ?? true)
        }
        let ofPods = cluster.pods.filter { !$0.hasEnded }.flatMap { [$0.message, $0.lastError ?? ""] }
        // Errors in the journal have quotes with any number of escapes.
        return (lines.map(\.text) + ofPods).map { $0.replacing("\\", with: "") }
    }
}

/// Returns the name of the program that an error reports as missing on the node, `nil` if it reports none.
func missingProgram(_ text: String) -> String? {
    // Errors in the journal have quotes with any number of escapes.
    let text = text.replacing("\\", with: "")
    // The program of a container is one of its image.
    guard let end = text.firstRange(of: "executable file not found in $PATH"),
        !text.contains("unable to start container process"), !text.contains("OCI runtime exec failed")
    else { return text.contains("failed to locate iptables") ? "iptables" : nil }
    guard let start = text[..<end.lowerBound].ranges(of: "exec: \"").last else {
        return text.contains("iptables") ? "iptables" : nil
    }
    let name = text[start.upperBound..<end.lowerBound].prefix { $0 != "\"" }
    return name.isEmpty || name.hasSlash || name.utf8.count > 64 ? nil : String(name)
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
    case "ContainerCreating" where missingProgram(pod.message) != nil:
        return "install '\(printable(missingProgram(pod.message) ?? ""))' on this node"
    case "ContainerCreating" where message.contains("not found"):
        return "create what it names, or correct the pod: 'kubectl -n \(namespace) describe pod \(name)'"
    default: return "see 'kubectl -n \(namespace) describe pod \(name)'"
    }
}
