import Base
import HTTP
@testable import Host
import Kubernetes
import Testing

@testable import Diagnosis

/// A change of the facts of a sound node, with the first cause.
struct Fault: Sendable, CustomTestStringConvertible {
    var code: String
    /// Words of the line of the cause.
    var words: String
    var others: [String]
    var change: @Sendable (inout Facts) -> Void

    init(_ code: String, _ words: String, others: [String] = [], _ change: @escaping @Sendable (inout Facts) -> Void) {
        (self.code, self.words, self.others, self.change) = (code, words, others, change)
    }

    var testDescription: String { "\(code): \(words)" }
}

private let units: [Fault] = [
    Fault("kubelet-not-installed", "kubelet: is not installed") { $0.kubelet = KubeletFacts() },
    Fault("kubelet-unit-missing", "kubelet.service: is not known to systemd, although '/usr/bin/kubelet'") {
        $0.stopKubelet()
        ($0.kubelet.service, $0.kubelet.unitPath) = (nil, nil)
    },
    Fault("kubelet-masked", "kubelet.service: is masked") {
        $0.stopKubelet()
        $0.kubelet.service = Service(load: "masked", active: "inactive")
    },
    Fault("kubelet-masked", "Missing '='") {
        $0.stopKubelet()
        $0.kubelet.service = Service(load: "bad-setting", active: "inactive")
        $0.kubelet.log.manager = ["/etc/systemd/system/kubelet.service:3: Missing '=', ignoring line."]
    },
    Fault("kubelet-stopped", "kubelet.service: is stopped and not enabled") {
        $0.stopKubelet()
        $0.kubelet.service = Service(active: "inactive", sub: "dead", file: "disabled")
    },
    Fault("kubelet-stopped", "ConditionPathExists=/no was not met") {
        $0.stopKubelet()
        $0.kubelet.service = Service(active: "inactive", sub: "dead")
        $0.kubelet.log.manager = ["kubelet was skipped, unmet condition check, ConditionPathExists=/no was not met"]
    },
    Fault("kubelet-fails", "(7 restarts, exit status 203): kubelet.service: Failed at step EXEC") {
        $0.stopKubelet("of an earlier start")
        $0.kubelet.service?.status = 203
        $0.kubelet.log.manager = ["kubelet.service: Failed at step EXEC spawning /x", "Failed to start kubelet"]
    },
    Fault("kubelet-fails", "has failed (oom-kill, exit status 9)") {
        $0.stopKubelet()
        $0.kubelet.service = Service(active: "failed", sub: "failed", result: "oom-kill", status: 9)
    },
    Fault("kubelet-fails", "failed to run Kubelet: a new reason") {
        $0.stopKubelet("failed to run Kubelet: a new reason")
    },
    Fault("kubelet-config", "/c.yaml:3:1: did not find expected key") {
        $0.stopKubelet("failed to load kubelet config file, path: /c.yaml, error: yaml")
        $0.kubelet.configuration = FileFact(path: "/c.yaml", fault: "did not find expected key", place: ":3:1")
    },
    Fault("port-taken", "bind: address already in use") {
        $0.stopKubelet("listen tcp 0.0.0.0:10250: bind: address already in use")
    },
    Fault("disk-full", "no space left on device") {
        $0.stopKubelet("failed to run Kubelet: mkdir /var/lib/kubelet/x: no space left on device")
    },
]

private let runtimes: [Fault] = [
    Fault("runtime-stopped", "containerd.service: is not running") {
        $0.runtime.answer = .refused
        $0.runtime.services = ["containerd.service": Service(active: "inactive", sub: "dead")]
        $0.setReady("False", "container runtime network not ready: cni plugin not initialized")
        $0.network.configurations = []
    },
    Fault("runtime-stopped", "containerd.service: is not running") {
        $0.runtime.answer = .missing
        $0.runtime.services = ["containerd.service": Service(active: "inactive", sub: "dead")]
        $0.stopKubelet("validate CRI v1 runtime API for endpoint \"unix:///c.sock\": dial unix /c.sock: no such file")
    },
    Fault("runtime-masked", "containerd.service: is masked") {
        $0.runtime.answer = .missing
        $0.runtime.services = ["containerd.service": Service(load: "masked", active: "inactive")]
        $0.setReady("Unknown", "")
    },
    Fault("runtime-failed", "failed to load TOML: /etc/containerd/config.toml: (4, 1)") {
        $0.runtime.answer = .missing
        $0.runtime.services = [
            "containerd.service": Service(active: "failed", sub: "failed", result: "exit-code", status: 1)
        ]
        $0.runtime.log.lines = [
            JournalLine(text: "containerd: failed to load TOML: /etc/containerd/config.toml: (4, 1): no value")
        ]
        $0.setReady("Unknown", "")
    },
    Fault("runtime-endpoint", "does not exist, but a program listens at '/run/crio/crio.sock'") {
        ($0.runtime.answer, $0.runtime.services) = (.missing, [:])
        $0.runtime.others = ["/run/crio/crio.sock"]
        $0.stopKubelet("validate CRI v1 runtime API for endpoint \"unix:///c.sock\"")
    },
    Fault("runtime-not-installed", "container runtime: none is installed") {
        ($0.runtime.answer, $0.runtime.services) = (.missing, [:])
        $0.stopKubelet()
    },
    Fault("cri-disabled", "'disabled_plugins' contains \"cri\"") {
        $0.runtime.containerd = ContainerdFacts(path: "/etc/containerd/config.toml", disabledInterface: "cri")
        $0.stopKubelet("validate CRI v1 runtime API for endpoint: unknown service runtime.v1.RuntimeService")
    },
    Fault("cgroup-driver", "the kubelet uses cgroupfs") {
        $0.runtime.containerd = ContainerdFacts(path: "/c.toml", usesSystemd: true)
        let error = #"expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups"#
        $0.cluster.pods = [.init(name: "a/b", reason: "ContainerCreating", message: error)]
    },
    Fault("cni-missing", "CNI configuration: there is none in /etc/cni/net.d") {
        $0.network.configurations = []
        $0.setReady("False", "container runtime network not ready: cni plugin not initialized")
    },
    Fault("cni-invalid", "is not valid JSON") {
        $0.network.configurations[0].fault = "is not valid JSON"
        $0.setReady("False", "container runtime network not ready: cni plugin not initialized")
    },
    Fault("cni-plugin", "CNI plugin 'calico': is not in /opt/cni/bin") {
        $0.network.configurations[0].missing = [("calico", "is not in /opt/cni/bin")]
        let error = #"failed to find plugin "calico" in path [/opt/cni/bin]"#
        $0.cluster.pods = [.init(name: "a/b", reason: "ContainerCreating", message: error)]
    },
    Fault("cni-missing", "pod 'kube-system/calico-node-x', which writes it, does not run", others: ["pod"]) {
        $0.network.configurations = []
        $0.cluster.pods = [
            .init(
                name: "kube-system/calico-node-x",
                reason: "ImagePullBackOff",
                message: "manifest unknown",
                hostPaths: ["/etc/cni/net.d"]
            )
        ]
        $0.setReady("False", "container runtime network not ready: cni plugin not initialized")
    },
]

private let servers: [Fault] = [
    Fault("kubeconfig-missing", "/etc/kubernetes/kubelet.conf: does not exist") {
        $0.kubelet.kubeconfig.exists = false
        $0.stopKubelet("failed to run Kubelet: unable to load bootstrap kubeconfig: stat /b.conf: no such file")
        $0.loseServer()
    },
    Fault("credentials", "is a link to '/gone.pem', which does not exist") {
        $0.kubelet.kubeconfig.fault = "its client certificate '/c.pem' is a link to '/gone.pem', which does not exist"
        $0.stopKubelet("failed to run Kubelet: unable to load bootstrap kubeconfig: stat /b.conf: no such file")
        $0.loseServer()
    },
    Fault("kubelet-flag", "unknown flag: --old", others: ["credentials"]) {
        $0.kubelet.kubeconfig.fault = "client key '/k' does not belong to certificate '/c'"
        $0.stopKubelet("failed to parse kubelet flag: unknown flag: --old")
        $0.loseServer()
    },
    Fault("unauthorized", "bootstrap token (401 Unauthorized)") {
        ($0.kubelet.kubeconfig.exists, $0.kubelet.bootstrap.exists) = (false, true)
        $0.stopKubelet("failed to run Kubelet: cannot create certificate signing request: Unauthorized")
        $0.loseServer(identity: 401)
    },
    Fault("unauthorized", "401 Unauthorized") { $0.loseServer(identity: 401) },
    Fault("clock", "behind, by the clock of the API server") {
        $0.server.clockDifference = 3 * 365 * 86400
        $0.loseServer(identity: 401)
    },
    Fault("dns", "no address") { $0.loseServer(TransportError(.resolve, "no address")) },
    Fault("server-refused", "refused") { $0.loseServer(TransportError(.refused, "refused")) },
    Fault("no-route", "no route") { $0.loseServer(TransportError(.unreachable, "no route")) },
    Fault("server-silent", "no answer") { $0.loseServer(TransportError(.timedOut, "no answer")) },
    Fault("wrong-ca", "unknown issuer") { $0.loseServer(TransportError(.untrusted, "unknown issuer")) },
    Fault("server-name", "other name") { $0.loseServer(TransportError(.hostName, "other name")) },
    Fault("server-certificate-expired", "expired") {
        $0.loseServer(TransportError(.serverCertificateExpired, "expired"))
    },
    Fault("server-not-ready", "etcd") {
        ($0.server.readyStatus, $0.server.failedChecks) = (500, ["etcd"])
        $0.loseServer()
    },
    Fault("control-plane-file", "/pki/server.crt: expired at") {
        $0.loseServer(TransportError(.refused, "refused"))
        $0.kubelet.staticPods = StaticPodFacts(path: "/m", files: ["/m/kube-apiserver.yaml"], isControlPlane: true)
        $0.kubelet.staticPods.expiredCertificates = [("/pki/server.crt", "expired at 2026-01-01")]
        $0.server.podErrors = [("kube-apiserver", "connection refused")]
    },
    Fault("control-plane-pod", "etcd of this node: its last error is: no space left on device") {
        $0.loseServer(TransportError(.refused, "refused"))
        $0.kubelet.staticPods = StaticPodFacts(path: "/m", files: ["/m/kube-apiserver.yaml"], isControlPlane: true)
        $0.server.podErrors = [("etcd", "no space left on device"), ("kube-apiserver", "connection refused")]
    },
    Fault("static-pod-missing", "/m/kube-apiserver.yaml: does not exist") {
        $0.loseServer(TransportError(.refused, "refused"))
        $0.kubelet.staticPods = StaticPodFacts(path: "/m", isControlPlane: true)
    },
    Fault("server-silent", "no answer") {
        $0.loseServer(TransportError(.timedOut, "no answer"))
        $0.kubelet.staticPods = StaticPodFacts(path: "/m", isControlPlane: true)
    },
    Fault("server-refused", "refused") {
        $0.loseServer(TransportError(.refused, "refused"))
        $0.kubelet.staticPods = StaticPodFacts(path: "/m", isControlPlane: true)
        $0.isThisMachine = false
    },
    Fault("static-pod", "/m/etcd.yaml:2:1: found a tab") {
        $0.loseServer(TransportError(.refused, "refused"))
        $0.kubelet.staticPods = StaticPodFacts(path: "/m", files: ["/m/kube-apiserver.yaml", "/m/etcd.yaml"])
        ($0.kubelet.staticPods.isControlPlane, $0.server.podErrors) = (true, [("kube-apiserver", "refused")])
        $0.kubelet.staticPods.faults = [("/m/etcd.yaml:2:1", "found a tab")]
    },
    Fault("kubelet-flag", "unknown flag") {
        $0.loseServer(TransportError(.refused, "refused"))
        $0.kubelet.staticPods = StaticPodFacts(path: "/m", files: ["/m/kube-apiserver.yaml"], isControlPlane: true)
        $0.stopKubelet("failed to parse kubelet flag: unknown flag: --old")
    },
]

private let nodes: [Fault] = [
    Fault("swap-on", "swap '/dev/sda2': is on") {
        $0.machine.swapAreas = ["/dev/sda2"]
        $0.stopKubelet("failed to run Kubelet: running with swap on is not supported, please disable swap")
    },
    Fault("disk-full", "file system '/' is full") {
        $0.stopKubelet("failed to run Kubelet: mkdir /var/lib/kubelet/x: no space left on device")
        $0.machine.volumes = [("/var/lib/kubelet", FreeSpace(mount: "/", free: 0))]
    },
    Fault("disk-full", "file system '/' has no free inodes") {
        $0.stopKubelet("failed to run Kubelet: mkdir /var/lib/kubelet/x: no space left on device")
        $0.machine.volumes = [("/var/lib/kubelet", FreeSpace(mount: "/", free: 1 << 30, lacksInodes: true))]
    },
    Fault("node-missing", "Node 'worker-1': is not registered: nodes is forbidden") {
        $0.cluster.node = nil
        $0.kubelet.log.lines = [klog("Unable to register node with API server", "nodes is forbidden")]
    },
    Fault("condition", "has DiskPressure: low") {
        $0.cluster.node?.conditions["DiskPressure"] = ("True", "low")
    },
    Fault("cordoned", "is cordoned") { $0.cluster.node?.isUnschedulable = true },
    Fault("ip-forward", "net.ipv4.ip_forward: is 0") { $0.machine.settings["net.ipv4.ip_forward"] = "0" },
    Fault("bridge-netfilter", "kernel module 'br_netfilter' is not loaded") {
        $0.machine.settings["net.bridge.bridge-nf-call-iptables"] = nil
        $0.network.configurations[0].types = ["flannel", "portmap"]
    },
    Fault("pod", "pod 'a/b': ImagePullBackOff: not found") {
        $0.cluster.pods = [.init(name: "a/b", reason: "ImagePullBackOff", message: "not found", image: "x:1")]
    },
    Fault("pod", "failed to get sandbox image \"pause:1\"") {
        $0.cluster.pods = [.init(name: "a/b", reason: "ContainerCreating", uid: "x")]
        let error = "rpc error: code = Unknown desc = failed to get sandbox image \"pause:1\""
        $0.kubelet.log.lines = [
            klog("Error syncing pod, skipping", error, more: " pod=\"a/b\" podUID=\"x\"", at: $0.now),
            klog("Failed to get status for pod", "forbidden", more: " pod=\"a/b\" podUID=\"earlier\"", at: $0.now),
        ]
    },
]

/// The conclusions from facts.
@Suite(.timeLimit(.minutes(15)))
struct RuleTests {
    @Test(arguments: [units, runtimes, servers, nodes].flatMap(\.self))
    func `the first cause is that of the facts, and nothing else is wrong`(fault: Fault) {
        var facts = soundFacts()
        fault.change(&facts)
        let diagnosis = diagnose(facts)
        #expect(diagnosis.first?.code == fault.code, "\(diagnosis.findings)")
        #expect(diagnosis.first?.line.contains(fault.words) == true, "\(diagnosis.first?.line ?? "")")
        #expect(diagnosis.others.map(\.code) == fault.others, "\(diagnosis.findings)")
    }

    @Test func `nothing is wrong with a node that is Ready`() {
        let diagnosis = diagnose(soundFacts())
        #expect(diagnosis.findings == [] && diagnosis.notes == [])
        #expect(diagnosis.isReady && diagnosis.isSound)
        #expect(diagnosis.versions == ["kubelet v1.36.2", "containerd://2.1.0", "API server v1.36.2"])
        var restarted = soundFacts()
        restarted.kubelet.process?.age = 10
        #expect(diagnose(restarted).isReady)
    }

    @Test func `a kubelet that hangs does not report, and its errors of before are not the cause`() {
        var facts = soundFacts()
        facts.cluster.leaseAge = 60
        let error = "node \"w\" not found"
        facts.kubelet.log.lines = [klog("Error getting the current node", error, at: Timestamp(seconds: 1))]
        #expect(diagnose(facts).first?.cause == "its kubelet does not report")
    }

    @Test func `faults that a running kubelet survives are notes`() {
        var facts = soundFacts()
        facts.machine.swapAreas = ["/dev/sda2"]
        let diagnosis = diagnose(facts)
        #expect(diagnosis.first == nil)
        #expect(diagnosis.notes.map(\.code) == ["swap-on"])
    }

    @Test func `what could not be looked at is not a cause`() {
        var facts = soundFacts()
        facts.loseServer()
        #expect(diagnose(facts).first == nil)
        #expect(!diagnose(facts).isSound)
        facts.stopKubelet()
        (facts.kubelet, facts.network) = (KubeletFacts(isKnown: false), NetworkFacts(isKnown: false))
        facts.runtime = RuntimeFacts()
        #expect(diagnose(facts).first == nil, "\(diagnose(facts).findings)")
    }

    @Test func `a kubelet that is Ready between two of many restarts is not well`() {
        var facts = soundFacts()
        facts.kubelet.service?.restarts = 11
        facts.kubelet.process?.age = 2
        facts.kubelet.log.lines = [klog("command failed", "failed to run Kubelet: a reason")]
        #expect(diagnose(facts).first?.cause.hasPrefix("ends again and again (11 restarts") == true)
        facts.kubelet.process?.age = 60
        #expect(diagnose(facts).isReady)
    }

    /// Errors of pods, with words of the fix.
    @Test(arguments: [
        ("ErrImagePull", "unexpected status: 401 Unauthorized", "run 'crictl pull"),
        ("CrashLoopBackOff", "exit code 1", "see 'kubectl -n a logs b"),
        ("CreateContainerConfigError", "secret \"x\" not found", "see 'kubectl -n a describe pod b'"),
    ])
    func `the fix of a pod is that of its error`(reason: String, message: String, fix: String) {
        var facts = soundFacts()
        facts.cluster.pods = [.init(name: "a/b", reason: reason, message: message)]
        #expect(diagnose(facts).first?.fix.hasPrefix(fix) == true, "\(diagnose(facts).first?.fix ?? "")")
    }

    @Test func `the file and line of a setting that the kubelet does not know are named`() throws {
        var facts = soundFacts()
        let text = Array("kind: KubeletConfiguration\nmaxPodz: 4\n".utf8)
        facts.kubelet.configuration = FileFact(path: "/c.yaml", root: try readDocuments(text, file: "c").first?.root)
        facts.stopKubelet("failed to load kubelet config file, strict decoding error: unknown field \"maxPodz\"")
        #expect(diagnose(facts).first?.fix.contains("'/c.yaml' in line 2") == true)
        facts.stopKubelet("failed to parse kubelet flag: unknown flag: --old")
        facts.kubelet.arguments.append(("--old=1", "/etc/default/kubelet"))
        #expect(diagnose(facts).first?.fix.hasPrefix("remove '--old' in '/etc/default/kubelet'") == true)
    }

    @Test func `systemd starts a unit that has failed too often only after a reset`() {
        var facts = soundFacts()
        facts.stopKubelet("failed to parse kubelet flag: unknown flag: --old")
        facts.kubelet.service = Service(active: "failed", result: "start-limit-hit", status: 1)
        #expect(
            diagnose(facts).first?.fix.contains("systemctl reset-failed kubelet.service && systemctl restart") == true
        )
    }
}
