import Base

/// Faults of the container runtime, and of the configuration of the network of pods, which it loads.
let runtimeRules: [Rule] = [
    Rule("runtime-endpoint", .configuration, blocks: .runtime) { facts in
        guard facts.kubelet.isKnown, facts.runtime.socketPath == nil else { return nil }
        return (
            "containerRuntimeEndpoint '\(facts.runtime.endpoint)'", "is no socket of this machine",
            "write 'unix:///run/containerd/containerd.sock', or the socket of your runtime, in \(facts.runtime.place)"
        )
    },
    Rule("runtime-masked", .runtime) { facts in
        facts.isRuntimeAbsent ? masked(facts.runtime.service, facts.runtime.unit) : nil
    },
    Rule("runtime-unit", .runtime) { facts in
        facts.isRuntimeAbsent ? unusable(facts.runtime.service, facts.runtime.unit, facts.runtime.log) : nil
    },
    Rule("runtime-failed", .runtime) { facts in
        guard facts.isRuntimeAbsent, let service = facts.runtime.service, let state = failure(of: service) else {
            return nil
        }
        let isStartRefused = service.status.map { (200...245).contains($0) } ?? false
        let words = lastWords(facts.runtime.log, isStartRefused: isStartRefused)
        let file = facts.runtime.containerd?.path
        let isOfFile = file.map { words?.contains($0) == true || words?.lowercased().contains("toml") == true } == true
        let place = isOfFile ? "'\(file ?? "")'" : "what 'journalctl -u \(facts.runtime.unit) -n 20' shows"
        return (
            facts.runtime.unit, state + (words.map { ": \($0)" } ?? ""),
            "correct \(place), and run 'systemctl restart \(facts.runtime.unit)'"
        )
    },
    Rule("runtime-stopped", .runtime) { facts in
        guard facts.isRuntimeAbsent, let service = facts.runtime.service, service.load == "loaded",
            service.active == "inactive", facts.runtime.others.isEmpty || service.file == "enabled"
        else { return nil }
        let words = ["ondition check", "Dependency failed"]
        let reason = facts.runtime.log.manager.last.flatMap { line in
            words.contains(where: line.contains) ? ": \(line)" : nil
        }
        let isEnabled = service.file != "disabled"
        return (
            facts.runtime.unit, "is not running" + (isEnabled ? "" : " and not enabled") + (reason ?? ""),
            "run 'systemctl enable --now \(facts.runtime.unit)'"
        )
    },
    Rule("runtime-endpoint", .configuration, blocks: .runtime) { facts in
        guard facts.isRuntimeAbsent, let path = facts.runtime.socketPath,
            facts.runtime.service.map({ $0.active == "active" || $0.file != "enabled" }) ?? true
        else { return nil }
        let fault = facts.runtime.answer == .missing ? "does not exist" : "has no program that listens there"
        let subject = "container runtime socket '\(path)'"
        if let (other, name) = facts.runtime.others.min(by: { $0.key < $1.key }) {
            return (
                subject, "\(fault), but \(name) answers at '\(other)'",
                "write unix://\(other) in \(facts.runtime.place), and run '\(facts.kubelet.restart)'"
            )
        }
        guard facts.runtime.service?.active == "active" else { return nil }
        if let containerd = facts.runtime.containerd, let address = containerd.address, address != path {
            return (
                subject, "\(fault): containerd listens at '\(address)' ('address' in '\(containerd.path)')",
                "write '\(path)' at 'address' there and run 'systemctl restart containerd', or write 'unix://\(address)' in "
                    + "\(facts.runtime.place) and run '\(facts.kubelet.restart)'"
            )
        }
        return (
            subject, "\(fault), although \(facts.runtime.unit) is running",
            "write the socket of \(facts.runtime.unit) in \(facts.runtime.place), or run 'systemctl restart \(facts.runtime.unit)'"
        )
    },
    Rule("runtime-not-installed", .runtime) { facts in
        guard facts.isRuntimeAbsent, facts.runtime.services.isEmpty, facts.runtime.others.isEmpty,
            facts.network.isKnown,
            let path = facts.runtime.socketPath
        else { return nil }
        if let program = facts.runtime.programs.first {
            return (
                "container runtime", "'\(program)' is installed, but nothing listens at '\(path)'",
                "start it, such as with 'systemctl enable --now \(facts.runtime.unit)'"
            )
        }
        return (
            "container runtime", "none is installed: no program and no socket '\(path)'",
            "install one, such as with 'apt install containerd', or name its socket in \(facts.runtime.place)"
        )
    },
    Rule("runtime-hangs", .runtime) { facts in
        guard facts.runtime.answer == .silent, let path = facts.runtime.socketPath else { return nil }
        return (
            "\(facts.runtime.unitName) at '\(path)'", "accepts connections, and does not answer",
            "run 'systemctl restart \(facts.runtime.unit)'; if it hangs again, see 'journalctl -u \(facts.runtime.unit)' and the disk"
        )
    },
    Rule("runtime-endpoint", .configuration, blocks: .runtime) { facts in
        guard case .failed(let reason) = facts.runtime.answer, let path = facts.runtime.socketPath else { return nil }
        return ("socket '\(path)'", reason, "name the socket of the container runtime in \(facts.runtime.place)")
    },
    Rule("cri-disabled", .runtime) { facts in
        guard facts.runtime.answer == .withoutInterface else { return nil }
        let restart = "run 'systemctl restart \(facts.runtime.unit)'"
        if let containerd = facts.runtime.containerd, let plugin = containerd.disabledInterface {
            return (
                containerd.path,
                "'disabled_plugins' contains \"\(plugin)\", so that containerd does not serve the kubelet",
                "remove \"\(plugin)\" from 'disabled_plugins' there, and \(restart)"
            )
        }
        let lines = facts.runtime.log.lines.map(\.text)
        let error = lines.last {
            $0.contains("failed to load plugin") && $0.contains("cri") && !$0.contains("no plugins registered")
        }
        let file = facts.runtime.containerd?.path ?? "/etc/containerd/config.toml"
        guard let error else {
            return (
                "socket '\(facts.runtime.socketPath ?? "")'",
                "the program there does not serve the Container Runtime Interface v1",
                "see 'journalctl -u \(facts.runtime.unit)' for why its plug-in cri did not start; containerd before 1.6 does not have v1"
            )
        }
        let reason = error.firstRange(of: "error=").map { String(error[$0.upperBound...]) } ?? error
        return (
            "containerd (\(file))", "its plug-in for the kubelet does not start: \(reason.replacing("\\", with: ""))",
            "correct what it names in '\(file)', and \(restart)"
        )
    },
    Rule("runtime-not-ready", .runtime) { facts in
        guard let condition = facts.runtime.condition("RuntimeReady"), !condition.isTrue else { return nil }
        return (
            facts.runtime.unitName, "reports that it is not ready: \(condition.message)",
            "see 'journalctl -u \(facts.runtime.unit)'"
        )
    },
    Rule("cgroup-driver", .configuration, blocks: .pods) { facts in
        // From containerd 2 on the kubelet asks the runtime, and its own setting is not used.
        guard facts.kubelet.areSettingsKnown, let (name, version) = facts.runtime.version, name == "containerd",
            version.drop(while: { $0 == "v" }).hasPrefix("1."), facts.runtime.containerd?.isIncomplete != true,
            !facts.isReady || facts.recentErrors.contains(where: { $0.contains("cgroup") })
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
        // A runtime does not look for the programs before it starts a pod.
        let isCertain = facts.runtime.containerd?.isIncomplete != true && facts.runtime.version != nil
        let directory = facts.network.pluginDirectories.first ?? "/opt/cni/bin"
        return first.missing.filter { plugin in
            isCertain || facts.recentErrors.contains { $0.contains("failed to find plugin \"\(plugin.type)\"") }
        }.map { plugin in
            (
                "CNI plug-in '\(plugin.type)'", "\(plugin.reason), and \(first.path) names it",
                "install it in \(directory) with the network's installer, or run 'apt install containernetworking-plugins' and 'cp "
                    + "/usr/lib/cni/* \(directory)/'; or correct the name in \(first.path)"
            )
        }
    },
    // The network's pod writes the file, so that an earlier fault or one of that pod explains this.
    Rule("cni-missing", .network, kind: .symptom, blocks: .node) { facts in
        guard facts.looksAtNetwork, facts.network.fault == nil, facts.network.configurations.isEmpty,
            facts.runtime.condition("NetworkReady")?.isTrue != true
        else { return nil }
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

    /// The setting that names the socket.
    fileprivate var place: String { setting ?? "'containerRuntimeEndpoint' of the kubelet's configuration" }
}

extension Facts {
    /// Whether nothing serves the kubelet at the socket; k3s starts its own runtime.
    fileprivate var isRuntimeAbsent: Bool {
        !kubelet.isK3s && (runtime.answer == .missing || runtime.answer == .refused)
    }

    /// Whether the node should have a network that is not a part of its kubelet.
    fileprivate var looksAtNetwork: Bool {
        !kubelet.isK3s && network.isKnown && (kubelet.program != nil || kubelet.process != nil)
    }

    /// The command that lists the pods of this node, for a fix.
    var listingPods: String { "'kubectl get pods -A -o wide --field-selector spec.nodeName=\(nodeName)'" }
}
