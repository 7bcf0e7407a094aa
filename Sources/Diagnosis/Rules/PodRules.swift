import Base

/// Finds pods that do not run.
func podFindings(_ facts: Facts) -> [Finding] {
    // A kubelet that does not report has not seen what its pods do now.
    let isOld = !facts.kubeletWorks || facts.isLeaseOld
    return repeatedErrors(facts)
        + facts.cluster.pods.filter { $0.reason != "Pending" }.compactMap { pod in
            var pod = pod
            pod.message = podMessage(pod, facts)
            let isCreating = pod.reason == "ContainerCreating"
            if isCreating, pod.message.isEmpty || isOld { return nil }
            let owner = pod.isStatic ? " (static)" : pod.daemonSet.map { " of DaemonSet '\($0)'" } ?? ""
            let message = pod.message.isEmpty ? "" : ": \(printable(shortened(pod.message)))"
            let isOfNetwork = facts.lacksNetwork && pod.writes(facts.network)
            return Finding(
                "pod-\(pod.reason)",
                // The kubelet does not try to start such a static pod again.
                pod.hasEnded && !(pod.isStatic && pod.reason.hasPrefix("OutOf")) || isOld
                    ? .note : isCreating && !isOfNetwork ? .symptom : .report,
                in: .pods,
                blocks: isOfNetwork ? .network : .pods,
                "pod '\(pod.name)'\(owner)",
                "\(pod.reason)\(message)\(isOfNetwork ? "; it writes the CNI configuration" : "")",
                fix: podFix(pod, facts)
            ).having(error: pod.message)
        }
}

/// Finds pods about which the kubelet reports errors again and again, although the server has no fault of them.
///
/// They are pods that end and cannot be removed, and those whose state has not reached the server yet.
private func repeatedErrors(_ facts: Facts) -> [Finding] {
    guard facts.kubeletWorks, !facts.isLeaseOld, facts.cluster.arePodsKnown else { return [] }
    let recent = facts.kubelet.lines.filter { line in
        guard let time = line.time, line.text.contains("Error syncing pod, skipping") else { return false }
        return facts.now.seconds - time.seconds < 60
    }
    let names = recent.compactMap { quotedWord(after: " pod=", in: $0.text) }
    return names.unique().filter { name in !facts.cluster.pods.contains { $0.name == name } }.compactMap { name in
        let own = recent.filter { quotedWord(after: " pod=", in: $0.text) == name }
        guard own.count > 1, let last = own.last?.time, facts.now.seconds - last.seconds < 30 else { return nil }
        var pod = ClusterFacts.PodObject(name: name, daemonSet: nil, reason: "ContainerCreating", message: "")
        pod.message = podMessage(pod, facts)
        return Finding(
            "pod-error",
            .symptom,
            in: .pods,
            "pod '\(printable(name))'",
            "the kubelet reports an error of it again and again: \(printable(shortened(pod.message)))",
            fix: podFix(pod, facts)
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
    let name = pod.name.pathParts.last.map(String.init) ?? pod.name
    let line = facts.kubelet.lines.last { line in
        let text = line.text.replacing("\\", with: "")
        // The object at the server is of no importance to the start of the pod.
        guard isError(line.text), !text.contains("mirror pod") else { return false }
        return text.contains("pod=\"\(pod.name)\"") && text.contains("err=\"")
            || text.contains("pod \"\(name)\"") && text.contains("MountVolume")
    }
    guard let error = line.map({ errorText($0.text) }) else { return "" }
    if let start = error.firstRange(of: "MountVolume")?.lowerBound { return volumeError(String(error[start...])) }
    // The end of an error of the container runtime has the cause.
    let parts = error.ranges(of: "desc = ")
    var cause = (parts.last.map { String(error[$0.upperBound...]) } ?? error).replacing("\\", with: "")
    // The last quote may be that of the outer error.
    if cause.hasSuffix("\""), !cause.filter({ $0 == "\"" }).count.isMultiple(of: 2) { cause.removeLast() }
    return cause
}

/// Returns the error of a volume without the identifiers of the volume and of the pod.
private func volumeError(_ text: String) -> String {
    let text = text.replacing("\\", with: "")
    guard let start = text.firstRange(of: " (UniqueName:")?.lowerBound,
        let end = text.firstRange(of: " : ")?.upperBound, start < end
    else { return text }
    return "\(text[..<start]): \(text[end...])"
}

/// The seconds after which an error about a manifest is of the past; the kubelet reads manifests every 20 seconds.
private let manifestInterval: Int64 = 45

/// Returns whether a line is about a manifest that was written some time ago and of which there is no pod.
private func isRefused(_ line: String, _ facts: Facts) -> Bool {
    let pods = facts.kubelet.staticPods
    guard facts.cluster.arePodsKnown, let (path, time) = pods.modified.first(where: { line.contains($0.key) }),
        facts.now.seconds - time.seconds > 3
    else { return false }
    guard let name = pods.names.first(where: { $0.value == path })?.key else { return true }
    return !facts.cluster.allPods.contains { $0.hasSuffix("/\(name)-\(facts.cluster.nodeName)") }
}

/// Finds manifests of static pods that the kubelet cannot use.
func staticPodFindings(_ facts: Facts) -> [Finding] {
    let pods = facts.kubelet.staticPods
    func isCorrected(_ line: JournalLine) -> Bool {
        pods.modified.contains { path, time in line.text.contains(path) && (line.time.map { $0 < time } ?? false) }
    }
    // The kubelet reports each such file again and again; without any report, this program may be stricter than it.
    let reports = facts.kubelet.lines.reversed().filter { line in
        let isOld = line.time.map { facts.now.seconds - $0.seconds > manifestInterval } ?? false
        return !isOld
            && ["Could not process manifest file", "can't process config file"].contains(where: line.text.contains)
            && !isCorrected(line)
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
    // While a file is written, the kubelet reads its beginning.
    let listed = reports.filter { $0.text.contains("Could not process manifest file") || isRefused($0.text, facts) }
    for line in listed where !pods.faults.contains(where: { line.text.contains($0.path) }) {
        let error = errorText(line.text)
        let path = pods.files.first { line.text.contains($0) } ?? pods.path ?? "a static pod"
        let start = ["couldn't parse", "invalid pod"].lazy.compactMap { error.firstRange(of: $0)?.lowerBound }.first
        let reason = start.map { String(error[$0...]) } ?? error
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

/// Programs that the kubelet, networks and volumes use, with Debian's packages of them.
let packages = [
    "mount.nfs": "nfs-common", "mount.cifs": "cifs-utils", "ip6tables": "iptables", "nsenter": "util-linux",
    "iptables-save": "iptables", "iptables-restore": "iptables", "mkfs.ext4": "e2fsprogs", "mkfs.xfs": "xfsprogs",
    "iptables": "iptables", "mount": "mount", "umount": "mount", "modprobe": "kmod", "conntrack": "conntrack",
    "ipset": "ipset", "ebtables": "ebtables", "ethtool": "ethtool", "socat": "socat", "nft": "nftables",
    "tc": "iproute2", "ip": "iproute2", "blkid": "util-linux", "fsck": "util-linux", "systemd-run": "systemd",
]

/// Finds programs that the kubelet, the container runtime and the plug-ins of the network run and that do not exist.
func absentProgramFindings(_ facts: Facts) -> [Finding] {
    let texts = facts.recentErrors + facts.runtime.conditions.map(\.message)
    // A program that is installed now was missing when the error was written.
    let names = texts.compactMap(missingProgram).unique().filter {
        $0 != "runc" && !facts.machine.programs.contains($0)
    }
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
