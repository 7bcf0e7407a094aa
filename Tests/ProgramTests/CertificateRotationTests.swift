import Glibc
import TestSupport
import Testing

/// The CA of a set is replaced, with the programs age and openssl.
///
/// `NEST_ROUNDS` says how many rotations are killed at each step, 3 if it is not set.
@Suite(.temporaryDirectory, .serialized, .timeLimit(.minutes(15)))
struct CertificateRotationTests {
    private static let rounds = TestProcess.environment["NEST_ROUNDS"].flatMap { Int($0) } ?? 3
    private static let kubelet = "derived/ducksnest-laptop-old/k8s-kubelet.crt"
    private static let tokens = "derived/ducksnest-controlplane/k8s-service-account.crt"
    private static let steps = ["add", "issue", "remove"]

    /// The set of the homelab with keys that are made quickly.
    private func nodes() async throws -> CertificateNodes {
        let nodes = try await CertificateNodes()
        try await nodes.declare("defaults: {key: ecdsa-p256}")
        try await nodes.renew()
        return nodes
    }

    private func arguments(_ step: String, _ nodes: CertificateNodes) -> [String] {
        ["rotate-ca", "--step", step, "--confirm", nodes.identity]
    }

    private func rotate(_ step: String, _ nodes: CertificateNodes) async throws -> ToolResult {
        try await nodes.start(arguments(step, nodes)).result()
    }

    private func progress(_ nodes: CertificateNodes) async throws -> String? {
        try await nodes.run("check", "-o", "json").output.json["rotation"]?.string
    }

    private func expectNoProblem(_ nodes: CertificateNodes, _ moment: String) async throws {
        let check = try await nodes.run("check", nodes.identity)
        #expect(check.status == 0, "\(moment): \(check.output)\(check.errors)")
    }

    /// Copies a file of the set to where the next step does not change it.
    private func keep(_ file: String, as name: String, _ nodes: CertificateNodes) throws -> String {
        try Files.write(Files.read("\(nodes.set)/\(file)"), to: nodes.path(name), mode: 0o644)
        return nodes.path(name)
    }

    /// Whether openssl verifies a certificate by those of a CA's file.
    private func isVerified(_ certificate: String, by authority: String) async throws -> Bool {
        let arguments = ["verify", "-x509_strict", "-CAfile", authority, certificate]
        return try await Tool.run("openssl", arguments).status == 0
    }

    private func publicKey(_ certificate: String, _ nodes: CertificateNodes) async throws -> String {
        try await nodes.must("openssl", "x509", "-in", "\(nodes.set)/\(certificate)", "-noout", "-pubkey")
    }

    @Test func `a certificate for tokens is renewed for the same key`() async throws {
        let nodes = try await nodes()
        let before = try Files.read("\(nodes.set)/\(Self.tokens)")
        let key = try await publicKey(Self.tokens, nodes)
        // Another default makes certificates differ from their declarations.
        try await nodes.declare("defaults: {key: ecdsa-p256, organization: ducks}")
        try await nodes.renew()
        #expect(try Files.read("\(nodes.set)/\(Self.tokens)") != before)
        #expect(try await publicKey(Self.tokens, nodes) == key)
    }

    @Test func `every chain is verified at each step, with old and new certificates`() async throws {
        let nodes = try await nodes()
        let bundle = "\(nodes.set)/ca/k8s.crt"
        let command = "nest-bootstrap certificates rotate-ca --config \(nodes.config)"
        let shown = try await nodes.run("rotate-ca")
        #expect(shown.output == "'\(bundle)' has one CA, which is not being replaced\n\nnext: \(command) --step add\n")
        let before = try nodes.contents()
        let oldAuthority = try keep("ca/k8s.crt", as: "old-ca.crt", nodes)
        let oldLeaf = try keep(Self.kubelet, as: "old.crt", nodes)

        // The new CA is made without a private key of an operator.
        let added = try await nodes.run("rotate-ca", "--step", "add")
        #expect(added.status == 0, "\(added.errors)")
        #expect(added.outputLines.last == "when all of this is done: \(command) --step issue --identity FILE --confirm")
        let afterAdd = try nodes.contents()
        let changed = afterAdd.filter { before[$0.key] != $0.value }.map(\.key)
        #expect(changed.sorted() == ["ca/k8s-next.key.age", "ca/k8s.crt"])
        #expect(try await isVerified(oldLeaf, by: bundle))
        try await expectNoProblem(nodes, "add")
        #expect(try await nodes.run("check").output.contains(#/\n\(CA\) +k8s \(new\) /#))
        // Nodes do not trust the new CA yet.
        try await nodes.renew("--all")
        #expect(try await isVerified("\(nodes.set)/\(Self.kubelet)", by: oldAuthority))
        #expect(try await progress(nodes) == "added")

        let keys = [try await publicKey(Self.kubelet, nodes), try await publicKey(Self.tokens, nodes)]
        let issued = try await rotate("issue", nodes)
        #expect(issued.status == 0, "\(issued.errors)")
        let newLeaf = try keep(Self.kubelet, as: "new.crt", nodes)
        for leaf in [oldLeaf, newLeaf] { #expect(try await isVerified(leaf, by: bundle)) }
        #expect(try await !isVerified(newLeaf, by: oldAuthority))
        try await expectNoProblem(nodes, "issue")
        #expect(try await nodes.run("check").output.contains(#/\n\(CA\) +k8s \(old\) /#))
        #expect(try await publicKey(Self.kubelet, nodes) != keys[0])
        #expect(try await publicKey(Self.tokens, nodes) == keys[1])
        // The first certificate of the file is that of the CA that issues, for programs that take one.
        try await nodes.must("openssl", "x509", "-in", bundle, "-out", nodes.path("first.crt"))
        #expect(try await isVerified(newLeaf, by: nodes.path("first.crt")))

        let removed = try await rotate("remove", nodes)
        #expect(removed.status == 0, "\(removed.errors)")
        #expect(removed.outputLines.first == "step 'remove' is done: the old CA is no longer trusted ('\(bundle)')")
        #expect(try await isVerified(newLeaf, by: bundle))
        #expect(try await !isVerified(oldLeaf, by: bundle))
        try await expectNoProblem(nodes, "remove")
        #expect(try Set(nodes.files()) == Set(before.keys))
        #expect(try await progress(nodes) == "none")
    }

    @Test func `a step that nodes are not ready for is refused`() async throws {
        let nodes = try await nodes()
        let early = try await rotate("issue", nodes)
        #expect(early.status == 1)
        #expect(early.errors.contains("there is no new CA"), "\(early.errors)")
        #expect(try await rotate("add", nodes).status == 0)
        let added = try nodes.contents()
        let again = try await rotate("add", nodes)
        #expect(again.status == 0)
        #expect(again.output.hasPrefix("step 'add' is done: "), "\(again.output)")
        let late = try await rotate("remove", nodes)
        #expect(late.status == 1)
        #expect(late.errors.hasPrefix("nest-bootstrap: the old CA cannot be removed: it has issued"), "\(late.errors)")
        let unconfirmed = try await nodes.run("rotate-ca", "--step", "issue", nodes.identity)
        #expect(unconfirmed.status == 1)
        #expect(
            unconfirmed.errors.contains("every node must trust it; install '\(nodes.set)/ca/k8s.crt' on every node")
        )
        let key = "\(nodes.set)/ca/k8s-next.key.age"
        let locked = try await nodes.run("rotate-ca", "--step", "issue", "--confirm")
        #expect(locked.status == 1)
        #expect(locked.errors.contains("are unchanged: the key of the CA, '\(key)', is needed, and it is encrypted"))
        #expect(try nodes.contents() == added)

        #expect(try await rotate("issue", nodes).status == 0)
        let issued = try nodes.contents()
        let serial = try await nodes.must("openssl", "x509", "-in", "\(nodes.set)/\(Self.kubelet)", "-noout", "-serial")
        let asked = try await nodes.run("rotate-ca", "--step", "remove")
        #expect(asked.status == 1)
        let number = serial.dropFirst("serial=".count).dropLast()
        let hasRow = try asked.output.contains(Regex("\nducksnest-laptop-old +kubelet +\(number)\n"))
        #expect(hasRow, "\(asked.output)")
        #expect(asked.output.contains("note: the cluster does not report the certificates of its nodes"))
        #expect(asked.errors.contains("every node must have those of the set"), "\(asked.errors)")
        #expect(try nodes.contents() == issued)
        // A certificate of the old CA has come back.
        try Files.write(added[Self.kubelet] ?? [], to: "\(nodes.set)/\(Self.kubelet)", mode: 0o644)
        let mixed = try await rotate("remove", nodes)
        #expect(mixed.status == 1)
        #expect(mixed.errors.hasPrefix("nest-bootstrap: the new CA has not issued ducksnest-laptop-old/kubelet; "))
        try await nodes.renew()
        #expect(try await rotate("remove", nodes).status == 0)
        let done = try await rotate("remove", nodes)
        #expect(done.output.contains("' has one CA, which is not being replaced\n"), "\(done.output)")
    }

    @Test func `the keys of both CAs are encrypted again when the operators change`() async throws {
        let nodes = try await nodes()
        #expect(try await rotate("add", nodes).status == 0)
        let before = try nodes.contents()
        try await nodes.declare(operators: ["operator"], "defaults: {key: ecdsa-p256}")
        try await nodes.renew()
        for file in ["ca/k8s.key.age", "ca/k8s-next.key.age"] {
            #expect(try await !nodes.decrypts("age", file), "\(file)")
            #expect(try await nodes.decrypts("operator", file), "\(file)")
        }
        let after = try nodes.contents()
        #expect(after["ca/k8s.crt"] == before["ca/k8s.crt"])
        for step in ["issue", "remove"] { #expect(try await rotate(step, nodes).status == 0, "\(step)") }
        try await expectNoProblem(nodes, "remove")
    }

    @Test func `a step that is killed at any moment is done or not, and can be done again`() async throws {
        let nodes = try await nodes()
        var changes: [String: [String]] = [:]
        for step in Self.steps { changes[step] = try await nodes.changes(of: arguments(step, nodes)) }
        let states = ["add": "added", "issue": "issued", "remove": "none"]
        var killedCount = 0
        for round in 0..<Self.rounds {
            for step in Self.steps {
                let before = try nodes.contents()
                let state = try await progress(nodes)
                let change = try #require(round == 0 ? changes[step]?.first : changes[step]?.randomElement())
                let moment = "\(step) before \(change)"
                let result = try await nodes.run(arguments(step, nodes), killedBefore: change)
                let isOld = try nodes.contents() == before
                #expect(try await progress(nodes) == (isOld ? state : states[step]), "\(moment)")
                try await expectNoProblem(nodes, moment)
                // Another thread may make the change this time.
                if result.status == 128 + SIGKILL { killedCount += 1 }
                let again = try await rotate(step, nodes)
                #expect(again.status == 0, "\(again.errors)")
                #expect(try await progress(nodes) == states[step])
            }
        }
        #expect(killedCount >= Self.steps.count)
        try await nodes.renew("--all")
        #expect(try Files.list(nodes.path("secrets")) == ["certs"])
    }

    @Test(arguments: [("renameat2", "issued"), ("unlinkat", "none")])
    func `a step that is killed before the exchange was not done, and after it is`(
        call: String,
        state: String,
    ) async throws {
        let nodes = try await nodes()
        for step in ["add", "issue"] { #expect(try await rotate(step, nodes).status == 0, "\(step)") }
        let before = try nodes.contents()
        let result = try await nodes.run(arguments("remove", nodes), killedBefore: call)
        #expect(result.status == 128 + SIGKILL, "\(result.errors)")
        #expect((try nodes.contents() == before) == (state == "issued"))
        #expect(try await progress(nodes) == state)
        try await expectNoProblem(nodes, call)
        #expect(try await rotate("remove", nodes).status == 0)
        #expect(try await progress(nodes) == "none")
    }
}
