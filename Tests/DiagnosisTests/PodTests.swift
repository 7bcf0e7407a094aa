import Base
import HTTP
import Kubernetes
import TestSupport
import Testing
import YAML

@testable import Diagnosis

/// Pods of the node, their manifests, and requests for certificates.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct PodTests {
    private func pod(_ status: String, now: Timestamp = .now()) throws -> ClusterFacts.PodObject? {
        let text = """
            {"metadata": {"namespace": "kube-system", "name": "a", "ownerReferences": [{"kind": "DaemonSet", "name": "d"}]},
             "spec": {"volumes": [{"name": "cni", "hostPath": {"path": "/etc/cni/net.d"}}]}, "status": \(status)}
            """
        return ClusterFacts.PodObject(try readJSON(Array(text.utf8), file: "pod"), now: now)
    }

    /// States of a container that fails, with the reason.
    @Test(arguments: [
        (#""state": {"waiting": {"reason": "ImagePullBackOff", "message": "m"}}"#, "ImagePullBackOff", "m"),
        (
            #""state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}}, "#
                + #""lastState": {"terminated": {"exitCode": 1, "reason": "Error", "message": "no config\n"}}"#,
            "CrashLoopBackOff", "its last exit code is 1: no config"
        ),
        (#""state": {"terminated": {"exitCode": 2, "reason": "Error"}}"#, "Error", "its last exit code is 2"),
        (
            #""restartCount": 3, "state": {"running": {"startedAt": "2026-11-28T12:00:00Z"}}, "#
                + #""lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}"#,
            "CrashLoopBackOff", "OOMKilled: its last exit code is 137"
        ),
    ])
    func `a container that ends again and again is found at any moment`(
        container: String,
        reason: String,
        message: String,
    ) throws {
        let now = try #require(Timestamp(rfc3339: "2026-11-28T12:00:30Z"))
        let pod = try pod(#"{"phase": "Running", "containerStatuses": [{\#(container)}]}"#, now: now)
        #expect(pod?.reason == reason)
        #expect(pod?.message == message)
        #expect(pod?.daemonSet == "d")
        #expect(pod?.hostPaths == ["/etc/cni/net.d"])
    }

    /// States of a container that works.
    @Test(arguments: [
        #""state": {"running": {"startedAt": "2026-11-28T11:00:00Z"}}, "restartCount": 9, "#
            + #""lastState": {"terminated": {"exitCode": 1}}"#,
        #""state": {"running": {"startedAt": "2026-11-28T12:00:00Z"}}, "restartCount": 9, "#
            + #""lastState": {"terminated": {"exitCode": 0}}"#,
        #""state": {"terminated": {"exitCode": 0, "reason": "Completed"}}"#,
    ])
    func `a container that works is no fault`(container: String) throws {
        let now = try #require(Timestamp(rfc3339: "2026-11-28T12:00:30Z"))
        #expect(try pod(#"{"phase": "Running", "containerStatuses": [{\#(container)}]}"#, now: now) == nil)
    }

    @Test func `a pod that ends again and again is a fault of a node that is Ready`() {
        var facts = soundFacts()
        var pod = ClusterFacts.PodObject(
            name: "kube-system/a",
            daemonSet: nil,
            reason: "CrashLoopBackOff",
            message: "m"
        )
        pod.isStatic = true
        facts.cluster.pods = [pod]
        let diagnosis = diagnose(facts)
        #expect(diagnosis.isReady && !diagnosis.isSound)
        #expect(diagnosis.findings.map(\.line) == ["pod 'kube-system/a' (static): CrashLoopBackOff: m"])
    }

    @Test func `the pod that should write the CNI configuration is the cause of its absence`() {
        var facts = soundFacts()
        facts.loseNetwork()
        var pod = ClusterFacts.PodObject(
            name: "kube-system/net-x",
            daemonSet: "net",
            reason: "ImagePullBackOff",
            message: "net:v9: not found",
            image: "net:v9"
        )
        facts.cluster.pods = [pod]
        #expect(facts.firstCode == "cni-missing")
        pod.hostPaths = ["/opt/cni/bin", "/etc/cni/net.d"]
        facts.cluster.pods = [pod]
        let diagnosis = diagnose(facts)
        #expect(diagnosis.first?.code == "pod-ImagePullBackOff")
        #expect(diagnosis.first?.fix == "correct the image 'net:v9', which the registry does not have")
        #expect(diagnosis.consequences.map(\.code) == ["cni-missing", "not-ready"])
        #expect(diagnosis.others == [])
    }

    @Test func `the last error in the log of a container is a part of its explanation`() throws {
        let root = TemporaryDirectory.file("root")
        let directory = "\(root)/var/log/pods/kube-system_net-x_1-2/c"
        try Files.makeDirectories(directory)
        let log = """
            2026-11-28T12:00:00.1Z stderr F I1128 12:00:00.000000 1 a.go:1] "starting"
            2026-11-28T12:00:01.1Z stderr F E1128 12:00:01.000000 1 a.go:1] "cannot run" err="exec: \\"iptables\\": executable file not found in $PATH"
            2026-11-28T12:00:01.2Z stdout F bye

            """
        try Files.write(Array(log.utf8), to: "\(directory)/7.log")
        try Files.write([], to: "\(directory)/8.log")
        var facts = soundFacts()
        var pod = ClusterFacts.PodObject(
            name: "kube-system/net-x",
            daemonSet: "net",
            reason: "CrashLoopBackOff",
            message: "its last exit code is 1"
        )
        pod.container = "c"
        facts.cluster.pods = [pod]
        facts.cluster.pods = PodLogs(root: root).facts(of: facts.cluster, isServerAbsent: false).pods
        let diagnosis = diagnose(facts)
        #expect(diagnosis.first?.code == "program-iptables")
        #expect(
            diagnosis.consequences.map(\.cause) == [
                #"CrashLoopBackOff: its last exit code is 1: exec: "iptables": executable file not found in $PATH"#
            ]
        )
        #expect(PodLogs.lastError(in: "2026-11-28T12:00:01.2Z stdout F bye\n") == "bye")
        #expect(PodLogs.lastError(in: "") == nil)
    }

    @Test func `a manifest of a static pod that is not YAML is found`() throws {
        let root = TemporaryDirectory.file("root")
        try Files.makeDirectories("\(root)/etc/kubernetes/manifests")
        try Files.write(Array("kind: Pod\nmetadata: {name: a\n".utf8), to: "\(root)/etc/kubernetes/manifests/a.yaml")
        try Files.write(
            Array(
                "apiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec: {containers: [{name: a, image: b}]}\n".utf8
            ),
            to: "\(root)/etc/kubernetes/manifests/b.yaml"
        )
        try Files.write(Array("{".utf8), to: "\(root)/etc/kubernetes/manifests/.hidden")
        var kubelet = KubeletFacts()
        kubelet.arguments = ["--pod-manifest-path=/etc/kubernetes/manifests"]
        let pods = StaticPodFiles(root: root).facts(of: kubelet)
        #expect(pods.files == ["/etc/kubernetes/manifests/a.yaml", "/etc/kubernetes/manifests/b.yaml"])
        #expect(pods.faults.map(\.path) == ["/etc/kubernetes/manifests/a.yaml"])

        var facts = soundFacts()
        facts.kubelet.staticPods = pods
        #expect(facts.firstCode == "static-pod")
        // This program may be stricter than the kubelet, which has other errors and none about the file.
        facts.kubelet.lines = [JournalLine(#"E1 1 a.go:1] "x" err="y""#)]
        #expect(facts.firstCode == nil)
        facts.kubelet.lines = [
            JournalLine(
                #"E1 1 file.go:1] "Could not process manifest file" err="/etc/kubernetes/manifests/a.yaml: couldn't parse as "#
                    + #"pod(yaml: line 2: did not find expected ',' or '}'), please check config file" "#
                    + #"path="/etc/kubernetes/manifests/a.yaml""#
            )
        ]
        #expect(facts.firstCode == "static-pod")
        #expect(diagnose(facts).isReady && !diagnose(facts).isSound)
        facts.kubelet.staticPods.faults = []
        #expect(diagnose(facts).first?.subject == "/etc/kubernetes/manifests/a.yaml")
    }

    @Test func `a manifest of the API server is the cause of a server that does not answer`() {
        var facts = soundFacts()
        let path = "/etc/kubernetes/manifests/kube-apiserver.yaml"
        facts.kubelet.staticPods.files = [path]
        facts.kubelet.staticPods.faults = [.init(path: path, place: ":3:1", reason: "is not YAML")]
        facts.server.fault = .init(.refused, "the connection is refused")
        (facts.cluster.node, facts.cluster.isKnown, facts.cluster.leaseAge) = (nil, false, nil)
        let diagnosis = diagnose(facts)
        #expect(diagnosis.first?.code == "static-pod")
        #expect(diagnosis.consequences.map(\.code) == ["server-refused"])
    }

    /// The facts of a kubelet whose kubeconfig names a certificate that does not exist yet.
    private func bootstrapFacts(_ state: ClusterFacts.SigningRequest.State) throws -> Facts {
        var facts = soundFacts()
        facts.cluster.node = nil
        facts.kubelet.health = .refused
        facts.kubelet.kubeconfig.problem = Problem("cannot open '/p.pem'", hint: "put the file there")
        facts.kubelet.bootstrap.path = "/etc/kubernetes/bootstrap-kubelet.conf"
        facts.kubelet.bootstrap.exists = true
        facts.kubelet.bootstrap.credentials = try Credentials.withToken()
        let signer = "kubernetes.io/kube-apiserver-client-kubelet"
        facts.cluster.requests = [
            .init(name: "old", signer: signer, state: .issued, age: .seconds(900)),
            .init(name: "new", signer: signer, state: state, reason: "no", age: .seconds(300)),
        ]
        return facts
    }

    @Test func `while the kubelet uses its bootstrap kubeconfig, the newest request is the cause`() throws {
        let pending = diagnose(try bootstrapFacts(.pending))
        #expect(pending.findings.map(\.code) == ["csr-pending", "node-missing"])
        #expect(pending.first?.fix.hasPrefix("run 'kubectl certificate approve new'") == true)
        let denied = diagnose(try bootstrapFacts(.denied))
        #expect(denied.first?.line == "CertificateSigningRequest 'new': of this node is denied (no)")
    }

    @Test func `an expired certificate is not the cause while the kubelet waits for another`() throws {
        var facts = try bootstrapFacts(.pending)
        facts.kubelet.kubeconfig.problem = Problem("client certificate expired 3 days ago")
        #expect(facts.firstCode == "csr-pending")
        facts.kubelet.bootstrap.exists = false
        #expect(facts.firstCode == "certificate-expired")
    }
}
