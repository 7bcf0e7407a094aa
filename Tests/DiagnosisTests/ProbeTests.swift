import Base
import HTTP
import Host
import TestSupport
import Testing
import YAML

@testable import Diagnosis

/// Tests of what probes read below a root directory, and from sockets.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct ProbeTests {
    private var root: String { TemporaryDirectory.file("root") }

    private func write(_ text: String, to path: String, mode: UInt32 = 0o644) throws {
        let parts = path.split(separator: "/").dropLast().joined(separator: "/")
        try Files.makeDirectories("\(root)/\(parts)")
        try Files.write(Array(text.utf8), to: root + path, mode: mode)
    }

    @Test func `a unit of kubeadm has its flags from drop-ins and files`() throws {
        try write(
            "[Service]\nExecStart=/usr/bin/kubelet\nRestart=always\n",
            to: "/usr/lib/systemd/system/kubelet.service"
        )
        let dropIn = """
            [Service]
            Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/b.conf --kubeconfig=/etc/kubernetes/k.conf"
            Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
            EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
            EnvironmentFile=/etc/default/needed
            ExecStart=
            ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS \\
              $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS
            """
        try write(dropIn, to: "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf")
        try write(
            "KUBELET_KUBEADM_ARGS=\"--container-runtime-endpoint=unix:///run/c.sock --hostname-override Node-1\"\n",
            to: "/var/lib/kubelet/kubeadm-flags.env"
        )
        let kubelet = KubeletFiles(root: root).facts()
        #expect(kubelet.program == "/usr/bin/kubelet")
        #expect(kubelet.kubeconfig.path == "/etc/kubernetes/k.conf")
        #expect(kubelet.bootstrap.path == "/etc/kubernetes/b.conf")
        #expect(kubelet.configuration.path == "/var/lib/kubelet/config.yaml")
        #expect(kubelet.configuration.problem?.message == "does not exist")
        #expect(kubelet.flag("container-runtime-endpoint") == "unix:///run/c.sock")
        #expect(kubelet.nodeName(hostName: "Other") == "node-1")
        #expect(kubelet.missingEnvironmentFiles == ["/etc/default/needed"])
        let dropInPath = "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf"
        #expect(kubelet.argumentSources["config"] == SettingSource(dropInPath, isUnit: true))
        let file = SettingSource("/var/lib/kubelet/kubeadm-flags.env", isUnit: false)
        #expect(kubelet.argumentSources["hostname-override"] == file)
    }

    @Test func `a drop-in of the administrator hides the one of the package`() throws {
        try write("[Service]\nExecStart=/usr/bin/kubelet --a=1\n", to: "/usr/lib/systemd/system/kubelet.service")
        let text = "[Service]\nExecStart=\nExecStart=/usr/bin/kubelet --a="
        try write("\(text)2\n", to: "/usr/lib/systemd/system/kubelet.service.d/10.conf")
        try write("\(text)3\n", to: "/etc/systemd/system/kubelet.service.d/10.conf")
        #expect(KubeletFiles(root: root).facts().flag("a") == "3")
    }

    @Test func `only a process of root is a kubelet`() {
        #expect(KubeletFiles.isOfRoot("Name:\tkubelet\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n"))
        // A program of another user, and one that root's set-user-ID bit has started for another user.
        #expect(!KubeletFiles.isOfRoot("Name:\tkubelet\nUid:\t1000\t1000\t1000\t1000\n"))
        #expect(!KubeletFiles.isOfRoot("Name:\tkubelet\nUid:\t1000\t0\t0\t0\n"))
        #expect(!KubeletFiles.isOfRoot("Name:\tkubelet\n"))
    }

    @Test func `a proxy is shown without its password, and only for servers that it is used for`() throws {
        try write(
            """
            [Service]
            Environment="HTTPS_PROXY=http://user:secret@proxy:3128" NO_PROXY=10.0.0.0/8
            ExecStart=/usr/bin/kubelet --kubeconfig=/etc/k.conf
            """,
            to: "/usr/lib/systemd/system/kubelet.service"
        )
        func kubeconfig(_ server: String) -> String {
            """
            {"apiVersion": "v1", "kind": "Config", "current-context": "a",
             "clusters": [{"name": "a", "cluster": {"server": "\(server)"}}],
             "users": [{"name": "a", "user": {"token": "t"}}],
             "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}]}
            """
        }
        try write(kubeconfig("https://192.0.2.1:6443"), to: "/etc/k.conf")
        let proxy = try #require(KubeletFiles(root: root).facts().proxy)
        #expect(proxy.variable == "HTTPS_PROXY")
        #expect(proxy.url.contains("proxy:3128") && !proxy.url.contains("secret"))
        #expect(proxy.value == "http://user:secret@proxy:3128")
        #expect(KubeletFiles(root: root).facts().proxySource?.path == "/usr/lib/systemd/system/kubelet.service")
        try write(kubeconfig("https://10.0.0.1:6443"), to: "/etc/k.conf")
        #expect(KubeletFiles(root: root).facts().proxy == nil)
        let other = EnvironmentProxy(for: "https://192.0.2.1") { $0 == "https_proxy" ? "socks5://a:b@p:1" : nil }
        #expect(other?.url == "socks5://p:1")
    }

    @Test func `networks are read in the order of their names`() throws {
        try write("{}", to: "/etc/cni/net.d/20-b.conf")
        try write(
            #"{"name": "n", "plugins": [{"type": "bridge", "ipam": {"type": "host-local"}}, {"type": "gone"}]}"#,
            to: "/etc/cni/net.d/10-a.conflist"
        )
        try write("#!/bin/sh\n", to: "/opt/cni/bin/bridge", mode: 0o755)
        try write("#!/bin/sh\n", to: "/opt/cni/bin/host-local", mode: 0o644)
        let network = NetworkFiles(root: root).network(nil)
        #expect(network.configurations.map(\.path) == ["/etc/cni/net.d/10-a.conflist", "/etc/cni/net.d/20-b.conf"])
        let plugins = network.configurations[0].plugins
        #expect(plugins.map(\.type) == ["bridge", "gone", "host-local"])
        #expect(plugins.map { $0.path != nil } == [true, false, true])
        #expect(plugins.map(\.fault) == [nil, nil, "is not executable"])
        try write("{", to: "/etc/cni/net.d/10-a.conflist")
        #expect(NetworkFiles(root: root).network(nil).configurations[0].fault?.hasPrefix("is not valid JSON") == true)
    }

    @Test func `the settings of containerd are read`() throws {
        let text = """
            version = 2
            disabled_plugins = ["cri"] # as Docker's package has it
              [plugins."io.containerd.grpc.v1.cri".cni]
                bin_dir = "/usr/lib/cni"
                conf_dir = "/etc/cni/other"
              [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
                SystemdCgroup = true
            """
        try write(text, to: "/etc/containerd/config.toml")
        let settings = NetworkFiles(root: root).containerd()
        #expect(settings?.disabledInterface == "cri")
        #expect(settings?.groupSettings == [true])
        #expect(settings?.isIncomplete == false)
        #expect(settings?.pluginDirectories == ["/usr/lib/cni"])
        #expect(settings?.configurationDirectory == "/etc/cni/other")
    }

    @Test func `containerd's unit names the file, and imports make it incomplete`() throws {
        try write(
            "[Service]\nExecStart=/usr/bin/containerd --config /etc/c.toml\n",
            to: "/usr/lib/systemd/system/containerd.service"
        )
        let text = """
            imports = ["/etc/containerd/conf.d/*.toml"]
            [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.kata.options]
              SystemdCgroup = true
            """
        try write(text, to: "/etc/c.toml")
        let settings = NetworkFiles(root: root).containerd()
        #expect(settings?.path == "/etc/c.toml")
        #expect(settings?.isIncomplete == true)
        #expect(settings?.groupSettings == [])
    }

    @Test func `files of --config-dir replace settings`() throws {
        try write(
            "[Service]\nExecStart=/usr/bin/kubelet --config=/etc/k.yaml --config-dir=/etc/k.d\n",
            to: "/usr/lib/systemd/system/kubelet.service"
        )
        try write("kind: KubeletConfiguration\nfailSwapOn: true\n", to: "/etc/k.yaml")
        try write("kind: KubeletConfiguration\nfailSwapOn: false\n", to: "/etc/k.d/10-swap.conf")
        let kubelet = KubeletFiles(root: root).facts()
        #expect(kubelet.setting("failSwapOn", flag: "fail-swap-on") == "false")
        #expect(kubelet.areSettingsKnown)
        try write("a: [", to: "/etc/k.d/20-invalid.conf")
        #expect(!KubeletFiles(root: root).facts().areSettingsKnown)
    }

    @Test func `a plug-in of CRI-O may be in a second directory`() throws {
        try write(#"{"name": "n", "type": "bridge"}"#, to: "/etc/cni/net.d/10-a.conf")
        try write("#!/bin/sh\n", to: "/usr/libexec/cni/bridge", mode: 0o755)
        let files = NetworkFiles(root: root)
        #expect(files.network(nil).configurations[0].plugins.map(\.path) == [nil])
        #expect(files.network(nil, isCRIO: true).configurations[0].plugins.map(\.path) == ["/usr/libexec/cni/bridge"])
    }

    @Test func `below a root directory, nothing of this machine is looked at`() async throws {
        try write(
            "[Service]\nExecStart=/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml --kubeconfig=/etc/k.conf\n",
            to: "/usr/lib/systemd/system/kubelet.service"
        )
        try write("#!/bin/sh\n", to: "/usr/bin/kubelet", mode: 0o755)
        try write(
            "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n",
            to: "/var/lib/kubelet/config.yaml"
        )
        try write("other-machine\n", to: "/etc/hostname")
        try write("0123456789abcdef0123456789abcdef\n", to: "/etc/machine-id")
        let kubeconfig = """
            {"apiVersion": "v1", "kind": "Config", "current-context": "a",
             "clusters": [{"name": "a", "cluster": {"server": "https://127.0.0.1:1"}}],
             "users": [{"name": "a", "user": {"token": "t"}}],
             "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}]}
            """
        try write(kubeconfig, to: "/etc/k.conf", mode: 0o600)
        let facts = await Collector(root: root, limit: .seconds(60)).facts()
        #expect(facts.cluster.nodeName == "other-machine")
        #expect(facts.kubelet.process == nil && facts.kubelet.health == nil && facts.kubelet.version == nil)
        #expect(facts.machine.volumes.isEmpty && facts.machine.missingModules.isEmpty)
        let diagnosis = diagnose(facts)
        #expect(diagnosis.findings.map(\.code) == ["server-refused", "cni-missing"], "\(diagnosis.findings)")
        #expect(diagnosis.unseen.contains { $0.area == .machine })
        #expect(!diagnosis.isSound)
    }

    @Test func `a request that cannot be attributed is not this node's`() {
        func request(_ user: String, _ text: String) -> Node {
            .mapping([
                (
                    "spec",
                    .mapping([
                        ("username", .string(user)), ("request", .string(text)),
                        ("signerName", .string("kubernetes.io/kube-apiserver-client-kubelet")),
                    ])
                )
            ])
        }
        #expect(ServerProbe.isOf("a", request("system:node:a", "")))
        // The name in the subject is followed by the key, which begins with the byte of a digit.
        func encoded(_ name: String) -> String {
            let text = "system:node:\(name)"
            let subject = [0x0c, UInt8(text.utf8.count)] + Array(text.utf8) + [0x30, 0x59, 0x30, 0x13]
            let body = Base64.encode(subject)
            let pem = "-----BEGIN CERTIFICATE REQUEST-----\n\(body)\n-----END CERTIFICATE REQUEST-----\n"
            return Base64.encode(Array(pem.utf8))
        }
        #expect(ServerProbe.isOf("a", request("system:bootstrap:abcdef", encoded("a"))))
        #expect(!ServerProbe.isOf("a", request("system:bootstrap:abcdef", encoded("a0"))))
        #expect(!ServerProbe.isOf("a", request("system:bootstrap:abcdef", "not base64")))
        #expect(!ServerProbe.isOf("a", request("system:bootstrap:abcdef", "AAAA")))
    }

    @Test func `a given kubeconfig that does not exist is an error`() {
        #expect(throws: Problem.self) { try Collector.administrator(TemporaryDirectory.file("gone.conf")) }
    }

    @Test func `the answers of a container runtime are read`() {
        func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
            [0, 0, UInt8(payload.count), type, flags, 0, 0, 0, stream] + payload
        }
        func text(_ number: UInt8, _ text: String) -> [UInt8] {
            [number << 3 | 2, UInt8(text.utf8.count)] + Array(text.utf8)
        }
        func message(_ bytes: [UInt8]) -> [UInt8] { [0, 0, 0, 0, UInt8(bytes.count)] + bytes }
        let settings = frame(4, 0, 0, [])
        let version = frame(
            0,
            0,
            1,
            message(text(1, "0.1.0") + text(2, "containerd") + text(3, "2.1.0") + text(4, "v1"))
        )
        let condition =
            text(1, "NetworkReady") + text(3, "NetworkPluginNotReady") + text(4, "cni plugin not initialized")
        let status = [0x0a, UInt8(condition.count)] + condition
        let answer = settings + version + frame(0, 0, 3, message([0x0a, UInt8(status.count)] + status))
        #expect(
            RuntimeInterface.answer(answer)
                == .version(
                    name: "containerd",
                    version: "2.1.0",
                    conditions: [
                        .init(
                            type: "NetworkReady",
                            isTrue: false,
                            reason: "NetworkPluginNotReady",
                            message: "cni plugin not initialized"
                        )
                    ]
                )
        )
        // A call that fails has trailers only.
        #expect(RuntimeInterface.answer(settings + frame(1, 5, 1, []) + frame(1, 5, 3, [])) == .withoutInterface)
        #expect(RuntimeInterface.answer(settings) == .silent)
        #expect(RuntimeInterface.answer([]) == .silent)
        #expect(
            RuntimeInterface.answer(Array("HTTP/1.1 400 Bad Request\r\n".utf8)) == .failed("it does not speak HTTP/2")
        )
    }

    @Test func `a socket that does not exist, or that nobody serves`() async throws {
        #expect(await RuntimeInterface.ask(TemporaryDirectory.file("gone"), within: .seconds(60)) == .missing)
        try Files.write([], to: TemporaryDirectory.file("file"))
        #expect(await RuntimeInterface.ask(TemporaryDirectory.file("file"), within: .seconds(60)) == .refused)
    }

    @Test func `the last start of a unit is read from journalctl's lines`() {
        let lines = JournalProbe.lines(
            Array(
                """
                {"MESSAGE": "old", "_PID": "7", "_SYSTEMD_INVOCATION_ID": "a", "__REALTIME_TIMESTAMP": "1000000"}
                {"MESSAGE": "kubelet.service: Failed with result 'exit-code'.", "_PID": "1"}
                {"MESSAGE": "new", "_PID": "8", "_SYSTEMD_INVOCATION_ID": "b", "__REALTIME_TIMESTAMP": "2000000"}

                """.utf8
            )
        )
        #expect(lines.unit == [JournalLine("new", at: Timestamp(seconds: 2))])
        #expect(lines.manager == ["kubelet.service: Failed with result 'exit-code'."])
    }

    @Test func `a start without errors leaves those of the start before it`() {
        let lines = JournalProbe.lines(
            Array(
                """
                {"MESSAGE": "E0101 00:00:00 1 a.go:1] \\"command failed\\"", "_PID": "7", "_SYSTEMD_INVOCATION_ID": "a"}
                {"MESSAGE": "I0101 00:00:01 1 a.go:1] \\"starting\\"", "_PID": "8", "_SYSTEMD_INVOCATION_ID": "b"}
                """.utf8
            )
        )
        #expect(lines.unit.map(\.text) == ["E0101 00:00:00 1 a.go:1] \"command failed\""])
    }
}
