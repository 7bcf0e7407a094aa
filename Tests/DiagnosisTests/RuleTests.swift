import Base
import HTTP
import Host
import Kubernetes
import Testing

@testable import Diagnosis

extension Credentials {
    /// The credentials of a bootstrap token.
    static func withToken() throws -> Credentials {
        let text = """
            {"apiVersion": "v1", "kind": "Config", "current-context": "a",
             "clusters": [{"name": "a", "cluster": {"server": "https://10.0.0.1:6443"}}],
             "users": [{"name": "a", "user": {"token": "abcdef.0123456789abcdef"}}],
             "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}]}
            """
        let kubeconfig = try Kubeconfig(Array(text.utf8), path: "/bootstrap.conf")
        return try Credentials(kubeconfig, now: .now()) { _ in [] }
    }
}

/// The conclusions from facts.
@Suite(.timeLimit(.minutes(30)))
struct RuleTests {
    @Test func `nothing is wrong with a node that is Ready`() {
        let diagnosis = diagnose(soundFacts())
        #expect(diagnosis.first == nil, "\(diagnosis.findings)")
        #expect(diagnosis.isReady)
        #expect(diagnosis.sound.map(\.area) == Area.allCases.filter { $0 != .credentials })
    }

    @Test func `a fault that the running kubelet survives is a note`() {
        var facts = soundFacts()
        facts.machine.swapAreas = ["/dev/sda2"]
        let diagnosis = diagnose(facts)
        #expect(diagnosis.first == nil)
        #expect(diagnosis.notes.map(\.code) == ["swap-on"])
    }

    @Test func `swap explains a kubelet that does not start and a Node that is not Ready`() {
        var facts = soundFacts()
        facts.machine.swapAreas = ["/dev/sda2"]
        facts.stopKubelet(
            #"E0101 00:00:00.000000 1 run.go:72] "command failed" err="failed to run Kubelet: running with swap on is "#
                + #"not supported, please disable swap or set --fail-swap-on flag to false""#
        )
        let diagnosis = diagnose(facts)
        #expect(diagnosis.first?.code == "swap-on")
        #expect(diagnosis.first?.kind == .cause)
        #expect(diagnosis.consequences.map(\.code) == ["kubelet-fails", "not-ready"])
        #expect(diagnosis.others == [])
    }

    /// Lines of kubelet 1.36, with the code of the cause.
    @Test(arguments: [
        (
            #"E1 1 run.go:72] "command failed" err="failed to parse kubelet flag: unknown flag: --network-plugin""#,
            "kubelet-flag", "unknown flag: --network-plugin"
        ),
        (
            #"E1128 09:13:31.100000 90 run.go:72] "command failed" err="failed to load kubelet config file, path: "#
                + #"/var/lib/kubelet/config.yaml, error: yaml: line 3: did not find expected node content""#,
            "kubelet-config", "failed to load kubelet config file, path: /var/lib/kubelet/config.yaml"
        ),
        (
            #"E1128 09:13:31.100000 90 server.go:1023] "Failed to start" err="listen tcp 0.0.0.0:10250: bind: address already "#
                + #"in use""#,
            "port-taken", "listen tcp 0.0.0.0:10250"
        ),
    ])
    func `a line of the kubelet is the cause if nothing was seen itself`(line: String, code: String, text: String) {
        var facts = soundFacts()
        facts.stopKubelet(line)
        let first = diagnose(facts).first
        #expect(first?.code == code)
        #expect(first?.cause.hasPrefix(text) == true, "\(first?.cause ?? "")")
    }

    @Test func `a line has one cause`() {
        var facts = soundFacts()
        facts.stopKubelet(
            #"E1128 09:13:31.100000 90 run.go:72] "command failed" err="failed to validate kubelet configuration, error: "#
                + #"kubelet is configured to not run on a host using cgroup v1. cgroup v1 support is unsupported and will "#
                + #"be removed in a future release, path: &TypeMeta{Kind:,APIVersion:,}""#
        )
        let diagnosis = diagnose(facts)
        #expect(diagnosis.findings.map(\.code) == ["cgroup-v1", "kubelet-fails", "not-ready"])
    }

    @Test func `an unknown last line is shown as it is`() {
        var facts = soundFacts()
        facts.stopKubelet(
            #"E1128 09:13:31.100000 90 run.go:72] "command failed" err="failed to run Kubelet: a new reason""#
        )
        let first = diagnose(facts).first
        #expect(first?.code == "kubelet-fails")
        #expect(first?.cause == "ends again and again (7 restarts, exit status 1): failed to run Kubelet: a new reason")
    }

    @Test func `a missing network is the cause of a Node that is not Ready`() {
        var facts = soundFacts()
        facts.loseNetwork()
        let diagnosis = diagnose(facts)
        #expect(diagnosis.first?.code == "cni-missing")
        #expect(diagnosis.consequences.map(\.code) == ["not-ready"])
    }

    @Test func `a stopped container runtime comes before the kubelet that waits for it`() {
        var facts = soundFacts()
        facts.runtime.answer = .refused
        facts.runtime.units = [
            UnitDetails(
                name: "containerd.service",
                state: UnitState(load: "loaded", active: "inactive", sub: "dead")
            )
        ]
        facts.setReady("False", "container runtime is down")
        #expect(diagnose(facts).first?.line == "containerd.service: is not running")
    }

    /// Errors of the connection, with the code of the cause.
    @Test(arguments: [
        (TransportError.Kind.resolve, "dns"), (.refused, "server-refused"), (.timedOut, "server-silent"),
        (.unreachable, "no-route"), (.untrusted, "wrong-ca"), (.hostName, "server-name"),
        (.serverCertificateExpired, "server-certificate-expired"),
    ])
    func `the connection to the server has its own causes`(kind: TransportError.Kind, code: String) {
        var facts = soundFacts()
        facts.server.fault = TransportError(kind, "the connection fails")
        facts.cluster.isKnown = false
        facts.cluster.node = nil
        #expect(facts.firstCode == code)
    }

    @Test func `a wrong clock explains a certificate that is not valid yet`() {
        var facts = soundFacts()
        facts.server.clockDifference = .seconds(3 * 365 * 86400)
        facts.server.identityStatus = 401
        facts.cluster.isKnown = false
        facts.cluster.node = nil
        #expect(facts.firstCode == "clock")
    }

    @Test func `a request for a certificate that nobody has approved is the cause`() {
        var facts = soundFacts()
        facts.kubelet.kubeconfig.exists = true
        facts.cluster.node = nil
        facts.cluster.requests = [
            .init(
                name: "csr-x",
                signer: "kubernetes.io/kube-apiserver-client-kubelet",
                state: .pending,
                age: .seconds(300)
            )
        ]
        // A node with credentials does not wait for its request.
        #expect(facts.firstCode == "node-missing")
        #expect(diagnose(facts).notes.contains { $0.code == "csr-pending" })
    }

    @Test func `a cordoned node is found although it is Ready`() {
        var facts = soundFacts()
        facts.cluster.node?.isUnschedulable = true
        #expect(facts.firstCode == "cordoned")
        #expect(diagnose(facts).isReady)
    }

    @Test func `a pod whose image is missing is found`() {
        var facts = soundFacts()
        facts.cluster.pods = [
            .init(
                name: "kube-system/calico-node-x",
                daemonSet: "calico-node",
                reason: "ImagePullBackOff",
                message:
                    #"failed to resolve reference "docker.io/calico/node:v9": docker.io/calico/node:v9: not found"#,
                image: "calico/node:v9"
            )
        ]
        let first = diagnose(facts).first
        #expect(first?.code == "pod-ImagePullBackOff")
        #expect(first?.fix == "correct the image 'calico/node:v9', which the registry does not have")
    }

    @Test func `a full disk and a read-only file system keep the kubelet from running`() {
        var facts = soundFacts()
        facts.stopKubelet()
        facts.machine.volumes = [
            .init(path: "/var/lib/kubelet", space: FreeSpace(mount: "/", size: 10 << 30, free: 0))
        ]
        #expect(facts.firstCode == "disk-full")
        facts.machine.volumes[0].space = FreeSpace(mount: "/", size: 10 << 30, free: 10 << 20)
        #expect(facts.firstCode == "kubelet-fails")
        #expect(diagnose(facts).others.map(\.code) == ["disk-low"])
        facts.machine.volumes[0].space = FreeSpace(mount: "/", size: 10 << 30, free: 1 << 30, isReadOnly: true)
        #expect(facts.firstCode == "read-only")
        facts.machine.volumes[0].space = FreeSpace(mount: "/", size: 10 << 30, free: 1 << 30, lacksInodes: true)
        #expect(facts.firstCode == "no-inodes")
    }

    @Test func `a kubelet that hangs or is unhealthy is a fault, however old its process is`() {
        var facts = soundFacts()
        facts.kubelet.health = .silent
        #expect(facts.firstCode == "kubelet-hangs")
        facts.kubelet.health = .unhealthy("[-]syncloop failed")
        #expect(facts.firstCode == "kubelet-unhealthy")
        // The kubelet reports, so that its health check is at another port.
        facts.kubelet.health = .refused
        #expect(facts.firstCode == nil)
        facts.cluster.leaseAge = .seconds(300)
        #expect(facts.firstCode == "kubelet-starting")
    }

    @Test func `a directory that cannot be read is not a missing network`() {
        var facts = soundFacts()
        facts.network.configurations = []
        facts.network.unreadable["/etc/cni/net.d"] = "permission denied"
        facts.runtime.answer = .denied
        facts.setReady("False", "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady")
        #expect(facts.firstCode == "not-ready")
    }

    @Test func `what could not be read in time is not a cause`() {
        var facts = soundFacts()
        facts.machine = MachineFacts()
        (facts.machine.isKnown, facts.machine.controlGroupVersion) = (false, 0)
        facts.network = NetworkFacts()
        facts.network.isKnown = false
        facts.stopKubelet()
        #expect(diagnose(facts).findings.map(\.code) == ["kubelet-fails", "not-ready"])
        facts.kubelet = KubeletFacts()
        facts.kubelet.isKnown = false
        #expect(diagnose(facts).findings.map(\.code) == ["not-ready"])
    }

    @Test func `runc that is not in the usual directories is a note until something misses it`() {
        var facts = soundFacts()
        facts.setReady("False", "")
        facts.runtime.lowLevelProgram = nil
        #expect(diagnose(facts).notes.contains { $0.code == "runc-missing" })
        let line = #"E1 1 a.go:1] "x" err="exec: \"runc\": executable file not found in $PATH""#
        facts.kubelet.lines = [JournalLine(line)]
        #expect(diagnose(facts).findings.contains { $0.code == "runc-missing" })
    }

    @Test func `a clock that is wrong is a note unless credentials fail`() {
        var facts = soundFacts()
        facts.server.clockDifference = .seconds(3600)
        facts.setReady("False", "")
        #expect(diagnose(facts).notes.contains { $0.code == "clock" })
    }

    @Test func `a symptom with an error of its own is explained only by a cause of this error`() {
        var facts = soundFacts()
        facts.machine.swapAreas = ["/dev/sda2"]
        facts.stopKubelet(
            #"E1128 09:13:31.100000 90 run.go:72] "command failed" err="failed to run Kubelet: a new reason""#
        )
        let diagnosis = diagnose(facts)
        #expect(diagnosis.first?.code == "swap-on")
        #expect(diagnosis.consequences.map(\.code) == ["not-ready"])
        #expect(diagnosis.others.map(\.code) == ["kubelet-fails"])
    }

    @Test func `a kubelet that systemd starts for the first time does not end again and again`() {
        var facts = soundFacts()
        facts.stopKubelet()
        facts.kubelet.unit?.state = UnitState(load: "loaded", active: "activating", sub: "start-pre")
        facts.kubelet.unit?.restartCount = 0
        #expect(facts.firstCode == "kubelet-starting")
        facts.kubelet.unit?.state = UnitState(load: "loaded", active: "deactivating", sub: "stop-sigterm")
        #expect(facts.firstCode == "kubelet-stopping")
    }

    @Test func `a kubelet that is Ready between two of many restarts is not well`() {
        var facts = soundFacts()
        facts.kubelet.unit?.restartCount = 11
        facts.kubelet.process?.age = .seconds(2)
        facts.kubelet.lines = [
            JournalLine(#"E1128 09:13:31.1 90 run.go:72] "command failed" err="failed to run Kubelet: a reason""#)
        ]
        let diagnosis = diagnose(facts)
        #expect(!diagnosis.isReady)
        #expect(diagnosis.first?.cause.contains("ends again and again") == true, "\(diagnosis.first?.cause ?? "")")
        // It does not listen yet in the first moments.
        facts.kubelet.health = .refused
        #expect(diagnose(facts).first?.cause.contains("ends again and again") == true)
        facts.kubelet.health = .healthy
        facts.kubelet.process?.age = .seconds(60)
        #expect(diagnose(facts).isReady)
    }

    @Test func `the line with which the kubelet ended precedes other errors`() {
        var facts = soundFacts()
        facts.stopKubelet(
            #"E1128 09:13:30.100000 90 a.go:1] "Failed to watch" err="too many open files""#,
            #"E1128 09:13:31.100000 90 run.go:72] "command failed" err="failed to run Kubelet: running with swap on is "#
                + #"not supported""#,
        )
        #expect(facts.firstCode == "swap-on")
        #expect(!diagnose(facts).findings.contains { $0.code == "open-files" })
    }

    @Test func `another machine under the same name is the cause although the Node is Ready`() {
        var facts = soundFacts()
        facts.cluster.node?.machineID = "ffffffffffffffffffffffffffffffff"
        #expect(facts.firstCode == "same-name")
        #expect(!diagnose(facts).isReady)
    }

    @Test func `another socket is named only if a runtime answers there`() {
        var facts = soundFacts()
        facts.runtime.answer = .missing
        facts.runtime.sockets = ["/run/crio/crio.sock"]
        facts.stopKubelet()
        #expect(facts.firstCode == "runtime-not-installed")
        facts.runtime.others = ["/run/crio/crio.sock": "cri-o"]
        #expect(facts.firstCode == "runtime-endpoint")
    }

    @Test func `the node of k3s has the name in its certificate, and a pod that has ended is a note`() {
        #expect(KubeletFacts.node(of: "system:node:a") == "a")
        #expect(KubeletFacts.node(of: "admin") == nil)
        var facts = soundFacts()
        facts.cluster.pods = [.init(name: "a/b", daemonSet: nil, reason: "Evicted", message: "", hasEnded: true)]
        #expect(facts.firstCode == nil)
        #expect(diagnose(facts).notes.map(\.code) == ["pod-Evicted"])
    }

    @Test func `a kubelet that waits for its first certificate is not a kubelet that is starting`() throws {
        var facts = soundFacts()
        facts.cluster.node = nil
        facts.kubelet.health = .refused
        facts.kubelet.kubeconfig.exists = false
        facts.kubelet.bootstrap.path = "/etc/kubernetes/bootstrap-kubelet.conf"
        facts.kubelet.bootstrap.exists = true
        facts.kubelet.bootstrap.credentials = try Credentials.withToken()
        facts.cluster.requests = [
            .init(
                name: "csr-x",
                signer: "kubernetes.io/kube-apiserver-client-kubelet",
                state: .pending,
                age: .seconds(300)
            )
        ]
        #expect(facts.firstCode == "csr-pending")
        #expect(diagnose(facts).findings.map(\.code) == ["csr-pending", "node-missing"])
    }

    @Test func `facts that do no harm are notes`() {
        var facts = soundFacts()
        facts.setReady("False", "")
        facts.machine.machineID = nil
        facts.machine.lacksMachineID = true
        facts.machine.settings["net.ipv4.ip_forward"] = "0"
        facts.cluster.node?.podRanges = ["fd00::/64"]
        facts.network.configurations[0].plugins = [.init(type: "gone", path: nil)]
        let diagnosis = diagnose(facts)
        #expect(diagnosis.notes.map(\.code) == ["machine-id", "ip-forward", "cni-plugin"])
        facts.cluster.node?.podRanges = ["10.0.0.0/24", "fd00::/64"]
        #expect(diagnose(facts).findings.map(\.code) == ["not-ready", "ip-forward"])
    }

    /// Errors of images and sandboxes, with the beginning of the fix.
    @Test(arguments: [
        ("ImagePullBackOff", "failed to pull 'registry/app-401:1': 500 Internal Server Error", "run 'crictl pull"),
        ("ImagePullBackOff", "failed to pull 'registry/app:1': 401 Unauthorized", "give the pod 'imagePullSecrets'"),
        ("ContainerCreating", #"exec: "runc": executable file not found in $PATH"#, "install runc"),
        ("ContainerCreating", "runc create failed: mount is not permitted", "see 'kubectl -n a describe pod b'"),
        ("CreateContainerError", "context deadline exceeded", "see 'kubectl -n a describe pod b'"),
    ])
    func `the fix of a pod is that of its error`(reason: String, message: String, fix: String) {
        var facts = soundFacts()
        facts.cluster.pods = [.init(name: "a/b", daemonSet: nil, reason: reason, message: message)]
        let finding = diagnose(facts).findings.first { $0.area == .pods }
        #expect(finding?.fix.hasPrefix(fix) == true, "\(finding?.fix ?? "")")
    }

    @Test func `a Node that was not seen is not sound`() {
        var facts = soundFacts()
        #expect(diagnose(facts).isSound)
        (facts.cluster.node, facts.cluster.isKnown) = (nil, false)
        #expect(diagnose(facts).first == nil)
        #expect(!diagnose(facts).isSound)
    }

    @Test func `versions too far from each other are only a note once the Node is registered`() {
        var facts = soundFacts()
        facts.server.version = "v1.20.2"
        #expect(facts.firstCode == nil)
        facts.cluster.node = nil
        #expect(facts.firstCode == "version-skew")
    }
}
