import Base
import HTTP
import Host
import Kubernetes
import TestSupport
import Testing
import YAML

@testable import Diagnosis

/// Advice that names the setting, the file or the line that is wrong.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct AdviceTests {
    private static let configuration = """
        apiVersion: kubelet.config.k8s.io/v1beta1
        kind: KubeletConfiguration
        syncFrequency: fast
        systemReserved: {memory: 999Gi}
        tlsCertFile: /no/cert.pem
        maxPodz: 4
        resolvConf: /run/nothing/resolv.conf
        authentication: {x509: {clientCAFile: /etc/gone.crt}}
        """

    private func kubelet() throws -> KubeletFacts {
        var kubelet = soundFacts().kubelet
        kubelet.configuration.path = "/var/lib/kubelet/config.yaml"
        let bytes = Array(Self.configuration.utf8)
        kubelet.configuration.root = try readDocuments(bytes, file: "c").compactMap(\.root).first
        return kubelet
    }

    /// Errors of the kubelet, with the beginning of the advice.
    @Test(arguments: [
        (
            #"failed to decode: time: invalid duration "fast""#,
            "correct 'syncFrequency' in '/var/lib/kubelet/config.yaml' (line 3), and run"
        ),
        (
            #"strict decoding error: unknown field "maxPodz""#,
            "remove 'maxPodz' in '/var/lib/kubelet/config.yaml' (line 6), which this version of the kubelet does not have"
        ),
        (
            "invalid Node Allocatable configuration. Resource \"memory\" has a reservation",
            "correct 'systemReserved' in '/var/lib/kubelet/config.yaml' (line 4), and run"
        ),
        (
            "failed to create kubelet: open /no/cert.pem: no such file or directory",
            "correct 'tlsCertFile' in '/var/lib/kubelet/config.yaml' (line 5), or put the file there; then run"
        ),
        (
            "invalid Node Allocatable configuration",
            "correct 'systemReserved' in '/var/lib/kubelet/config.yaml' (line 4), and run 'systemctl restart kubelet.service'"
        ),
        (
            "unlinkat /var/lib/kubelet/device-plugins/kubelet.sock: operation not permitted",
            "see 'lsattr -d /var/lib/kubelet/device-plugins /var/lib/kubelet/device-plugins/kubelet.sock', and run 'chattr -i'"
        ),
        (
            #"please drain this node and delete the CPU manager checkpoint file "/var/lib/kubelet/cpu_manager_state" before"#,
            "run 'rm /var/lib/kubelet/cpu_manager_state', which the kubelet makes again"
        ),
    ])
    func `the setting that an error is about is named`(error: String, advice: String) throws {
        let found = try kubelet().advice(onError: error)
        #expect(found?.hasPrefix(advice) == true, "\(found ?? "")")
    }

    @Test func `an error about something else names no setting`() throws {
        for error in ["a new reason", "open /etc/other: no such file or directory", "memory", "dial tcp: i/o timeout"] {
            #expect(try kubelet().advice(onError: error) == nil, "\(error)")
        }
    }

    @Test func `settings that name files that do not exist are found`() throws {
        let root = TemporaryDirectory.file("root")
        try Files.makeDirectories("\(root)/etc")
        var facts = soundFacts()
        facts.stopKubelet()
        facts.kubelet.configuration = try kubelet().configuration
        facts.kubelet.namedFiles = NamedFiles(root: root).faults(of: facts.kubelet)
        #expect(facts.kubelet.namedFiles.map(\.key) == ["clientCAFile", "tlsCertFile", "resolvConf"])
        let diagnosis = diagnose(facts)
        #expect(
            diagnosis.first?.line
                == "/var/lib/kubelet/config.yaml:8: clientCAFile: names '/etc/gone.crt', which does not exist"
        )
        #expect(diagnosis.first?.fix.contains("copy that file of a control plane to '/etc/gone.crt'") == true)
        #expect(diagnosis.others.last?.fix.hasPrefix("write '/etc/resolv.conf'") == true)
        try Files.write(Array("garbage\n".utf8), to: "\(root)/etc/gone.crt")
        #expect(NamedFiles(root: root).faults(of: facts.kubelet).first?.reason == "contains no certificate as PEM")
    }

    /// Errors of a pod, with words of the fix.
    @Test(arguments: [
        (
            #"plugin type="bridge" failed (add): failed to allocate for range 0: no IP addresses available in range set: 10.0.0.1"#,
            "enlarge 'subnet' or the range in '/etc/cni/net.d/10-calico.conflist'"
        ),
        (
            #"plugin type="bridge" failed (add): incompatible CNI versions; config is "9.9.9", plugin supports ["0.1.0"]"#,
            "write a 'cniVersion' that the plug-ins have in '/etc/cni/net.d/10-calico.conflist'"
        ),
        (
            #"MountVolume.SetUp failed for volume "v": hostPath type check failed: /no/such is not a directory"#,
            "run 'mkdir -p /no/such' on this node, or correct 'hostPath' in '/etc/kubernetes/manifests/b.yaml'"
        ),
        ("failed to start shim: \"containerd-shim-runc-v2\": file does not exist", "install containerd again"),
        ("OCI runtime create failed: runc did not terminate successfully: exit status 1", "run 'runc --version'"),
    ])
    func `the fix of a pod that cannot be made is that of its error`(error: String, fix: String) {
        var facts = soundFacts()
        facts.kubelet.staticPods.names = ["b": "/etc/kubernetes/manifests/b.yaml"]
        facts.cluster.pods = [.init(name: "a/b-worker-1", daemonSet: nil, reason: "ContainerCreating", message: error)]
        facts.cluster.pods[0].isStatic = true
        #expect(diagnose(facts).first?.fix.hasPrefix(fix) == true, "\(diagnose(facts).first?.fix ?? "")")
    }

    @Test func `the error of a volume is that of a pod that is being created`() {
        var facts = soundFacts()
        facts.cluster.pods = [.init(name: "a/b", daemonSet: nil, reason: "ContainerCreating", message: "")]
        facts.kubelet.lines = [
            JournalLine(
                #"E1128 16:46:01.5 1 nestedpendingoperations.go:348] Operation for "{x}" failed. Error: MountVolume.SetUp failed "#
                    + #"for volume "v" (UniqueName: "u") pod "b" (UID: "i") : hostPath type check failed: /no/such is not a directory"#
            ),
            JournalLine(
                #"E1128 16:46:01.6 1 kubelet.go:1] "Failed creating a mirror pod" err="pods \"b\" already exists" pod="a/b""#
            ),
        ]
        #expect(
            diagnose(facts).first?.cause
                == #"ContainerCreating: MountVolume.SetUp failed for volume "v": hostPath type check failed: /no/such is not a directory"#
        )
    }

    @Test func `a plug-in of containerd that does not start is named with its setting`() {
        var facts = soundFacts()
        facts.stopKubelet()
        facts.runtime.answer = .withoutInterface
        facts.runtime.containerd = ContainerdConfiguration(path: "/etc/containerd/config.toml")
        facts.runtime.containerd?.settings = [.init("default_runtime_name", "nvidia", line: 7)]
        func log(_ error: String) -> JournalLine {
            JournalLine(
                #"time="x" level=warning msg="failed to load plugin io.containerd.grpc.v1.cri" error="\#(error)""#
            )
        }
        facts.runtime.lines = [log(#"failed to create CRI service: failed to find snapshotter \"stargz\""#)]
        let first = diagnose(facts).first
        #expect(first?.cause.hasSuffix(#"failed to find snapshotter "stargz""#) == true, "\(first?.cause ?? "")")
        #expect(first?.fix.contains(#"in place of "stargz" at 'snapshotter' in /etc/containerd/config.toml"#) == true)
        facts.runtime.lines = [
            log(#"invalid plugin config: no corresponding runtime configured for `default_runtime_name = \"nvidia\"`"#)
        ]
        #expect(
            diagnose(facts).first?.fix
                == "correct 'default_runtime_name' in '/etc/containerd/config.toml' (line 7), and run 'systemctl restart containerd'"
        )
        facts.runtime.containerd?.disabledInterface = "io.containerd.grpc.v1.cri"
        #expect(
            diagnose(facts).first?.cause.contains("'disabled_plugins' contains \"io.containerd.grpc.v1.cri\"") == true
        )
    }

    @Test func `a taint that ends pods is a fault of a node that is Ready, and another one a note`() {
        var facts = soundFacts()
        facts.cluster.node?.taints = [.init(key: "a", effect: "NoSchedule")]
        #expect(facts.firstCode == nil)
        #expect(diagnose(facts).notes.map(\.code) == ["taint"])
        facts.cluster.node?.taints = [.init(key: "a", effect: "NoExecute")]
        #expect(
            diagnose(facts).first?.fix == "run 'kubectl taint node worker-1 a:NoExecute-' if it should not be there"
        )
        facts.cluster.node?.taints = [.init(key: "node.kubernetes.io/unreachable", effect: "NoExecute")]
        #expect(facts.firstCode == nil)
    }

    @Test func `a Lease of the kubelet before is not one of this kubelet`() {
        var facts = soundFacts()
        facts.server.clockDifference = .seconds(-2)
        facts.kubelet.process?.age = .seconds(6)
        facts.cluster.leaseAge = .seconds(5)
        #expect(diagnose(facts).isReady)
        facts.cluster.leaseAge = .seconds(12)
        let diagnosis = diagnose(facts)
        #expect(!diagnosis.isReady)
        #expect(diagnosis.first?.cause.hasPrefix("has not been renewed since the kubelet was started 6 s ago") == true)
        facts.kubelet.proxy = EnvironmentProxy(variable: "HTTPS_PROXY", url: "http://192.0.2.1:3128")
        facts.server.proxyFault = TransportError(.timedOut, "no connection within 2s")
        #expect(facts.firstCode == "proxy")
    }

    @Test func `the line of a name and an interface that is down are named`() throws {
        let root = TemporaryDirectory.file("root")
        try Files.makeDirectories("\(root)/etc")
        try Files.write(Array("127.0.0.1 localhost\n# x\n10.0.0.9 cp # y\n".utf8), to: "\(root)/etc/hosts")
        var facts = soundFacts()
        facts.server.fault = TransportError(.timedOut, "no answer within 2 s")
        facts.server.hostEntry = NamedHost(root: root).entry(of: "https://cp:6443")
        (facts.cluster.node, facts.cluster.isKnown) = (nil, false)
        let first = diagnose(facts).first
        #expect(first?.cause == "no answer within 2 s ('cp' is 10.0.0.9 by /etc/hosts:3)")
        #expect(first?.fix.hasPrefix("correct /etc/hosts:3 if 10.0.0.9 is not the server's address") == true)
    }

    @Test func `a program that is installed now is not missing`() {
        var facts = soundFacts()
        let error = #"E1 1 a.go:1] "x" err="exec: \"iptables\": executable file not found in $PATH""#
        facts.kubelet.lines = [JournalLine(error, at: facts.now)]
        #expect(facts.firstCode == "program-iptables")
        facts.machine.programs = ["iptables"]
        #expect(facts.firstCode == nil)
    }

    @Test func `a manifest that was written after the error about it is correct`() {
        var facts = soundFacts()
        let path = "/etc/kubernetes/manifests/a.yaml"
        facts.kubelet.staticPods.files = [path]
        let error =
            #"E1 1 a.go:1] "Unable to process watch event" err="can't process config file \"\#(path)\": invalid pod: name""#
        facts.kubelet.lines = [JournalLine(error, at: Timestamp(seconds: facts.now.seconds - 10))]
        // The kubelet may have read the beginning of a file that was being written.
        #expect(facts.firstCode == nil)
        facts.kubelet.staticPods.faults = [.init(path: path, reason: "has no 'metadata.name'")]
        #expect(diagnose(facts).first?.subject == path)
        facts.kubelet.staticPods.modified[path] = Timestamp(seconds: facts.now.seconds - 5)
        #expect(facts.firstCode == nil)
    }

    @Test func `a pod about which the kubelet reports errors again and again is found`() {
        var facts = soundFacts()
        let error = #"E1 1 a.go:1] "Error syncing pod, skipping" err="incompatible CNI versions" pod="a/b" podUID="x""#
        facts.kubelet.lines = [JournalLine(error, at: Timestamp(seconds: facts.now.seconds - 20))]
        #expect(facts.firstCode == nil)
        facts.kubelet.lines.append(JournalLine(error, at: Timestamp(seconds: facts.now.seconds - 5)))
        #expect(
            diagnose(facts).first?.line
                == "pod 'a/b': the kubelet reports an error of it again and again: incompatible CNI versions"
        )
    }

    @Test func `requests for certificates of a node that is Ready are not listed`() {
        var facts = soundFacts()
        let signer = "kubernetes.io/kube-apiserver-client-kubelet"
        facts.cluster.requests = [.init(name: "old", signer: signer, state: .pending, age: .seconds(900))]
        #expect(diagnose(facts).notes == [])
    }
}
