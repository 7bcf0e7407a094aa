import Base
import HTTP
import Host
import Kubernetes
import Testing

@testable import Diagnosis

/// The fixes of causes.
@Suite(.timeLimit(.minutes(30)))
struct FixTests {
    private func kubeconfig(_ cluster: String) throws -> Kubeconfig {
        let text = """
            {"apiVersion": "v1", "kind": "Config", "current-context": "a",
             "clusters": [{"name": "a", "cluster": {"server": "https://10.0.0.1:6443", \(cluster)}}],
             "users": [{"name": "a", "user": {"client-certificate": "/var/lib/kubelet/pki/current.pem",
              "client-key": "/var/lib/kubelet/pki/current.pem"}}],
             "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}]}
            """
        return try Kubeconfig(Array(text.utf8), path: "/etc/kubernetes/kubelet.conf")
    }

    /// Files in which a flag may be written, with the fix.
    @Test(arguments: [
        (
            SettingSource("/etc/default/kubelet", isUnit: false),
            "remove '--old' in '/etc/default/kubelet', which this version of the kubelet does not have, and run 'systemctl "
                + "restart kubelet.service'"
        ),
        (
            SettingSource("/etc/systemd/system/kubelet.service.d/20.conf", isUnit: true),
            "remove '--old' in '/etc/systemd/system/kubelet.service.d/20.conf', which this version of the kubelet does not "
                + "have, and run 'systemctl daemon-reload && systemctl restart kubelet.service'"
        ),
    ])
    func `the file of a wrong flag is named`(source: SettingSource, fix: String) {
        var facts = soundFacts()
        facts.stopKubelet(
            #"E1128 09:13:31.100000 90 run.go:72] "command failed" err="failed to parse kubelet flag: unknown flag: --old""#
        )
        facts.kubelet.argumentSources["old"] = source
        #expect(diagnose(facts).first?.fix == fix)
    }

    @Test func `a flag whose file is not known is one of the unit`() {
        #expect(
            KubeletFacts().place(ofFlag: "a")
                == "'--a' in 'ExecStart=' of the unit or its drop-ins ('systemctl cat kubelet.service')"
        )
        #expect(flagName(in: #"invalid argument "x" for "--max-pods" flag: strconv.ParseInt"#) == "max-pods")
        #expect(flagName(in: "unknown shorthand flag: 'x' in -x") == nil)
    }

    @Test func `an empty kubeconfig is replaced`() {
        var facts = soundFacts()
        facts.stopKubelet()
        facts.kubelet.kubeconfig.isEmpty = true
        facts.kubelet.kubeconfig.problem = Problem("is empty", hint: "write it, or correct the path")
        let first = diagnose(facts).first
        #expect(first?.line == "/etc/kubernetes/kubelet.conf: is empty")
        #expect(first?.fix.contains("or join again: run 'kubeadm token create") == true, "\(first?.fix ?? "")")
    }

    @Test func `a file of another kind in the place of the kubeconfig is replaced`() {
        var facts = soundFacts()
        facts.stopKubelet()
        facts.kubelet.kubeconfig.problem = Problem("the file is a manifest", hint: "name it in 'apply'")
        let first = diagnose(facts).first
        #expect(first?.code == "kubeconfig")
        #expect(first?.fix.hasPrefix("run 'kubeadm kubeconfig user") == true, "\(first?.fix ?? "")")
    }

    @Test func `a certificate that the kubelet has lost is not put there by a person`() throws {
        var facts = soundFacts()
        facts.stopKubelet()
        facts.kubelet.kubeconfig.kubeconfig = try kubeconfig(#""certificate-authority": "/ca.crt""#)
        let message = "client-certificate of kubeconfig: cannot open '/var/lib/kubelet/pki/current.pem': No such file"
        facts.kubelet.kubeconfig.problem = Problem(message, hint: "put the file there")
        let first = diagnose(facts).first
        #expect(first?.code == "credentials")
        #expect(first?.fix.hasPrefix("run 'kubeadm kubeconfig user") == true, "\(first?.fix ?? "")")
    }

    /// Settings of a CA, with the beginning of the fix.
    @Test(arguments: [
        (
            #""certificate-authority-data": "YQ==""#,
            "replace 'certificate-authority-data' in /etc/kubernetes/kubelet.conf by the output of 'base64 -w0 "
        ),
        (
            #""certificate-authority": "/etc/ca.crt""#,
            "copy /etc/kubernetes/pki/ca.crt of a control plane to '/etc/ca.crt' here"
        ),
    ])
    func `the setting of a wrong CA is named`(setting: String, fix: String) throws {
        var facts = soundFacts()
        facts.kubelet.kubeconfig.kubeconfig = try kubeconfig(setting)
        facts.server.fault = TransportError(.untrusted, "the certificate is not trusted")
        (facts.cluster.node, facts.cluster.isKnown) = (nil, false)
        let first = diagnose(facts).first
        #expect(first?.code == "wrong-ca")
        #expect(first?.fix.hasPrefix(fix) == true, "\(first?.fix ?? "")")
    }

    @Test func `a Node that was deleted is registered by a restart`() {
        var facts = soundFacts()
        facts.cluster.node = nil
        facts.cluster.leaseAge = nil
        facts.kubelet.lines = [
            JournalLine(
                #"E1128 09:13:31.100000 90 a.go:1] "Error updating node status, will retry" err="error getting node "#
                    + #"\"worker-1\": nodes \"worker-1\" not found""#
            )
        ]
        let first = diagnose(facts).first
        #expect(first?.code == "node-deleted")
        #expect(first?.fix == "run 'systemctl restart kubelet.service'")
        facts.kubelet.lines.append(
            JournalLine(#"E1 1 a.go:1] "Unable to register node with API server" err="nodes is forbidden""#)
        )
        #expect(facts.firstCode == "node-missing")
        facts.kubelet.arguments.append("--register-node=false")
        #expect(facts.firstCode == "not-registered")
    }

    @Test func `a left-over configuration that is used in place of a complete one is removed`() {
        var facts = soundFacts()
        var old = NetworkFacts.Configuration(path: "/etc/cni/net.d/00-old.conf")
        old.plugins = [.init(type: "old", path: nil)]
        facts.network.configurations.insert(old, at: 0)
        facts.setReady("False", "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady")
        facts.runtime.answer = .version(
            name: "containerd",
            version: "v2.1.0",
            conditions: [.init(type: "NetworkReady", isTrue: false, message: "cni config load failed")]
        )
        let first = diagnose(facts).first
        #expect(first?.code == "cni-plugin")
        #expect(first?.fix.hasPrefix("run 'rm /etc/cni/net.d/00-old.conf'") == true, "\(first?.fix ?? "")")
        facts.network.configurations[0].fault = "is empty"
        facts.network.configurations[0].plugins = []
        #expect(diagnose(facts).first?.fix.hasPrefix("run 'rm /etc/cni/net.d/00-old.conf'") == true)
    }

    @Test func `a configuration whose plug-in fails in pods is the cause`() {
        var facts = soundFacts()
        var old = NetworkFacts.Configuration(path: "/etc/cni/net.d/00-cilium.conf")
        old.plugins = [.init(type: "cilium-cni", path: "/opt/cni/bin/cilium-cni")]
        facts.network.configurations.insert(old, at: 0)
        #expect(diagnose(facts).notes.map(\.code) == ["cni-several"])
        facts.cluster.pods = [
            .init(
                name: "a/b",
                daemonSet: nil,
                reason: "ContainerCreating",
                message: #"failed to setup network: plugin type="cilium-cni" failed (add): unable to connect to agent"#
            )
        ]
        let diagnosis = diagnose(facts)
        #expect(diagnosis.first?.code == "cni-several")
        #expect(diagnosis.first?.fix.hasPrefix("run 'rm /etc/cni/net.d/00-cilium.conf'") == true)
        #expect(diagnosis.others == [])
    }

    @Test func `a plug-in that a pod misses is a fault of a node that is Ready, until it is of the past`() {
        var facts = soundFacts()
        facts.network.configurations[0].plugins = [.init(type: "gone", path: nil)]
        #expect(facts.firstCode == nil)
        let error = #"E1 1 a.go:1] "x" err="failed to find plugin \"gone\" in path [/opt/cni/bin]""#
        facts.kubelet.lines = [JournalLine(error, at: facts.now)]
        #expect(facts.firstCode == "cni-plugin")
        facts.kubelet.lines = [JournalLine(error, at: Timestamp(seconds: facts.now.seconds - 600))]
        #expect(facts.firstCode == nil)
    }

    @Test func `a plug-in that cannot be run is the cause if a pod misses it, and the only one`() {
        var facts = soundFacts()
        let path = "/opt/cni/bin/host-local"
        facts.network.configurations[0].plugins = [.init(type: "host-local", path: path, fault: "is not executable")]
        facts.network.configurations.append(NetworkFacts.Configuration(path: "/etc/cni/net.d/20-b.conf"))
        #expect(facts.firstCode == nil)
        let error = #"plugin type="bridge" failed (add): netplugin failed: fork/exec \#(path): permission denied"#
        facts.cluster.pods = [.init(name: "a/b", daemonSet: nil, reason: "ContainerCreating", message: error)]
        let diagnosis = diagnose(facts)
        #expect(diagnosis.first?.subject == path)
        #expect(diagnosis.consequences.map(\.code) == ["pod-ContainerCreating"])
        #expect(diagnosis.others == [])
    }

    @Test func `a long error keeps its end, where its cause is`() {
        var facts = soundFacts()
        let error = "failed to start: " + String(repeating: "wrapped: ", count: 1200) + "permission denied"
        facts.cluster.pods = [.init(name: "a/b", daemonSet: nil, reason: "CreateContainerError", message: error)]
        let line = diagnose(facts).first?.line
        #expect(line?.contains("failed to start: ") == true)
        #expect(line?.hasSuffix("wrapped: permission denied") == true, "\(line ?? "")")
        #expect((line?.count ?? 1000) < 400)
    }

    @Test func `a proxy through which the server does not answer is the cause`() throws {
        var facts = soundFacts()
        facts.kubelet.proxy = EnvironmentProxy(variable: "HTTPS_PROXY", url: "http://192.0.2.1:3128")
        facts.kubelet.proxySource = SettingSource("/etc/default/kubelet", isUnit: false)
        facts.server.proxyFault = TransportError(.timedOut, "no connection within 2s")
        // A node that reports uses another proxy.
        #expect(facts.firstCode == nil)
        facts.cluster.leaseAge = .seconds(25)
        let diagnosis = diagnose(facts)
        #expect(
            diagnosis.first?.line
                == "proxy http://192.0.2.1:3128 (HTTPS_PROXY in '/etc/default/kubelet'): the kubelet uses it for "
                + "https://10.0.0.1:6443, and the server answers without it: no connection within 2s"
        )
        #expect(
            diagnosis.first?.fix
                == "correct or remove HTTPS_PROXY in '/etc/default/kubelet', or add the host of the server to NO_PROXY there, "
                + "and run 'systemctl restart kubelet.service'"
        )
        #expect(diagnosis.consequences.map(\.code) == ["lease"])
        #expect(!diagnosis.isReady)
    }

    @Test func `a kubelet that cannot renew its Lease says why`() {
        var facts = soundFacts()
        facts.cluster.leaseAge = .seconds(50)
        facts.kubelet.lines = [
            JournalLine(#"E1 1 a.go:1] "Failed to ensure lease exists, will retry" err="Get \"https://a\": EOF""#)
        ]
        #expect(
            diagnose(facts).first?.line
                == #"Lease of Node 'worker-1': was not renewed for 50 s: Get "https://a": EOF"#
        )
    }
}
