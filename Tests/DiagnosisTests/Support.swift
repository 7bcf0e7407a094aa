import Base
import HTTP
import Host

@testable import Diagnosis

/// The facts of a node whose kubelet runs and that is Ready; tests change what they are about.
func soundFacts() -> Facts {
    var facts = Facts(now: Timestamp(seconds: 1_780_000_000))
    (facts.areUnitsKnown, facts.nodeName, facts.machine.hostName) = (true, "worker-1", "worker-1")
    facts.machine.settings = ["net.ipv4.ip_forward": "1", "net.bridge.bridge-nf-call-iptables": "1"]
    facts.kubelet.unitPath = "/etc/systemd/system/kubelet.service"
    facts.kubelet.program = "/usr/bin/kubelet"
    facts.kubelet.arguments = [("--kubeconfig=/etc/kubernetes/kubelet.conf", nil)]
    facts.kubelet.kubeconfig.path = "/etc/kubernetes/kubelet.conf"
    facts.kubelet.kubeconfig.exists = true
    facts.kubelet.service = Service()
    facts.kubelet.process = RunningProcess(age: 3600)
    facts.runtime.services = ["containerd.service": Service()]
    facts.runtime.answer = .connected
    facts.network.configurations = [.init(path: "/etc/cni/net.d/10-calico.conflist", types: ["calico"])]
    (facts.server.url, facts.server.readyStatus, facts.server.identityStatus) = ("https://10.0.0.1:6443", 200, 200)
    (facts.server.source, facts.server.version) = ("/etc/kubernetes/kubelet.conf", "v1.36.2")
    facts.cluster.isKnown = true
    facts.cluster.node = ClusterFacts.NodeObject(kubeletVersion: "v1.36.2", runtimeVersion: "containerd://2.1.0")
    facts.cluster.leaseAge = 5
    facts.setReady("True", "kubelet is posting ready status")
    return facts
}

extension Facts {
    /// The kubelet ends again and again, with an error as klog writes it.
    mutating func stopKubelet(_ error: String? = nil) {
        kubelet.process = nil
        kubelet.service = Service(
            active: "activating",
            sub: "auto-restart",
            result: "exit-code",
            status: 1,
            restarts: 7
        )
        if let error { kubelet.log.lines = [klog("command failed", error)] }
        setReady("Unknown", "Kubelet stopped posting node status.")
    }

    mutating func setReady(_ status: String, _ message: String) {
        cluster.node?.conditions["Ready"] = (status, message)
    }

    /// The server does not send the Node.
    mutating func loseServer(_ fault: TransportError? = nil, identity: Int? = nil) {
        (server.fault, server.identityStatus) = (fault, identity)
        (cluster.isKnown, cluster.node, cluster.leaseAge) = (false, nil, nil)
    }
}

/// Returns a line of the kubelet.
func klog(_ message: String, _ error: String, more: String = "", at time: Timestamp? = nil) -> JournalLine {
    let value = error.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return JournalLine(
        text: "E1128 09:13:31.100000      90 run.go:72] \"\(message)\" err=\"\(value)\"\(more)",
        time: time
    )
}
