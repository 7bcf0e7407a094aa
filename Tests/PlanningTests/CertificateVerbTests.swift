import Base
import Planning
import Testing

/// How verb `certificate` is read.
@Suite(.timeLimit(.minutes(15))) struct CertificateVerbTests {
    private static let section = """
        nodes: {node: {role: control-plane, variables: {address: 10.0.0.1}}}
        certificates:
          directory: certs
          hostKeys: keys
          recipients: [\(RecipientTests.age)]
          authority: {name: k8s, commonName: The CA}
          defaults: {organization: home, key: ecdsa-p256, owner: kubernetes, mode: "0440"}
          leaves:
            kubelet:
              roles: [control-plane]
              commonName: "system:node:${node.name}"
              organization: system:nodes
              names: ["${node.name}", "${address}"]
              usages: [server auth, client auth]
              validity: 24h
              owner: root

        """

    private static let authority = "ca: {certificate: /ca.crt, key: /ca.key}"

    private func task(_ more: String) -> String {
        "tasks: {t: {certificate: {path: /a.crt, key: /a.key, \(more)}}}\n"
    }

    private func certificate(_ text: String) throws -> CertificateDeclaration {
        let verb = try declarations(text).tasks.first?.verb.declaration
        return try #require(verb as? CertificateDeclaration)
    }

    @Test func `a certificate of the section has the values of this node`() throws {
        let certificate = try certificate(Self.section + task("leaf: kubelet, \(Self.authority)"))
        #expect(certificate.leaf.commonName == "system:node:node")
        #expect(certificate.leaf.organizations == ["system:nodes"])
        #expect(certificate.leaf.names.map(\.description) == ["node", "10.0.0.1"])
        #expect(certificate.leaf.usages == [.serverAuth, .clientAuth])
        #expect(certificate.leaf.validity == .seconds(24 * 3600))
        #expect(certificate.leaf.renewBefore == .seconds(8 * 3600))
        #expect(certificate.leaf.key == .p256)
        #expect((certificate.leaf.owner, certificate.leaf.group, certificate.leaf.mode) == ("root", "root", 0o440))
        guard case .authority(let authority, let key) = certificate.issuer else {
            Issue.record("\(certificate.issuer)")
            return
        }
        #expect((authority.path, key.path) == ("/ca.crt", "/ca.key"))
    }

    @Test func `a certificate of the task has the defaults of the section, if there is one`() throws {
        let text = task("leaf: {commonName: a, usages: [client auth]}, signer: example.org/a, kubeconfig: /k")
        let with = try certificate(Self.section + text).leaf
        #expect((with.organizations, with.key, with.owner, with.mode) == (["home"], .p256, "kubernetes", 0o440))
        let certificate = try certificate(text)
        let without = certificate.leaf
        #expect((without.organizations, without.key, without.owner, without.mode) == ([], .rsa2048, "root", 0o400))
        #expect(without.validity == .seconds(8760 * 3600))
        #expect(certificate.issuer == .signer("example.org/a"))
        #expect(certificate.kubeconfig.path == "/k")
    }

    @Test(
        arguments: [
            ("leaf: kublet, \(authority)", "'certificate.leaf'… is 'kublet', which is not in 'certificates.leaves'"),
            ("leaf: {commonName: a, enable: true}, \(authority)", "'certificate.leaf.usages' of task 't' is missing"),
            (
                "leaf: {commonName: a, usages: [client auth], enable: true}, \(authority)",
                "unknown key 'enable' in 'certificate.leaf' of task 't'",
            ),
            (
                "leaf: {commonName: a, usages: [server auth]}, \(authority)",
                "'certificate.leaf' of task 't' is for 'server auth' and has no names, so every client would refuse it; "
                    + #"add names: ["${node.name}"]"#,
            ),
            ("leaf: kubelet", "'certificate' of task 't' must have one of 'ca' or 'signer'"),
            ("leaf: kubelet, \(authority), kubeconfig: /k", "'certificate.kubeconfig'… goes with 'signer' only"),
            ("leaf: kubelet, ca: {certificate: /c}", "'certificate.ca.key' of task 't' is missing"),
            (
                "leaf: kubelet, signer: kubelet-serving, kubeconfig: /k",
                "'certificate.signer'… must be the name of a signer"
            ),
            (
                "leaf: {commonName: a, usages: [client auth], mode: '0444'}, \(authority)",
                "'certificate.leaf.mode' of task 't' is 0444, with which every user can use the key",
            ),
        ]
    )
    func `a mistake is reported with what to type`(fields: String, expected: String) {
        let printed = problems(Self.section + task(fields)).split(separator: "\n")
        #expect(printed.contains { isReported("\($0)", "…: \(expected)") }, "\(printed)")
    }

    @Test func `certificate and key are two files`() {
        let leaf = "leaf: {commonName: a, usages: [client auth]}"
        let text = "tasks: {t: {certificate: {path: /a, key: /a, \(leaf), \(Self.authority)}}}\n"
        #expect(problems(text).contains("task 't' writes '/a', which task 't' writes as well"))
        let printed = problems("tasks: {t: {certificate: {path: /a, key: /b, leaf: x, \(Self.authority)}}}\n")
        #expect(printed.contains("which is not in 'certificates.leaves'; write leaf: and below it commonName: and"))
    }
}
