import Base
import Host

@testable import Diagnosis

/// The facts of a node whose kubelet runs and that is Ready; tests change what they are about.
func soundFacts() -> Facts {
    var facts = Facts(now: Timestamp(seconds: 1_780_000_000))
    facts.machine.hostName = "worker-1"
    facts.machine.machineID = "0123456789abcdef0123456789abcdef"
    facts.machine.settings = ["net.ipv4.ip_forward": "1"]
    facts.kubelet.unitPath = "/etc/systemd/system/kubelet.service"
    facts.kubelet.program = "/usr/bin/kubelet"
    facts.kubelet.version = "v1.36.2"
    facts.kubelet.arguments = ["--kubeconfig=/etc/kubernetes/kubelet.conf"]
    facts.kubelet.kubeconfig.path = "/etc/kubernetes/kubelet.conf"
    facts.kubelet.kubeconfig.exists = true
    facts.kubelet.unit = UnitDetails(
        name: "kubelet.service",
        state: UnitState(load: "loaded", active: "active", sub: "running"),
        process: 100
    )
    facts.kubelet.process = .init(identifier: 100, age: .seconds(3600))
    facts.kubelet.health = .healthy
    facts.runtime.answer = .version(
        name: "containerd",
        version: "v2.1.0",
        conditions: [.init(type: "RuntimeReady", isTrue: true), .init(type: "NetworkReady", isTrue: true)]
    )
    facts.runtime.lowLevelProgram = "/usr/sbin/runc"
    var configuration = NetworkFacts.Configuration(path: "/etc/cni/net.d/10-calico.conflist")
    configuration.plugins = [.init(type: "calico", path: "/opt/cni/bin/calico")]
    facts.network.configurations = [configuration]
    facts.network.hasDirectory = true
    facts.server.url = "https://10.0.0.1:6443"
    facts.server.source = "/etc/kubernetes/kubelet.conf"
    facts.server.readyStatus = 200
    facts.server.identityStatus = 200
    facts.server.version = "v1.36.2"
    facts.cluster.nodeName = "worker-1"
    facts.cluster.isKnown = true
    facts.cluster.arePodsKnown = true
    var node = ClusterFacts.NodeObject()
    node.conditions["Ready"] = .init(status: "True", reason: "KubeletReady")
    facts.cluster.node = node
    facts.cluster.leaseAge = .seconds(5)
    return facts
}

extension Facts {
    /// The kubelet ends again and again, with lines in its journal.
    mutating func stopKubelet(_ lines: String...) {
        kubelet.process = nil
        kubelet.health = nil
        kubelet.unit?.state = UnitState(load: "loaded", active: "activating", sub: "auto-restart")
        kubelet.unit?.restartCount = 7
        kubelet.unit?.exitStatus = 1
        kubelet.unit?.process = nil
        kubelet.lines = lines.map { JournalLine($0) }
        setReady("Unknown", "Kubelet stopped posting node status.")
    }

    /// There is no CNI configuration, and the runtime and the kubelet say so.
    mutating func loseNetwork() {
        network.configurations = []
        runtime.answer = .version(
            name: "containerd",
            version: "v2.1.0",
            conditions: [.init(type: "NetworkReady", isTrue: false, message: "cni plugin not initialized")]
        )
        setReady("False", "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady")
    }

    /// The Node is not Ready.
    mutating func setReady(_ status: String, _ message: String) {
        cluster.node?.conditions["Ready"] = .init(status: status, message: message)
    }

    /// The code of the first cause.
    var firstCode: String? { diagnose(self).first?.code }
}
