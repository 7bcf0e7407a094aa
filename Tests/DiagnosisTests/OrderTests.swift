import Base
import HTTP
import Host
import Kubernetes
import Testing

@testable import Diagnosis

/// The first of several faults, and the faults that it explains.
@Suite(.timeLimit(.minutes(30)))
struct OrderTests {
    private static let unknownFlag =
        #"E1128 09:13:31.100000 90 run.go:72] "command failed" err="failed to parse kubelet flag: unknown flag: --old""#

    /// The facts of a kubelet whose certificate has expired.
    private func expiredFacts(_ line: String) -> Facts {
        var facts = soundFacts()
        facts.stopKubelet(line)
        facts.kubelet.kubeconfig.problem = Problem("client certificate 'k' expired 3 days ago")
        facts.cluster.isKnown = false
        facts.cluster.node = nil
        return facts
    }

    @Test func `a wrong flag precedes an expired certificate, which the kubelet has not read`() {
        let diagnosis = diagnose(expiredFacts(Self.unknownFlag))
        #expect(diagnosis.first?.code == "kubelet-flag")
        #expect(diagnosis.others.map(\.code) == ["certificate-expired"])
    }

    @Test func `the log of a kubelet that a signal has ended is not its reason`() {
        var facts = soundFacts()
        facts.stopKubelet(
            #"E1128 09:13:31.100000 90 kubelet.go:2450] "Skipping pod synchronization" err="container runtime status check may "#
                + #"not have completed yet""#
        )
        facts.kubelet.unit?.result = "core-dump"
        facts.kubelet.unit?.exitStatus = 11
        let first = diagnose(facts).first
        #expect(first?.code == "kubelet-fails")
        #expect(first?.line.contains("signal 11): a signal has ended its program") == true, "\(first?.line ?? "")")
    }

    @Test func `a wrong flag precedes the configuration file, which the kubelet has not read`() {
        var facts = soundFacts()
        facts.stopKubelet(Self.unknownFlag)
        facts.kubelet.configuration.path = "/var/lib/kubelet/config.yaml"
        facts.kubelet.configuration.problem = Problem("does not exist")
        #expect(diagnose(facts).findings.map(\.code).prefix(2) == ["kubelet-flag", "kubelet-config"])
    }

    @Test func `a setting that the kubelet refuses precedes an expired certificate`() {
        let facts = expiredFacts(
            #"E1128 09:13:31.100000 90 run.go:72] "command failed" err="failed to validate kubelet configuration, error: "#
                + #"invalid configuration: enforceNodeAllocatable, path: &TypeMeta{}""#
        )
        #expect(diagnose(facts).findings.map(\.code).prefix(2) == ["kubelet-config", "certificate-expired"])
    }

    @Test func `the error with which the kubelet has ended precedes what it reaches only later`() {
        let facts = expiredFacts(
            #"E1128 09:13:31.100000 90 run.go:72] "command failed" err="unable to load client CA file /etc/ca.crt: "#
                + #"open /etc/ca.crt: no such file or directory""#
        )
        #expect(facts.firstCode == "client-ca")
    }

    @Test func `a kubelet without credentials ends with an error about bootstrap credentials, which is a consequence`()
    {
        let facts = expiredFacts(
            #"E1128 09:13:31.100000 90 run.go:72] "command failed" err="failed to run Kubelet: unable to load bootstrap "#
                + #"kubeconfig: stat /etc/kubernetes/bootstrap-kubelet.conf: no such file or directory""#
        )
        let diagnosis = diagnose(facts)
        #expect(diagnosis.first?.code == "certificate-expired")
        #expect(diagnosis.consequences.map(\.code) == ["bootstrap-kubeconfig", "kubelet-fails"])
        #expect(diagnosis.others == [])
    }

    @Test func `a network that its pod has not written yet is a consequence of the stopped kubelet`() {
        var facts = soundFacts()
        facts.stopKubelet(Self.unknownFlag)
        facts.loseNetwork()
        let diagnosis = diagnose(facts)
        #expect(diagnosis.consequences.map(\.code) == ["kubelet-fails", "not-ready", "cni-missing"])
        #expect(diagnosis.others == [])
    }

    @Test func `the API server of a control plane does not run without its kubelet`() {
        var facts = soundFacts()
        facts.stopKubelet(Self.unknownFlag)
        facts.kubelet.staticPods.files = ["/etc/kubernetes/manifests/kube-apiserver.yaml"]
        facts.server.fault = TransportError(.refused, "the connection is refused")
        facts.cluster.isKnown = false
        facts.cluster.node = nil
        let diagnosis = diagnose(facts)
        #expect(diagnosis.first?.code == "kubelet-flag")
        #expect(diagnosis.consequences.map(\.code) == ["kubelet-fails", "server-refused"])
        facts.kubelet.staticPods.files = []
        #expect(diagnose(facts).others.map(\.code) == ["server-refused"])
    }

    @Test func `a kubelet that ends because its container runtime is stopped is a consequence`() {
        var facts = soundFacts()
        facts.stopKubelet(
            #"E1128 09:13:31.100000 90 run.go:72] "command failed" err="failed to run Kubelet: validate service connection: "#
                + #"validate CRI v1 runtime API for endpoint \"unix:///run/containerd/containerd.sock\": rpc error: code = "#
                + #"Unavailable desc = connection error: desc = \"transport: Error while dialing: dial unix "#
                + #"/run/containerd/containerd.sock: connect: no such file or directory\"""#
        )
        facts.runtime.answer = .missing
        facts.runtime.units = [
            UnitDetails(
                name: "containerd.service",
                state: UnitState(load: "loaded", active: "inactive", sub: "dead")
            )
        ]
        let diagnosis = diagnose(facts)
        #expect(diagnosis.first?.code == "runtime-stopped")
        #expect(diagnosis.others == [])
    }

    @Test func `pods of a kubelet that does not report are notes`() {
        var facts = soundFacts()
        facts.stopKubelet(Self.unknownFlag)
        facts.cluster.pods = [.init(name: "a/b", daemonSet: nil, reason: "CrashLoopBackOff", message: "")]
        let diagnosis = diagnose(facts)
        #expect(diagnosis.others == [])
        #expect(diagnosis.notes.map(\.code) == ["pod-CrashLoopBackOff"])
    }

    @Test func `pods that fail because of a missing program are consequences`() {
        var facts = soundFacts()
        let error =
            #"failed to setup network for sandbox: plugin type="portmap" failed (add): failed to list chains: "#
            + #"exec: "iptables": executable file not found in $PATH"#
        facts.cluster.pods = [.init(name: "a/b", daemonSet: nil, reason: "ContainerCreating", message: error)]
        let diagnosis = diagnose(facts)
        #expect(diagnosis.first?.code == "program-iptables")
        #expect(diagnosis.first?.fix == "install it, such as with 'apt install iptables'")
        #expect(diagnosis.consequences.map(\.code) == ["pod-ContainerCreating"])
    }

    /// Errors, with the program that is missing on the node.
    @Test(arguments: [
        (
            #"E1 1 a.go:1] "x" err="failed to locate iptables: exec: \"iptables\": executable file not found in $PATH""#,
            "iptables"
        ),
        (#"MountVolume.SetUp failed: exec: \"mount.nfs\": executable file not found in $PATH"#, "mount.nfs"),
        (#"error creating chain "KUBE-IPTABLES-HINT": executable file not found in $PATH: iptables"#, "iptables"),
        (
            #"runc create failed: unable to start container process: exec: \"app\": executable file not found in $PATH"#,
            nil
        ),
        (#"exec: "/opt/cni/bin/x": executable file not found in $PATH"#, nil),
    ])
    func `a missing program is named`(error: String, program: String?) {
        #expect(missingProgram(error) == program)
    }
}
