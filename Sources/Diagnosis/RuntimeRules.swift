import Base

/// The rules for the container runtime and for the CNI configuration that it loads.
let runtimeRules: [Rule] = [
    Rule("runtime-masked", .runtime) { facts in
        facts.isRuntimeAbsent ? unusable(facts.runtime.service, facts.runtime.unit, facts.runtime.log) : nil
    },
    Rule("runtime-failed", .runtime) { facts in
        guard facts.isRuntimeAbsent, let service = facts.runtime.service, let state = failure(of: service) else {
            return nil
        }
        let isStartRefused = service.status.map { (200...245).contains($0) } ?? false
        let words = lastWords(facts.runtime.log, isStartRefused: isStartRefused)
        return (
            facts.runtime.unit, state + (words.map { ": \($0)" } ?? ""),
            "correct what 'journalctl -u \(facts.runtime.unit) -n 20' shows, and run 'systemctl restart \(facts.runtime.unit)'"
        )
    },
    Rule("runtime-stopped", .runtime) { facts in
        guard facts.isRuntimeAbsent, let service = facts.runtime.service, service.load == "loaded",
            service.active == "inactive", facts.runtime.others.isEmpty || service.file == "enabled"
        else { return nil }
        let isEnabled = service.file != "disabled"
        return (
            facts.runtime.unit, "is not running" + (isEnabled ? "" : " and not enabled"),
            "run 'systemctl enable --now \(facts.runtime.unit)'"
        )
    },
    Rule("runtime-endpoint", .configuration, blocks: .runtime) { facts in
        guard facts.isRuntimeAbsent, let path = facts.runtime.socketPath,
            facts.runtime.service.map({ $0.active == "active" || $0.file != "enabled" }) ?? true
        else { return nil }
        let fault = facts.runtime.answer == .missing ? "does not exist" : "has no program that listens there"
        let subject = "container runtime socket '\(path)'"
        if let other = facts.runtime.others.first {
            return (
                subject, "\(fault), but a program listens at '\(other)'",
                "write unix://\(other) in \(facts.runtime.place), and run '\(facts.kubelet.restart)'"
            )
        }
        guard facts.runtime.service?.active == "active" else { return nil }
        return (
            subject, "\(fault), although \(facts.runtime.unit) is running",
            "write the socket of \(facts.runtime.unit) in \(facts.runtime.place), or run 'systemctl restart \(facts.runtime.unit)'"
        )
    },
    Rule("runtime-not-installed", .runtime) { facts in
        guard facts.isRuntimeAbsent, facts.areUnitsKnown, facts.runtime.services.isEmpty, facts.runtime.others.isEmpty,
            let path = facts.runtime.socketPath
        else { return nil }
        return (
            "container runtime", "none is installed: no unit and no socket '\(path)'",
            "install one, such as with 'apt install containerd', or name its socket in \(facts.runtime.place)"
        )
    },
    Rule("cri-disabled", .runtime, blocks: .node) { facts in
        guard facts.runtime.unitName == "containerd", let containerd = facts.runtime.containerd,
            let plugin = containerd.disabledInterface
        else { return nil }
        return (
            containerd.path,
            "'disabled_plugins' contains \"\(plugin)\", so that containerd does not serve the kubelet",
            "remove \"\(plugin)\" from 'disabled_plugins' there, and run 'systemctl restart \(facts.runtime.unit)'"
        )
    },
    Rule("cgroup-driver", .configuration, blocks: .pods) { facts in
        // With containerd 2, recent kubelets ask the runtime for its driver, and ignore their own setting.
        let isOld = facts.cluster.node?.runtimeVersion?.hasPrefix("containerd://1.") == true && !facts.isReady
        guard facts.kubelet.areSettingsKnown, facts.runtime.unitName == "containerd",
            facts.runtime.containerd?.isIncomplete != true,
            isOld || facts.recentErrors.contains(where: { $0.contains("cgroupsPath") })
        else { return nil }
        let systemd = facts.runtime.containerd?.usesSystemd ?? false
        let driver = facts.kubelet.setting("cgroupDriver", flag: "cgroup-driver") ?? "cgroupfs"
        guard driver != (systemd ? "systemd" : "cgroupfs") else { return nil }
        let (file, path) = (
            facts.kubelet.configuration.path ?? "the kubelet's flags",
            facts.runtime.containerd?.path ?? "/etc/containerd/config.toml"
        )
        return (
            "cgroup driver",
            "the kubelet uses \(driver) (\(file)), and containerd \(systemd ? "systemd" : "cgroupfs") (\(path))",
            "set 'SystemdCgroup = true' of runc in \(path) and 'cgroupDriver: systemd' in \(file), and run 'systemctl restart "
                + "containerd \(facts.kubelet.unitName)'"
        )
    },
    Rule("cni-invalid", .network) { facts in
        guard facts.looksAtNetwork, let first = facts.network.configurations.first, let fault = first.fault else {
            return nil
        }
        return (first.path, fault, "correct or remove the file, and run 'systemctl restart \(facts.runtime.unit)'")
    },
    Rule(all: "cni-plugin", .network, blocks: .pods) { facts in
        guard facts.looksAtNetwork, let first = facts.network.configurations.first, first.fault == nil else {
            return []
        }
        // If the configuration is incomplete or the runtime is not reached, only a recent error proves the fault.
        let isCertain = facts.runtime.containerd?.isIncomplete != true && facts.runtime.answer == .connected
        let directory = facts.network.pluginDirectories.first ?? "/opt/cni/bin"
        return first.missing.filter { plugin in
            isCertain || facts.recentErrors.contains { $0.contains("failed to find plugin \"\(plugin.type)\"") }
        }.map { plugin in
            (
                "CNI plugin '\(plugin.type)'", "\(plugin.reason), and \(first.path) names it",
                "install it in \(directory) with the network's installer, or run 'apt install containernetworking-plugins' and 'cp "
                    + "/usr/lib/cni/* \(directory)/'; or correct the name in \(first.path)"
            )
        }
    },
    // A network pod writes the file, so an earlier fault or a fault of this pod explains its absence.
    Rule("cni-missing", .network, kind: .symptom, blocks: .node) { facts in
        guard facts.looksAtNetwork, facts.network.fault == nil, facts.network.configurations.isEmpty else {
            return nil
        }
        let installers = facts.cluster.pods.filter { pod in
            pod.hostPaths.contains { isPath(facts.network.directory, at: $0) }
        }
        let pod = installers.first.map {
            ": pod '\($0.name)', which writes it, does not run (\($0.reason): \($0.message))"
        }
        return (
            "CNI configuration", "there is none in \(facts.network.directory)\(pod ?? "")",
            "install the network of the cluster, such as Calico or Flannel; if it is installed, see its pod: \(facts.listingPods)"
        )
    },
]

extension RuntimeFacts {
    fileprivate var unit: String { "\(unitName).service" }

    /// The setting that names the socket, as shown in a fix.
    fileprivate var place: String { setting ?? "'containerRuntimeEndpoint' of the kubelet's configuration" }
}

extension Facts {
    /// Whether no program listens at the runtime socket, and neither k3s nor RKE2 is installed.
    fileprivate var isRuntimeAbsent: Bool {
        kubelet.foreignUnit == nil && (runtime.answer == .missing || runtime.answer == .refused)
    }

    /// Whether the CNI directory was examined, and the node has a separate kubelet; k3s and RKE2 include a network.
    fileprivate var looksAtNetwork: Bool { network.isKnown && (kubelet.program != nil || kubelet.process != nil) }

    var listingPods: String { "'kubectl get pods -A -o wide --field-selector spec.nodeName=\(nodeName)'" }
}
