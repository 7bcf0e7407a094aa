import TestSupport
import Testing

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
                // As agenix makes it: a directory of each generation, and a link to the last one.
                try machine.write("L /run/agenix - - - - /run/agenix.d/1\n", to: "/etc/tmpfiles.d/agenix.conf")
                try await machine.boot(
                    "--bind-ro=\(module.directory)/store:/nix/store",
                    "--bind-ro=\(credentials):/run/agenix.d/1"
                )
                let status = try await machine.run("nest-bootstrap", "status", "--wait=10m")
                #expect(status.status == 0, "\(status.output)\(status.errors)")
                #expect(Set(try await machine.records().values) == ["changed"])
                #expect(try await machine.records().count == 12)
                #expect(try await machine.output("systemctl is-active k8s-bootstrap.target") == "active\n")
                #expect(try await machine.output("ls /run/systemd/generator | grep k8s-bootstrap") == "")
                let units = try await machine.must("systemctl cat 'k8s-bootstrap*' | grep -v '^#'")
                #expect(units.contains("ExecStart=:/usr/bin/nest-bootstrap run --task bootstrap-rbac\n"))
                for word in ["/bin/sh", "grep"] { #expect(!units.contains(word), "\(word)") }
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
