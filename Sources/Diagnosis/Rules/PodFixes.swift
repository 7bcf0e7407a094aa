import Base

/// Returns what to do about a pod that does not run.
func podFix(_ pod: ClusterFacts.PodObject, _ facts: Facts) -> String {
    let message = pod.message.replacing("\\", with: "")
    return imageFix(pod, message.lowercased()) ?? networkFix(message, facts) ?? startFix(pod, message, facts)
        ?? describing(pod, facts)
}

/// The namespace and the name of a pod.
private func parts(_ pod: ClusterFacts.PodObject) -> (namespace: String, name: String) {
    let parts = pod.name.pathParts.map(String.init)
    return (parts.first ?? "default", parts.last ?? pod.name)
}

private func describing(_ pod: ClusterFacts.PodObject, _ facts: Facts) -> String {
    let (namespace, name) = parts(pod)
    switch pod.reason {
    case "CrashLoopBackOff", "Error", "RunContainerError":
        return "see 'kubectl -n \(namespace) logs \(name) --all-containers --previous'"
    case "CreateContainerConfigError":
        return "create what it names, or correct the pod: 'kubectl -n \(namespace) describe pod \(name)'"
    case "OutOfpods":
        let file = facts.kubelet.configuration.path ?? "the kubelet's configuration"
        return "raise 'maxPods' in '\(printable(file))', or delete pods of this node, and run 'systemctl restart "
            + "\(facts.kubelet.unitName)'"
    case "OutOfcpu", "OutOfmemory":
        return
            "lower 'resources.requests' of this pod or of others of this node, or lower 'systemReserved' and 'kubeReserved'; then "
            + "run 'systemctl restart \(facts.kubelet.unitName)'"
    case "Evicted": return "free what the node lacks, and run 'kubectl -n \(namespace) delete pod \(name)'"
    default: return "see 'kubectl -n \(namespace) describe pod \(name)'"
    }
}

/// Returns the place of a pod's settings: its manifest on this node, or its object.
private func place(_ pod: ClusterFacts.PodObject, _ facts: Facts) -> String {
    let (namespace, name) = parts(pod)
    let pods = facts.kubelet.staticPods
    // The kubelet adds the name of the Node to that of the manifest.
    let suffix = "-\(facts.cluster.nodeName)"
    let ofManifest = name.hasSuffix(suffix) ? String(name.dropLast(suffix.utf8.count)) : name
    guard pod.isStatic else { return "the pod ('kubectl -n \(namespace) get pod \(name) -o yaml')" }
    return pods.names[ofManifest].map { "'\(printable($0))'" } ?? "its manifest in '\(printable(pods.path ?? ""))'"
}

/// Returns what to do about an image that cannot be pulled.
private func imageFix(_ pod: ClusterFacts.PodObject, _ message: String) -> String? {
    guard ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"].contains(pod.reason) else {
        return nil
    }
    let image = pod.image.map { "'\(printable($0))'" } ?? "the image"
    let importing = "'ctr -n k8s.io images import FILE'"
    if pod.reason == "ErrImageNeverPull" {
        return "import \(image) on this node with \(importing), or change 'imagePullPolicy: Never' of the pod"
    }
    let isRefused = !Set(message.split { " ,;:\"'()".contains($0) })
        // An image may have such a number in its name.
        .isDisjoint(with: ["401", "403", "unauthorized", "forbidden", "denied"])
    if pod.reason == "InvalidImageName"
        || !isRefused && (message.contains("not found") || message.contains("manifest unknown"))
    {
        return "correct the image \(image), which the registry does not have"
    }
    if isRefused {
        return "give the pod 'imagePullSecrets' with access to \(image), or correct the image's name"
    }
    if message.contains("no such host") || message.contains("i/o timeout") || message.contains("connection refused")
        || message.contains("dial tcp") || message.contains("x509") || message.contains("network is unreachable")
        || message.contains("deadline exceeded")
    {
        return
            "check that this node reaches the registry of \(image): DNS, proxy of containerd's unit, and CA; or correct the "
            + "image's name, or import it with \(importing)"
    }
    if message.contains("no space left") { return "free space for the images: 'df -h' and 'crictl rmi --prune'" }
    return "run 'crictl pull \(pod.image ?? "IMAGE")' on this node to see why"
}

/// Returns what to do about a pod whose network cannot be set up.
private func networkFix(_ message: String, _ facts: Facts) -> String? {
    let first = facts.network.configurations.first
    let file = first.map { "'\(printable($0.path))'" } ?? "the CNI configuration in '\(facts.network.directory)'"
    if message.contains("no IP addresses available") {
        let store = "/var/lib/cni/networks/\(printable(first?.name ?? "NAME"))"
        return
            "enlarge 'subnet' or the range in \(file); or delete the files in '\(store)' of addresses that no pod has any more: "
            + "each file has the ID of its pod, and 'crictl pods' lists those that exist"
    }
    if message.contains("incompatible CNI versions") || message.contains("cniVersion")
        || message.contains("unsupported CNI result version")
    {
        return
            "write a 'cniVersion' that the plug-ins have in \(file), such as \"0.4.0\" or \"1.0.0\", or install newer plug-ins; "
            + "then run 'systemctl restart \(facts.runtime.unitName)'"
    }
    if let plugin = quotedWord(after: "failed to find plugin ", in: message) {
        let directory = facts.network.pluginDirectories.first ?? "/opt/cni/bin"
        return
            "install the CNI plug-in '\(printable(plugin))' in \(directory), with the network's installer, or with 'apt install "
            + "containernetworking-plugins' and 'cp /usr/lib/cni/* \(directory)/'; or correct 'bin_dir' in "
            + "\(facts.runtime.containerd?.path ?? "/etc/containerd/config.toml")"
    }
    if message.contains("already has an IP address different from"),
        let bridge = quotedWord(after: "bridge: ", in: message) ?? quotedWord(after: "set bridge addr: ", in: message)
    {
        return
            "run 'ip link delete \(printable(bridge))', which is made again, or write the earlier 'subnet' in \(file)"
    }
    if message.contains("already has an IP address different from") {
        return
            "delete the bridge that it names ('ip link delete NAME'), which is made again, or write the earlier 'subnet' in \(file)"
    }
    guard let plugin = quotedWord(after: "plugin type=", in: message) else { return nil }
    let isOfAgent =
        message.contains("connection refused") || message.contains("no such file") || message.contains("dial unix")
    if isOfAgent {
        return
            "see the pod of the network '\(printable(plugin))' on this node, which its plug-in needs: \(facts.listingPods); if "
            + "that network is not used any more, remove \(file)"
    }
    return nil
}

/// Returns what to do about a pod that the container runtime cannot start.
private func runtimeFix(_ message: String, _ facts: Facts) -> String? {
    let lower = message.lowercased()
    let restart = "systemctl restart \(facts.runtime.unitName) \(facts.kubelet.unitName)"
    let file = facts.runtime.containerd?.path ?? "/etc/containerd/config.toml"
    if lower.contains("sandbox image") {
        return
            "let this node reach the registry of the sandbox image, import it with 'ctr -n k8s.io images import FILE', or "
            + "correct 'sandbox_image' in \(file) and run 'systemctl restart \(facts.runtime.unitName)'"
    }
    if lower.contains("cgroupspath") {
        return
            "set 'cgroupDriver: systemd' for the kubelet and 'SystemdCgroup = true' for containerd, and run '\(restart)'"
    }
    if message.contains(#""runc": executable file not found"#) { return "install runc: 'apt install runc'" }
    if message.contains("runc did not terminate successfully")
        || message.contains("fork/exec") && message.contains("runc:")
    {
        return "run 'runc --version', which should print its version; if it does not, install it again: 'apt install "
            + "--reinstall runc'"
    }
    if message.contains("containerd-shim") {
        return
            "install containerd again, whose 'containerd-shim-runc-v2' is missing or damaged: 'apt install --reinstall "
            + "containerd'"
    }
    if lower.contains("no runtime for") {
        return
            "correct 'default_runtime_name' or the table 'runtimes' in \(file), or 'runtimeClassName' of the pod; then run "
            + "'systemctl restart \(facts.runtime.unitName)'"
    }
    return nil
}

/// Returns what to do about a pod whose volumes, sandbox or containers cannot be made.
private func startFix(_ pod: ClusterFacts.PodObject, _ message: String, _ facts: Facts) -> String? {
    let lower = message.lowercased()
    if let check = message.firstRange(of: "hostPath type check failed: ") {
        let path = message[check.upperBound...].prefix { $0 != " " }
        let action =
            message.contains("is not a directory")
            ? "run 'mkdir -p \(printable(String(path)))'" : "create '\(printable(String(path)))'"
        return "\(action) on this node, or correct 'hostPath' in \(place(pod, facts))"
    }
    if let fix = runtimeFix(message, facts) { return fix }
    if lower.contains("resolv.conf"), lower.contains("no such file") {
        return
            "correct 'resolvConf' in '\(printable(facts.kubelet.configuration.path ?? "the kubelet's configuration"))', and run "
            + "'systemctl restart \(facts.kubelet.unitName)'"
    }
    if let name = missingProgram(pod.message) { return "install '\(printable(name))' on this node" }
    if message.contains("unable to start container process"), !lower.contains("cgroup") {
        return
            "correct 'command', or the image, of container '\(printable(pod.container ?? ""))' in \(place(pod, facts))"
    }
    if lower.contains("no space left") { return "free space: 'df -h' and 'df -i' show where" }
    if ["configmap", "secret", "persistentvolumeclaim"].contains(where: lower.contains), lower.contains("not found") {
        let (namespace, name) = parts(pod)
        return "create what it names, or correct the pod: 'kubectl -n \(namespace) describe pod \(name)'"
    }
    if pod.reason == "ContainerCreating", lower.contains("not found") {
        let (namespace, name) = parts(pod)
        return "create what it names, or correct the pod: 'kubectl -n \(namespace) describe pod \(name)'"
    }
    if message.contains("OOMKilled") {
        return
            "raise 'resources.limits.memory' of container '\(printable(pod.container ?? ""))' in \(place(pod, facts))"
    }
    return nil
}
