import TestSupport
import Testing

/// The certificates of the homelab with the programs age, ssh-keygen and openssl.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct CertificateSetTests {
    @Test func `six hosts get their certificates from nothing`() async throws {
        let nodes = try await CertificateNodes()
        let dryRun = try await nodes.run("renew", "--dry-run")
        #expect(dryRun.status == 0, "\(dryRun.errors)")
        #expect(dryRun.outputLines.first == "CA k8s: would be made")
        #expect(dryRun.outputLines.last == "38 certificates would be made, 0 kept in '\(nodes.set)'")
        #expect(try !Files.exists(nodes.path("secrets")))
        let result = try await nodes.run("renew")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors == "")
        #expect(result.outputLines.count == CertificateNodes.certificateCount + 2)
        #expect(result.output.contains("ducksnest-laptop-old/kubelet: made, expires 20"))
        #expect(result.outputLines.suffix(2).first == "CA k8s: made")
        #expect(result.outputLines.last == "38 certificates made, 0 kept in '\(nodes.set)'")
        let check = try await nodes.run("check", nodes.identity)
        #expect(check.status == 0, "\(check.output)")
        #expect(check.errors == "")
        let files = try nodes.files()
        #expect(files.count == 2 * (CertificateNodes.certificateCount + 1))
        #expect(try Files.list(nodes.path("secrets")) == ["certs"])
        for file in files where file.hasSuffix(".crt") { try await verify(file, in: nodes) }
        try await expectOwnKeysOnly(nodes, files.filter { $0.hasSuffix(".age") })
    }

    /// Verifies a certificate with openssl, for its purposes.
    private func verify(_ file: String, in nodes: CertificateNodes) async throws {
        let path = "\(nodes.set)/\(file)"
        let isServer = ["kubelet", "etcd-server", "etcd-peer", "kube-apiserver"].contains {
            file.hasSuffix("k8s-\($0).crt")
        }
        let isClient = !["k8s-kube-apiserver.crt", "service-account.crt", "ca/k8s.crt"].contains { file.hasSuffix($0) }
        let chain = ["verify", "-x509_strict", "-CAfile", "\(nodes.set)/ca/k8s.crt"]
        for (purpose, expected) in [("sslserver", isServer), ("sslclient", isClient)] where !file.hasPrefix("ca/") {
            let isRestricted = !file.hasSuffix("service-account.crt")
            let result = try await Tool.run("openssl", chain + ["-purpose", purpose, path])
            #expect((result.status == 0) == (expected || !isRestricted), "\(file) \(purpose): \(result.errors)")
        }
        let text = try await nodes.must("openssl", "x509", "-in", path, "-noout", "-text")
        let host = file.split(separator: "/").dropFirst().first ?? ""
        if isServer { #expect(text.contains("DNS:\(host), IP Address:127.0.0.1"), "\(file): \(text)") }
        if file.hasSuffix("k8s-kube-apiserver.crt") {
            let address = host.contains("test") ? "10.100.0.2" : "192.168.0.10"
            #expect(text.contains("DNS:localhost, IP Address:\(address), DNS:kubernetes, "), "\(file): \(text)")
            #expect(text.contains("DNS:kubernetes.default.svc.cluster.local, IP Address:10.96.0.1"), "\(file): \(text)")
        }
        if file.hasSuffix("kubelet.crt") {
            #expect(text.contains("Subject: O = system:nodes, CN = system:node:\(host)\n"), "\(file): \(text)")
        }
    }

    private func expectOwnKeysOnly(_ nodes: CertificateNodes, _ files: [String]) async throws {
        for host in nodes.hosts {
            for file in files {
                let isOwn = file.hasPrefix("derived/\(host)/")
                #expect(try await nodes.decrypts(host, file) == isOwn, "\(host) \(file)")
            }
        }
        for file in files {
            for name in ["operator", "age"] { #expect(try await nodes.decrypts(name, file), "\(name) \(file)") }
        }
        let own = "derived/ducksnest-laptop-old/k8s-kubelet"
        let key = nodes.path("private/ducksnest-laptop-old")
        let pem = try await nodes.must("age", "-d", "-i", key, "\(nodes.set)/\(own).key.age")
        let certificate = try await nodes.must("openssl", "x509", "-in", "\(nodes.set)/\(own).crt", "-noout", "-pubkey")
        let result = try await Tool.run("openssl", ["pkey", "-pubout"], input: pem)
        #expect(result.output == certificate)
    }

    @Test func `only what differs is made, with the key of the CA`() async throws {
        let nodes = try await CertificateNodes()
        try await nodes.declare("defaults: {key: ecdsa-p256, organization: DucksNest}")
        try await nodes.renew()
        let before = try nodes.contents()
        try await nodes.declare(
            "defaults: {key: ecdsa-p256, organization: DucksNest}",
            "leaves:",
            "  calico-cni: {commonName: calico-cni, organization: [a, b], usages: [client auth], validity: 48h}",
            "  kube-proxy: {enable: false}"
        )
        let check = try await nodes.run("check", "--name", "calico-cni", "--node", "ducksnest-laptop-old")
        #expect(check.status == 1)
        #expect(check.output.contains("has O 'DucksNest' instead of 'a, b'"), "\(check.output)")
        #expect(check.output.contains("is valid for 8760h5m instead of 48h"), "\(check.output)")
        let without = try await nodes.run("renew")
        #expect(without.status == 1)
        #expect(without.errors.contains("pass '--identity FILE'"), "\(without.errors)")
        #expect(try nodes.contents() == before)
        let result = try await nodes.run("renew", nodes.identity)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.outputLines.last == "6 certificates made, 26 kept in '\(nodes.set)'")
        let after = try nodes.contents()
        for (file, bytes) in before {
            if file.contains("kube-proxy") {
                #expect(after[file] == nil)
            } else {
                #expect((after[file] == bytes) == !file.contains("calico-cni"), "\(file)")
            }
        }
        #expect(try await nodes.run("check", "--identity=\(nodes.path("private/age"))").status == 0)
        let again = try await nodes.run("renew")
        #expect(again.outputLines.last == "0 certificates made, 32 kept in '\(nodes.set)'")
        #expect(try nodes.contents() == after)
    }

    @Test func `keys are kept and encrypted again when the operators change`() async throws {
        let nodes = try await CertificateNodes()
        try await nodes.declare("defaults: {key: ecdsa-p256}")
        try await nodes.renew()
        let before = try nodes.contents()
        try await nodes.declare(operators: ["operator"], "defaults: {key: ecdsa-p256}")
        let check = try await nodes.run("check")
        #expect(check.status == 1)
        #expect(check.output.contains("its key is encrypted to 1 age key instead of 0"), "\(check.output)")
        let planned = try await nodes.run("renew", "--dry-run")
        let kubelet = "ducksnest-laptop-old/kubelet"
        #expect(planned.output.contains("\n\(kubelet): would be kept, with its key encrypted again ("))
        let needed = "note: this needs the private key of an operator: pass '--identity FILE'\n"
        #expect(planned.output.contains(needed))
        let result = try await nodes.run("renew", nodes.identity)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("\n\(kubelet): key encrypted again\n"), "\(result.output)")
        #expect(result.output.contains("\nCA k8s: key encrypted again ("))
        #expect(result.outputLines.last == "0 certificates made, 38 kept in '\(nodes.set)'")
        let after = try nodes.contents()
        for (file, bytes) in before {
            #expect((after[file] == bytes) == file.hasSuffix(".crt"), "\(file)")
            guard file.hasSuffix(".age") else { continue }
            #expect(try await !nodes.decrypts("age", file), "\(file)")
            #expect(try await nodes.decrypts("operator", file), "\(file)")
        }
        // The keys belong to their certificates.
        #expect(try await nodes.run("check", nodes.identity).status == 0)
    }

    @Test func `a CA that another program has made is kept`() async throws {
        let nodes = try await CertificateNodes()
        try await nodes.declare(
            "defaults: {key: ecdsa-p256}",
            "authority: {name: k8s, commonName: DucksNest Kubernetes Cluster CA, validity: 876000h, key: rsa-2048}"
        )
        let (key, certificate) = (nodes.path("private/ca.key"), "\(nodes.set)/ca/k8s.crt")
        try Files.makeDirectories("\(nodes.set)/ca")
        try await nodes.must("openssl", "genrsa", "-traditional", "-out", key, "2048")
        let subject = "/CN=DucksNest Kubernetes Cluster CA"
        let arguments = ["req", "-x509", "-key", key, "-subj", subject, "-days", "36500", "-out", certificate]
        try #require(try await Tool.run("openssl", arguments).status == 0)
        let recipient = try nodes.text("private/operator.pub").split(separator: "\n").first.map(String.init) ?? ""
        try await nodes.must("age", "-r", recipient, "-o", "\(nodes.set)/ca/k8s.key.age", key)
        let before = try Files.read(certificate)
        try await nodes.renew()
        #expect(try Files.read(certificate) == before)
        #expect(try await nodes.decrypts("age", "ca/k8s.key.age"))
        let check = try await nodes.run("check", nodes.identity)
        #expect(check.status == 0, "\(check.output)")
        let leaf = "\(nodes.set)/derived/ducksnest-laptop-old/k8s-kubelet.crt"
        try await nodes.must("openssl", "verify", "-purpose", "sslserver", "-CAfile", certificate, leaf)
    }
}
