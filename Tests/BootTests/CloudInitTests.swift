import TestSupport
import Testing

extension BootedTests {
    /// The user data of `examples/cloud-init` on a machine that has nothing else.
    @Suite struct CloudInitTests {
        /// The unit of a kubelet that an image has.
        ///
        /// The program itself is not there. With another type than `exec`, systemd calls the unit active until it finds that.
        private static let kubelet = "[Service]\nType=exec\nExecStart=/usr/bin/kubelet\n"

        /// Puts the identity of a node where its user data fetches it: the CA, and a certificate that the server accepts.
        private func putIdentity(of name: String, _ cluster: TestCluster, _ machine: TestMachine) async throws {
            let files = [
                ("k8s-ca.crt", "ca.crt"), ("kube-admin.crt", "kubelet.crt"), ("kube-admin.key", "kubelet.key"),
            ]
            let directory = TemporaryDirectory.file("identity")
            for (source, file) in files {
                let bytes = try Files.read("\(cluster.credentials)/\(source)")
                try Files.write(bytes, to: "\(directory)/\(file)", mode: 0o644)
            }
            try Files.makeDirectories(machine.disk("/identity"))
            let archive = ["--create", "--file", machine.disk("/identity/\(name)"), "--directory", directory]
            let result = try await Tool.run("tar", archive + files.map(\.1))
            try #require(result.status == 0, "\(result.errors)")
        }

        /// The example's user data with the values of this test.
        private func userData(_ cluster: TestCluster) async throws -> String {
            let digest = try await Tool.run("sha256sum", [TestMachine.package]).output.prefix(64)
            let path = "\(TestCluster.sourceRoot)/examples/cloud-init/user-data.yaml"
            return try Files.text(path)
                .replacing("https://10.0.0.10:6443", with: cluster.server)
                .replacing("10.0.0.0/16", with: "0.0.0.0/0")
                .replacing("https://identity.example.com/nodes", with: "file:///identity")
                .replacing("https://packages.example.com/nest-bootstrap_0.1.0-2_amd64.deb", with: "file:///package.deb")
                .replacing(String(repeating: "0", count: 64), with: digest)
        }

        @Test(.temporaryDirectory)
        func `a machine with nothing but user data fetches its identity, installs the package and joins`() async throws
        {
            let cluster = try await TestCluster.shared.value
            try await TestMachine.withFresh("w1", package: "", variant: "cloud") { machine in
                let package = try Files.read(TestMachine.package)
                try Files.write(package, to: machine.disk("/package.deb"), mode: 0o644)
                try await putIdentity(of: "w1", cluster, machine)
                let seed = "/var/lib/cloud/seed/nocloud-net"
                for (path, text) in [
                    ("\(seed)/user-data", try await userData(cluster)),
                    ("\(seed)/meta-data", "instance-id: w1\nlocal-hostname: w1\n"),
                    // The network is that of this machine, and the small Debian has no locales.
                    ("/etc/cloud/cloud.cfg.d/99-test.cfg", "network: {config: disabled}\nlocale: false\n"),
                    ("/etc/systemd/system/kubelet.service", Self.kubelet),
                ] {
                    try machine.write(text, to: path)
                }
                try await machine.boot()
                let status = try await machine.output("cloud-init status --wait --long")
                #expect(status.contains("status: done"), "\(status)")
                for task in ["network", "identity", "kubelet-kubeconfig", "kubelet-address", "api-server"] {
                    let command = "systemctl is-active k8s-bootstrap-\(task)"
                    #expect(try await machine.becomes(command) { $0 == "active\n" }, "\(task)")
                }
                let waiting = "systemctl show --property=StatusText k8s-bootstrap-kubelet"
                #expect(try await machine.becomes(waiting) { $0.contains("unit 'kubelet.service'") })
                #expect(try await machine.output("stat -c %a /etc/kubernetes/pki/kubelet.key") == "600\n")
                #expect(try await machine.output("cat /etc/kubernetes/kubelet.env").hasPrefix("NODE_IP="))
                let kubelet = try await machine.output("systemctl show --property=ExecStart kubelet")
                #expect(kubelet.contains("--kubeconfig=/etc/kubernetes/kubelet.kubeconfig"), "\(kubelet)")
                // Without its address the kubelet is not started, and systemd tries again.
                let start =
                    "mv /etc/kubernetes/kubelet.env /run/; systemctl restart kubelet; systemctl show --property=Result,SubState kubelet"
                let missing = try await machine.output(start)
                #expect(missing == "Result=resources\nSubState=auto-restart\n")
            }
        }
    }
}

extension BootedTests {
    /// A machine whose units were made from a NixOS module, as NixOS installs them.
    @Suite(.temporaryDirectory, .needsNix) struct NixTests {
        /// Creates the credentials that the scripts read, with keys of another user, as agenix does.
        private func makeCredentials() async throws -> String {
            let directory = TemporaryDirectory.file("agenix")
            for name in ["k8s-ca", "kube-admin", "calico-cni", "kube-proxy"] {
                for kind in ["crt", "key"] {
                    let path = "\(directory)/\(name).\(kind)"
                    try Files.write(Array("\(name)\n".utf8), to: path, mode: kind == "key" ? 0o400 : 0o644)
                    if kind == "key" {
                        let changed = try await Tool.run("chown", ["998:998", path])
                        try #require(changed.status == 0, "\(changed.errors)")
                    }
                }
            }
            return directory
        }

        @Test func `a homelab's role file runs, without the generator`() async throws {
            let file = "kubernetes.bootstrap.tasks.hello.file = { path = \"/var/lib/hello\"; content = \"hi\"; };"
            let module = try await NixModule("{ imports = [ (\(NixModule.file("control-plane"))) ]; \(file) }")
            let credentials = try await makeCredentials()
            try await TestMachine.withFresh("ducksnest-controlplane") { machine in
                let copied = try await Tool.run("cp", ["-r", "\(module.directory)/etc", machine.disk("")])
                try #require(copied.status == 0, "\(copied.errors)")
                try Files.makeDirectories(machine.disk("/etc/systemd/system-generators"))
                try Files.makeSymbolicLink(
                    at: machine.disk("/etc/systemd/system-generators/nest-bootstrap-generator"),
                    to: "/dev/null",
                    replacing: true
                )
                try await machine.boot(
                    "--bind-ro=\(module.directory)/store:/nix/store",
                    "--bind-ro=\(credentials):/run/agenix"
                )
                let status = try await machine.run("nest-bootstrap", "status", "--wait=10m")
                #expect(status.status == 0, "\(status.output)\(status.errors)")
                #expect(Set(try await machine.records().values) == ["changed"])
                #expect(try await machine.records().count == 12)
                #expect(try await machine.output("systemctl is-active k8s-bootstrap.target") == "active\n")
                #expect(try await machine.output("ls /run/systemd/generator | grep k8s-bootstrap") == "")
                let units = try await machine.must("systemctl cat 'k8s-bootstrap*' | grep -v '^#'")
                #expect(units.contains("ExecStart=:/usr/bin/nest-bootstrap run --task bootstrap-rbac\n"))
                for word in ["/bin/sh", "grep", "PATH="] { #expect(!units.contains(word), "\(word)") }
                #expect(try await machine.must("cat /var/lib/hello") == "hi")
                #expect(try await machine.must("ls /var/lib/cni/net.d") == "10-calico.conflist\ncalico-kubeconfig\n")
                #expect(try await machine.must("readlink /opt/cni/bin/calico-ipam").hasSuffix("/bin/calico\n"))
                let lines = try await machine.journal("NEST_TASK=bootstrap-rbac").compactMap { $0["MESSAGE"]?.string }
                let applied = "applied 03-kube-proxy.yaml of 60 attempts with /etc/kubernetes/cluster-admin.kubeconfig"
                #expect(lines.contains { $0.contains(applied) }, "\(lines)")
                #expect(try await machine.must("ls /etc/kubernetes/pki") == "ca.crt\nkube-proxy.crt\nkube-proxy.key\n")
            }
        }
    }
}
