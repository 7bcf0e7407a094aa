import Base
import HTTP
import Host
import Kubernetes
import TestSupport
import Testing

@testable import Diagnosis

/// What probes read below a root directory, from sockets, and from the output of programs.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct ProbeTests {
    private var root: String { TemporaryDirectory.file("root") }

    private func write(_ text: String, to path: String, mode: UInt32 = 0o644) throws {
        let parts = path.split(separator: "/").dropLast().joined(separator: "/")
        try Files.makeDirectories("\(root)/\(parts)")
        try Files.write(Array(text.utf8), to: root + path, mode: mode)
    }

    private func kubelet() -> KubeletFacts { KubeletProbe(root: root).facts() }

    private static let kubeconfig = """
        {"apiVersion": "v1", "kind": "Config", "current-context": "a",
         "clusters": [{"name": "a", "cluster": {"server": "https://127.0.0.1:1"}}],
         "users": [{"name": "a", "user": {"token": "t"}}],
         "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}]}
        """

    @Test func `a unit of kubeadm has its flags from drop-ins and files`() throws {
        try write("[Service]\nExecStart=/usr/bin/kubelet\n", to: "/usr/lib/systemd/system/kubelet.service")
        let dropIn = """
            [Service]
            Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/b.conf --kubeconfig=/etc/k.conf"
            Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
            EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
            ExecStart=
            ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS \\
              $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS
            """
        try write(dropIn, to: "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf")
        try write(
            "KUBELET_KUBEADM_ARGS=\"--container-runtime-endpoint=unix:///run/c.sock --hostname-override Node-1\"\n",
            to: "/var/lib/kubelet/kubeadm-flags.env"
        )
        let facts = kubelet()
        #expect(facts.program == "/usr/bin/kubelet")
        #expect(facts.kubeconfig.path == "/etc/k.conf" && facts.bootstrap.path == "/etc/b.conf")
        #expect(facts.configuration.path == "/var/lib/kubelet/config.yaml")
        #expect(facts.configuration.fault == "does not exist")
        #expect(facts.flag("container-runtime-endpoint") == "unix:///run/c.sock")
        #expect(facts.nodeName(hostName: "Other") == "node-1")
        #expect(
            facts.place(ofFlag: "config") == "'--config' in '/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf'"
        )
        #expect(
            facts.place(ofFlag: "hostname-override") == "'--hostname-override' in '/var/lib/kubelet/kubeadm-flags.env'"
        )
        // A drop-in of the administrator hides the one of the package.
        try write("[Service]\n", to: "/etc/systemd/system/kubelet.service.d/10-kubeadm.conf")
        #expect(kubelet().kubeconfig.path == nil)
    }

    @Test func `only a process of root is a kubelet`() {
        #expect(isOfRoot("Name:\tkubelet\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n"))
        // One that root's set-user-ID bit has started for another user.
        #expect(!isOfRoot("Name:\tkubelet\nUid:\t1000\t0\t0\t0\n"))
        #expect(!isOfRoot("Name:\tkubelet\n"))
    }

    @Test func `networks are read in the order of their names`() throws {
        try write("{}", to: "/etc/cni/net.d/20-b.conf")
        let list = #"{"name": "n", "plugins": [{"type": "bridge", "ipam": {"type": "host-local"}}, {"type": "gone"}]}"#
        try write(list, to: "/etc/cni/net.d/10-a.conflist")
        try write("#!/bin/sh\n", to: "/opt/cni/bin/bridge", mode: 0o755)
        try write("#!/bin/sh\n", to: "/opt/cni/bin/host-local", mode: 0o644)
        let found = RuntimeProbe(root: root).network(nil).configurations
        #expect(found.map(\.path) == ["/etc/cni/net.d/10-a.conflist", "/etc/cni/net.d/20-b.conf"])
        #expect(found[0].types == ["bridge", "host-local", "gone"])
        #expect(found[0].missing.map(\.type) == ["host-local", "gone"])
        #expect(found[0].missing[0].reason.hasSuffix("is not executable"))
        try write("{", to: "/etc/cni/net.d/10-a.conflist")
        #expect(RuntimeProbe(root: root).network(nil).configurations[0].fault?.hasPrefix("is not valid JSON") == true)
    }

    @Test func `the settings of containerd are those of the file that its unit names`() throws {
        let unit = "[Service]\nExecStart=/usr/bin/containerd --config /etc/c.toml\n"
        try write(unit, to: "/usr/lib/systemd/system/containerd.service")
        let text = """
            version = 2
            disabled_plugins = ["cri"] # as Docker's package has it
              [plugins."io.containerd.grpc.v1.cri".cni]
                bin_dir = "/usr/lib/cni"
                conf_dir = "/etc/cni/other"
              [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
                SystemdCgroup = true
            """
        try write(text, to: "/etc/c.toml")
        let settings = RuntimeProbe(root: root).containerd()
        #expect(settings?.path == "/etc/c.toml" && settings?.isIncomplete == false)
        #expect(settings?.disabledInterface == "cri" && settings?.usesSystemd == true)
        #expect(settings?.pluginDirectories == ["/usr/lib/cni"] && settings?.networkDirectory == "/etc/cni/other")
        try write("imports = [\"/etc/containerd/conf.d/*.toml\"]\n", to: "/etc/c.toml")
        #expect(RuntimeProbe(root: root).containerd()?.isIncomplete == true)
    }

    @Test func `a client certificate that is a link to nothing is named`() throws {
        try write(
            "[Service]\nExecStart=/usr/bin/kubelet --kubeconfig=/etc/k.conf\n",
            to: "/usr/lib/systemd/system/kubelet.service"
        )
        let user = #"{"client-certificate": "/pki/current.pem", "client-key": "/pki/current.pem"}"#
        try write(Self.kubeconfig.replacing(#"{"token": "t"}"#, with: user), to: "/etc/k.conf", mode: 0o600)
        try Files.makeDirectories("\(root)/pki")
        try FileSystem.makeSymbolicLink(at: "\(root)/pki/current.pem", to: "gone.pem", replacing: false)
        #expect(
            kubelet().kubeconfig.fault?.contains("'/pki/current.pem' is a link to 'gone.pem', which does not") == true
        )
    }

    @Test func `manifests of static pods are read`() throws {
        try write("kind: Pod\n", to: "/m/etcd.yaml")
        try write("kind: Pod\nspec:\n\tx: 1\n", to: "/m/kube-apiserver.yaml")
        let facts = KubeletProbe(root: root).staticPods("/m")
        #expect(facts.has("etcd") && facts.has("kube-apiserver") && !facts.isControlPlane)
        #expect(facts.faults.map(\.place).first?.hasPrefix("/m/kube-apiserver.yaml:3:") == true, "\(facts.faults)")
    }

    @Test func `below a root directory, nothing of this machine is looked at`() async throws {
        try write(
            "[Service]\nExecStart=/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml --kubeconfig=/etc/k.conf\n",
            to: "/usr/lib/systemd/system/kubelet.service"
        )
        try write("#!/bin/sh\n", to: "/usr/bin/kubelet", mode: 0o755)
        try write("kind: KubeletConfiguration\n", to: "/var/lib/kubelet/config.yaml")
        try write("other-machine\n", to: "/etc/hostname")
        try write(Self.kubeconfig, to: "/etc/k.conf", mode: 0o600)
        let facts = await Collector(root: root, limit: .seconds(60)).facts()
        #expect(facts.nodeName == "other-machine")
        #expect(facts.kubelet.process == nil && facts.runtime.answer == nil)
        #expect(facts.machine.volumes.isEmpty)
        let diagnosis = diagnose(facts)
        #expect(diagnosis.findings.map(\.code) == ["server-refused", "cni-missing"], "\(diagnosis.findings)")
        #expect(diagnosis.unseen.contains { $0.area == .machine })
        #expect(!diagnosis.isSound)
    }

    @Test func `a socket is missing, or has no program`() throws {
        #expect(RuntimeProbe.answer(at: TemporaryDirectory.file("gone")) == .missing)
        try Files.write([], to: TemporaryDirectory.file("file"))
        #expect(RuntimeProbe.answer(at: TemporaryDirectory.file("file")) == .refused)
    }

    @Test func `the kubelet of k3s is not looked into`() throws {
        try write("[Service]\nExecStart=/usr/local/bin/k3s server\n", to: "/etc/systemd/system/k3s.service")
        let first = diagnose(Facts(kubelet: kubelet())).first
        #expect(first?.code == "kubelet-not-installed" && first?.subject == "k3s.service")
    }

    @Test func `the states of units are read from systemctl's lines`() {
        let services = Service.read(
            """
            Id=kubelet.service
            LoadState=loaded
            ActiveState=activating
            SubState=auto-restart
            UnitFileState=enabled
            Result=exit-code
            ExecMainCode=1
            ExecMainStatus=203
            NRestarts=7

            Id=crio.service
            LoadState=not-found

            Id=containerd.service
            LoadState=masked
            ActiveState=inactive

            """
        )
        #expect(services.keys.sorted() == ["containerd.service", "kubelet.service"])
        let kubelet = services["kubelet.service"]
        #expect(kubelet?.isRestarting == true && kubelet?.status == 203 && kubelet?.restarts == 7)
        #expect(services["containerd.service"]?.load == "masked")
    }

    @Test func `the last start of a unit, or the one before that has an error, is read from journalctl's lines`() {
        let log = UnitLog(
            Array(
                #"""
                {"MESSAGE": "E0101 00:00:00 1 a.go:1] \"command failed\" err=<", "_PID": "7", "_SYSTEMD_INVOCATION_ID": "a"}
                {"MESSAGE": "\tone", "_PID": "7", "_SYSTEMD_INVOCATION_ID": "a"}
                {"MESSAGE": "\ttwo", "_PID": "7", "_SYSTEMD_INVOCATION_ID": "a"}
                {"MESSAGE": " >", "_PID": "7", "_SYSTEMD_INVOCATION_ID": "a", "__REALTIME_TIMESTAMP": "2000000"}
                {"MESSAGE": "kubelet.service: Failed with result 'exit-code'.", "_PID": "1"}
                {"MESSAGE": "I0101 00:00:01 1 a.go:1] \"starting\"", "_PID": "8", "_SYSTEMD_INVOCATION_ID": "b"}
                """#.utf8
            )
        )
        #expect(log.lines.map(\.text) == [#"E0101 00:00:00 1 a.go:1] "command failed" err=< one two >"#])
        #expect(ending(in: log.lines) == "one two")
        #expect(log.manager == ["kubelet.service: Failed with result 'exit-code'."])
    }

    /// Lines of logs, with the error in them.
    @Test(arguments: [
        (#"E1128 09:13:31.1 90 run.go:72] "x" err="a \"b\", path: &TypeMeta{}""#, #"a "b""#),
        (#"E1128 09:13:31.1 90 a.go:1] words"#, "words"), ("Error: words", "Error: words"),
    ])
    func `the error of a line is its value`(line: String, error: String) { #expect(errorText(line) == error) }

    @Test func `the last error of a container is found among its lines`() {
        let log = "t stderr F E1128 09:13:31.1 90 a.go:1] bad\nt stdout F I1128 09:13:31.1 90 a.go:1] fine\n"
        #expect(PodLogs.lastError(in: Array(log.utf8)[...]) == "bad")
        #expect(PodLogs.lastError(in: Array("t stdout F some words\n".utf8)[...]) == nil)
    }

    @Test func `a pod that runs or has completed is no failure`() throws {
        func pod(_ status: String) throws -> ClusterFacts.PodObject? {
            let text = #"{"metadata": {"namespace": "a", "name": "b"}, "status": \#(status)}"#
            return ClusterFacts.PodObject(try readJSON(Array(text.utf8), file: "pod"))
        }
        #expect(try pod(#"{"phase": "Running", "containerStatuses": [{"state": {"running": {}}}]}"#) == nil)
        #expect(try pod(#"{"phase": "Succeeded"}"#) == nil)
        let waiting = #"{"waiting": {"reason": "ImagePullBackOff", "message": "m"}}"#
        let found = try pod(#"{"phase": "Pending", "containerStatuses": [{"image": "i", "state": \#(waiting)}]}"#)
        #expect(found?.reason == "ImagePullBackOff" && found?.message == "m" && found?.image == "i")
        #expect(try pod(#"{"phase": "Pending"}"#)?.reason == "ContainerCreating")
    }
}
