import TestSupport
import Testing

/// What is wrong with a set, and with what a renewal needs.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct CertificateFaultTests {
    private static let host = "derived/ducksnest-laptop-old"

    private func nodes(_ more: String...) async throws -> CertificateNodes {
        let nodes = try await CertificateNodes()
        try await nodes.declare("defaults: {key: ecdsa-p256}")
        try await nodes.renew()
        return nodes
    }

    private func copy(_ from: String, to: String, _ nodes: CertificateNodes) throws {
        try Files.write(Files.read("\(nodes.set)/\(from)"), to: "\(nodes.set)/\(to)", mode: 0o644)
    }

    @Test func `every fault is named, and renewed`() async throws {
        let nodes = try await nodes()
        let (own, other) = (Self.host, "derived/ducksnest-laptop-ultra")
        try Files.remove("\(nodes.set)/\(own)/k8s-kubelet.crt")
        try copy("\(own)/k8s-kube-proxy.crt", to: "\(own)/k8s-calico-cni.crt", nodes)
        try copy("\(own)/k8s-calico-cni.key.age", to: "\(own)/k8s-kube-proxy.key.age", nodes)
        try Files.write(
            Array("-----BEGIN PRIVATE KEY-----\n".utf8),
            to: "\(nodes.set)/\(other)/k8s-kubelet.key.age",
            mode: 0o644
        )
        try copy("\(own)/k8s-kube-proxy.key.age", to: "\(other)/k8s-kube-proxy.key.age", nodes)
        try Files.write(Array("text".utf8), to: "\(nodes.set)/\(other)/k8s-calico-cni.crt", mode: 0o644)
        try copy("\(own)/k8s-kube-proxy.crt", to: "derived/gone/k8s-kubelet.crt", nodes)
        try Files.write(Array("notes".utf8), to: "\(nodes.set)/README", mode: 0o644)
        let arguments = ["--node=ducksnest-laptop-old", "--node=ducksnest-laptop-ultra"]
        let check = try await nodes.start(["check", nodes.identity] + arguments).result()
        #expect(check.status == 1)
        for words in [
            "its key is not encrypted by age", "contains no PEM block",
            "its key is not encrypted to node 'ducksnest-laptop-ultra'",
            "its key is encrypted to 1 SSH key not declared",
            "its key belongs to another certificate", "is missing",
            "has CN 'system:kube-proxy' instead of 'calico-cni'", "has O 'system:node-proxier' instead of none",
            "not declared:\n  derived/gone/k8s-kubelet.crt\n",
        ] { #expect(check.output.contains(words), "\(words)\n\(check.output)") }
        #expect(check.errors.hasPrefix("nest-bootstrap: 6 of 7 certificates have problems; "), "\(check.errors)")
        let renewal = try await nodes.run("renew", nodes.identity)
        #expect(renewal.status == 0, "\(renewal.errors)")
        #expect(renewal.output.contains("derived/gone/k8s-kubelet.crt: removed, as no declaration names it\n"))
        #expect(try nodes.text("secrets/certs/README") == "notes")
        #expect(try !Files.exists("\(nodes.set)/derived/gone"))
        #expect(try await nodes.run("check", nodes.identity).status == 0)
    }

    @Test func `a CA without its key is an error, with what to do`() async throws {
        let nodes = try await nodes()
        let before = try nodes.contents()
        let (certificate, key) = ("\(nodes.set)/ca/k8s.crt", "\(nodes.set)/ca/k8s.key.age")
        try Files.remove(key)
        #expect(try await nodes.run("check").output.contains("has no key"))
        let result = try await nodes.run("renew", "--all", nodes.identity)
        #expect(result.status == 1)
        #expect(result.errors.contains("the key of the CA, '\(key)', is missing"), "\(result.errors)")
        try Files.write(before["ca/k8s.key.age"] ?? [], to: key, mode: 0o644)
        try Files.remove(certificate)
        let other = try await nodes.run("renew", nodes.identity)
        #expect(other.status == 1)
        #expect(
            other.errors.hasPrefix("nest-bootstrap: the CA has a key but no certificate; restore '\(certificate)', ")
        )
        try Files.remove(key)
        let partial = try await nodes.run("renew", "--name", "kubelet")
        #expect(partial.errors.contains("there is no CA, and a new one makes every certificate"), "\(partial.errors)")
        let new = try await nodes.run("renew")
        #expect(new.status == 0, "\(new.errors)")
        #expect(new.outputLines.last == "38 certificates made, 0 kept in '\(nodes.set)'")
        #expect(try await nodes.run("check", nodes.identity).status == 0)
    }

    @Test func `a CA that cannot issue certificates now makes none`() async throws {
        let nodes = try await nodes()
        let certificate = "\(nodes.set)/ca/k8s.crt"
        let authority = try TestAuthority()
        let cases = [
            (try authority.issue("client"), "is not the certificate of a CA, so it can issue none"),
            (
                try authority.issue("early", validity: .future, isAuthority: true),
                "is not valid before 2098-01-01T00:00:00Z"
            ),
        ]
        for (issued, reason) in cases {
            try Files.write(Files.read(issued.certificatePath), to: certificate, mode: 0o644)
            let before = try nodes.contents()
            let result = try await nodes.run("renew", nodes.identity)
            #expect(result.status == 1)
            let start = "nest-bootstrap: the certificate of the CA, '\(certificate)', \(reason); "
            #expect(result.errors.hasPrefix(start), "\(result.errors)")
            #expect(try nodes.contents() == before)
        }
    }

    @Test func `an identity that cannot be read is the one thing that is reported`() async throws {
        let nodes = try await nodes()
        for (path, reason) in [("nowhere", "No such file or directory"), ("private", "is a directory")] {
            for command in [["check"], ["renew"], ["renew", "--dry-run"]] {
                let result = try await nodes.start(command + ["--identity", nodes.path(path)]).result()
                #expect(result.status == 1)
                #expect(result.output == "")
                #expect(result.errorLines.count == 1)
                let start = "nest-bootstrap: the identity cannot be used: cannot "
                #expect(result.errors.hasPrefix(start) && result.errors.contains(reason), "\(result.errors)")
            }
        }
    }

    @Test func `certificates of another CA in the set stay`() async throws {
        let nodes = try await nodes()
        try copy("ca/k8s.crt", to: "ca/k8s-etcd.crt", nodes)
        for name in ["k8s-etcd-peer", "k8s-gone"] {
            try copy("\(Self.host)/k8s-kubelet.crt", to: "\(Self.host)/\(name).crt", nodes)
        }
        let result = try await nodes.run("renew", nodes.identity)
        #expect(result.status == 0, "\(result.errors)")
        #expect(try Files.exists("\(nodes.set)/\(Self.host)/k8s-etcd-peer.crt"))
        #expect(try !Files.exists("\(nodes.set)/\(Self.host)/k8s-gone.crt"))
    }

    @Test func `what the program needs is named when it is missing`() async throws {
        let nodes = try await nodes()
        let unknown = try await nodes.run("check", "--node", "ducksnest-laptop-odl", "--name", "kubelets")
        #expect(unknown.status == 64)
        for hint in ["'ducksnest-laptop-old'?", "did you mean 'kubelet'?"] {
            #expect(unknown.errors.contains(hint), "\(unknown.errors)")
        }
        let program = try await nodes.run("renew", "--all", nodes.identity, environment: ["PATH": "/nowhere"])
        #expect(program.status == 1)
        #expect(program.errors.contains("cannot run 'age': not found in PATH '/nowhere'"), "\(program.errors)")
        let wrong = try await nodes.run("renew", "--all", "--identity=\(nodes.path("private/ducksnest-laptop-old"))")
        #expect(wrong.status == 1)
        #expect(wrong.errors.contains("k8s.key.age': no identity matched"), "\(wrong.errors)")
        let directory = nodes.path("ssh-host-keys/ducksnest-laptop-old")
        try Files.remove("\(directory)/ssh_host_ed25519_key.pub")
        let missing = try await nodes.run("check")
        #expect(missing.status == 65)
        #expect(missing.errors.contains("node 'ducksnest-laptop-old' has no public key"), "\(missing.errors)")
        try Files.write(Array("tasks: {}\n".utf8), to: nodes.path("empty.yaml"), mode: 0o644)
        let arguments = ["certificates", "check", "--config", nodes.path("empty.yaml")]
        let empty = try await Tool.run(TestNode.program, arguments, environment: ["JOURNAL_STREAM": nil])
        #expect(empty.status == 78)
        #expect(empty.errors.contains("empty.yaml: no certificates are declared; "), "\(empty.errors)")
    }

    @Test(.enabled(if: TestProcess.isRoot, "only root can mount"))
    func `a directory that cannot be replaced is an error before keys are made`() async throws {
        let nodes = try await nodes()
        let before = try nodes.contents()
        let mount = [
            "unshare", "--mount", "sh", "-c",
            "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" && shift && \"$@\"", "sh",
        ]
        let arguments = [nodes.path("secrets"), TestNode.program, "certificates", "renew", "--all", nodes.identity]
        let result = try await Tool.run(
            mount[0],
            mount.dropFirst() + arguments + ["--config", nodes.config],
            environment: ["JOURNAL_STREAM": nil],
        )
        #expect(result.status == 1)
        #expect(result.output == "")
        #expect(result.errors.contains("': Read-only file system"), "\(result.errors)")
        #expect(try nodes.contents() == before)
    }

    @Test func `a CA that differs is kept, with a warning`() async throws {
        let nodes = try await nodes()
        let before = try nodes.contents()
        try await nodes.declare(
            "defaults: {key: ecdsa-p256}",
            "authority: {name: k8s, commonName: Other, validity: 1h}"
        )
        let check = try await nodes.run("check", "--node", "ducksnest-laptop-old")
        #expect(check.status == 1)
        #expect(check.output.contains("has CN 'DucksNest Kubernetes Cluster CA' instead of 'Other'"), "\(check.output)")
        let renewal = try await nodes.run("renew", nodes.identity)
        #expect(renewal.status == 0)
        #expect(
            renewal.errors.hasPrefix("warning: CA k8s: is valid for 876000h5m instead of 1h, has CN "),
            "\(renewal.errors)"
        )
        #expect(try nodes.contents() == before)
    }
}
