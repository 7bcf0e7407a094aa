import Base

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
                fix: removal(network).map { "\($0), and \(restart)" }
                    ?? "correct or remove the file, and let the network write it again; then \(restart)"
            )
        )
    }
    findings += pluginFindings(facts, first, isNetworkReady: reported?.isTrue == true)
    if !findings.contains(where: { $0.kind == .cause }) { findings += notLoaded(facts, reported, first.path) }
    // A configuration that is incomplete is one fault, whether it is the only one or not.
    return findings + (findings.contains { $0.kind == .cause } ? [] : orderFindings(facts))
}

/// Returns the advice to remove a configuration that precedes a complete one, `nil` if it is not known to be left over.
private func removal(_ network: NetworkFacts) -> String? {
    guard let first = network.configurations.first else { return nil }
    let isComplete = { (other: NetworkFacts.Configuration) in
        other.isKnown && other.fault == nil && other.plugins.allSatisfy { $0.path != nil && $0.fault == nil }
    }
    guard !isComplete(first), let other = network.configurations.dropFirst().first(where: isComplete) else {
        return nil
    }
    return "run 'rm \(first.path)', because only the first file is used and '\(other.path)' is complete"
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
            "has not loaded \(path ?? "a CNI configuration"): \(printable(shortened(reported.message)))",
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
        // The network's pod writes the file, so that an earlier fault or one of that pod explains this.
        Finding(
            "cni-missing",
            .symptom,
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
    let removal = removal(facts.network).map { "\($0), and run 'systemctl restart \(facts.runtime.unitName)'" }
    for plugin in configuration.plugins {
        // A runtime does not look for the programs before it starts a pod.
        let isMissed = facts.recentErrors.contains { $0.contains("failed to find plugin \"\(plugin.type)\"") }
        if let path = plugin.path {
            guard let fault = plugin.fault else { continue }
            let isMissed = facts.recentErrors.contains { $0.contains("\(path): ") }
            findings.append(
                Finding(
                    "cni-plugin",
                    isNetworkReady && !isMissed ? .note : .cause,
                    in: .network,
                    blocks: isNetworkReady ? .pods : .network,
                    path,
                    "CNI plug-in of \(configuration.path) \(fault)",
                    fix: removal
                        ?? (fault == "is not executable" ? "run 'chmod +x \(path)'" : "install the plug-in again")
                )
            )
        } else {
            let directories = facts.network.pluginDirectories.joined(separator: ", ")
            let file = facts.runtime.containerd?.path ?? "/etc/containerd/config.toml"
            let first = facts.network.pluginDirectories.first ?? "/opt/cni/bin"
            let restart = "systemctl restart \(facts.runtime.unitName)"
            let directory = plugin.elsewhere.map { "/" + $0.pathParts.dropLast().joined(separator: "/") }
            findings.append(
                Finding(
                    "cni-plugin",
                    isNetworkReady && !isMissed ? .note : .cause,
                    in: .network,
                    blocks: isNetworkReady ? .pods : .network,
                    "CNI plug-in '\(printable(plugin.type))'",
                    "\(configuration.path) names it, and it is not in \(directories)"
                        + (plugin.elsewhere.map { ", although '\($0)' exists" } ?? ""),
                    fix: removal
                        ?? directory.map {
                            "run 'mkdir -p \(first) && cp \($0)/* \(first)/', or write 'bin_dir = \"\($0)\"' in \(file) and run "
                                + "'\(restart)'"
                        }
                        ?? "install it in \(first) with the network's installer, or run 'apt install "
                        + "containernetworking-plugins', which installs into /usr/lib/cni, and 'cp /usr/lib/cni/* \(first)/'; or "
                        + "correct the name in \(configuration.path)"
                )
            )
        }
    }
    return findings
}

/// Finds that a runtime uses only the first of several configurations.
///
/// It is a fault if pods fail because of a plug-in that only the first one has.
private func orderFindings(_ facts: Facts) -> [Finding] {
    let network = facts.network
    guard network.configurations.count > 1, let first = network.configurations.first else { return [] }
    let others = network.configurations.dropFirst()
    let types = Set(first.plugins.map(\.type)).subtracting(others.flatMap { $0.plugins.map(\.type) })
    let texts = facts.cluster.pods.map { podMessage($0, facts).replacing("\\", with: "") }
    let failing = types.sorted().first { type in texts.contains { $0.contains("plugin type=\"\(type)\"") } }
    return [
        Finding(
            "cni-several",
            failing == nil ? .note : .cause,
            in: .network,
            blocks: .pods,
            first.path,
            "is used because its name is first\(failing.map { ", and its plug-in '\(printable($0))' fails" } ?? ""); "
                + "\(others.map(\.path).joined(separator: ", ")) is not used",
            fix: failing == nil
                ? "remove the configuration of a network that is not this cluster's"
                : "run 'rm \(first.path)' if that network is not this cluster's, and run 'systemctl restart "
                    + "\(facts.runtime.unitName)'"
        )
    ]
}
