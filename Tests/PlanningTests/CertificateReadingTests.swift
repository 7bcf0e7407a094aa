import Base
import Planning
import Testing

/// Section `certificates` of the task file.
@Suite(.timeLimit(.minutes(15))) struct CertificateReadingTests {
    private static let cluster = """
        nodes:
          cp1: {role: control-plane, variables: {address: 192.168.0.10}}
          w1: {role: worker, variables: {address: 192.168.0.11}}
        variables: {domain: cluster.local}

        """

    private static let head = """
        certificates:
          directory: secrets/certs
          hostKeys: ../keys
          recipients: [\(RecipientTests.age), \(RecipientTests.ssh) me]
          authority: {name: k8s, commonName: The CA}

        """

    private static let leaves = """
          leaves:
            kubelet:
              commonName: system:node:${node.name}
              organization: [system:nodes, "${node.role}"]
              names: ["${node.name}", "${address}", 127.0.0.1, "a.${domain}", "${node.name}"]
              usages: [client auth, server auth]
              validity: 24h
              key: ecdsa-p256
              renewBefore: 1h
              owner: etcd
              mode: "0440"
            admin: {roles: [control-plane], commonName: admin, usages: [client auth]}
        """

    private func read(_ texts: String...) throws -> CertificateDeclarations? {
        let files = texts.enumerated().map { SourceFile(path: "/c/\($0).yaml", bytes: Array($1.utf8)) }
        return try readCertificates(files, hostName: "operator")
    }

    private func problems(_ text: String) -> String {
        do {
            _ = try read(text)
            return ""
        } catch {
            return "\(error)".replacing("/c/0.yaml:", with: "")
        }
    }

    @Test func `every node has the certificates of its role, with its own values`() throws {
        let certificates = try #require(try read(Self.cluster + Self.head + Self.leaves))
        #expect(certificates.directory.path == "/c/secrets/certs")
        #expect(certificates.hostKeys.path == "/keys")
        #expect(certificates.recipients.map(\.comment) == [nil, "me"])
        #expect(certificates.authority.commonName == "The CA")
        #expect(certificates.authority.validity == .seconds(87_600 * 3600))
        #expect(certificates.nodes == ["cp1", "w1"])
        #expect(certificates.leaves.map { "\($0.node)/\($0.name)" } == ["cp1/kubelet", "cp1/admin", "w1/kubelet"])
        let kubelet = certificates.leaves[2]
        #expect(kubelet.commonName == "system:node:w1")
        #expect(kubelet.organizations == ["system:nodes", "worker"])
        #expect(kubelet.names.map(\.description) == ["w1", "192.168.0.11", "127.0.0.1", "a.cluster.local"])
        #expect(kubelet.usages == [.clientAuth, .serverAuth])
        #expect(kubelet.validity == .seconds(24 * 3600))
        #expect(kubelet.renewBefore == .seconds(3600))
        #expect(kubelet.key == .p256)
        #expect((kubelet.owner, kubelet.group, kubelet.mode) == ("etcd", "etcd", 0o440))
        let admin = certificates.leaves[1]
        #expect(admin.organizations == [] && admin.key == .rsa2048)
        #expect(admin.validity == .seconds(8760 * 3600) && admin.renewBefore == .seconds(720 * 3600))
        #expect((admin.owner, admin.group, admin.mode) == ("root", "root", 0o400))
    }

    @Test func `defaults are for certificates without values of their own`() throws {
        let defaults = """
              defaults: {organization: nest, validity: 30h, key: ed25519, renewBefore: 20h, owner: kube, group: g, mode: "0600"}

            """
        let certificates = try #require(try read(Self.cluster + Self.head + defaults + Self.leaves))
        #expect(certificates.authority.organizations == ["nest"])
        #expect(certificates.authority.key == .ed25519)
        let admin = certificates.leaves[1]
        #expect(admin.organizations == ["nest"])
        #expect(admin.key == .ed25519)
        #expect(admin.validity == .seconds(30 * 3600))
        #expect(admin.renewBefore == .seconds(10 * 3600))
        #expect((admin.owner, admin.group, admin.mode) == ("kube", "g", 0o600))
        #expect(certificates.leaves[0].group == "etcd")
    }

    @Test func `no default lets every user use the keys`() {
        let printed = problems(Self.cluster + Self.head + "  defaults: {mode: '0604'}\n" + Self.leaves)
        #expect(
            printed.hasSuffix(
                "'certificates.defaults.mode' is 0604, with which every user can use the key; write mode: 0600"
            )
        )
    }

    @Test func `a drop-in replaces entries, certificates one by one, and switches them off`() throws {
        let dropIn = """
            certificates:
              directory: other
              leaves:
                admin: {enable: false}
                proxy: {roles: [worker], commonName: proxy, usages: [client auth]}
            """
        let certificates = try #require(try read(Self.cluster + Self.head + Self.leaves, dropIn))
        #expect(certificates.directory.path == "/c/other")
        #expect(certificates.leaves.map { "\($0.node)/\($0.name)" } == ["cp1/kubelet", "w1/kubelet", "w1/proxy"])
    }

    @Test func `a file needs neither certificates nor, with certificates, tasks`() throws {
        #expect(try read("tasks: {t: {exec: {command: ls}}}") == nil)
        #expect(try read(Self.cluster + Self.head + Self.leaves) != nil)
    }

    @Test func `mistakes are found where the tasks are read, too`() {
        let text = Self.cluster + Self.head + "  leaves: {admin: {commonName: a, usages: [clientauth]}}\ntasks: {}\n"
        let printed = PlanningTests.problems(text, host: "cp1")
        #expect(printed.contains("an item of 'usages' of certificate 'admin' must be"), "\(printed)")
    }

    @Test(arguments: [
        ("{commonName: a}", "'usages' of certificate 'x' is missing"),
        ("{commonName: a, usages: []}", "'usages' of certificate 'x' is empty"),
        ("{usages: [client auth]}", "'commonName' of certificate 'x' is missing"),
        ("{commonName: a, usages: [server auth]}", "certificate 'x' is for 'server auth' and has no names, so every"),
        ("{commonName: a, usages: [client auth], names: [10.0.0.300]}", "an item of 'names'… found '10.0.0.300'"),
        ("{commonName: a, usages: [client auth], names: ['https://api:6443']}", "an item of 'names'… DNS name"),
        ("{commonName: a, usages: [client auth], validity: 365d}", "'validity' of certificate 'x' must be a duration"),
        ("{commonName: a, usages: [client auth], validity: 2h, renewBefore: 3h}", "'renewBefore'… is 3h, not less"),
        ("{commonName: a, usages: [client auth], key: rsa2048}", "'key'… must be 'rsa-2048', 'rsa-3072', 'rsa-4096',"),
        ("{commonName: a, usages: [client auth], mode: '0644'}", "'mode' of certificate 'x' is 0644"),
        ("{commonName: a, usages: [client auth], roles: [wroker]}", "an item of 'roles'… is 'wroker'"),
        ("{commonName: a, usages: [client auth], sans: [a]}", "unknown key 'sans' in certificate 'x'"),
        ("{commonName: '\(String(repeating: "n", count: 70))', usages: [client auth]}", "'commonName'… must be a text"),
        ("{commonName: '${nosuch}', usages: [client auth]}", "no variable is named 'nosuch'"),
        ("x", "certificate 'x' must be a mapping, found 'x'"),
    ])
    func `a mistake in a certificate is reported once, with what to write`(leaf: String, message: String) {
        let lines = problems(Self.cluster + Self.head + "  leaves:\n    x: \(leaf)\n").split(separator: "\n")
        #expect(lines.count == 1, "\(lines)")
        #expect(isReported("\(lines.first?.drop { $0 != " " }.dropFirst() ?? "")", message), "\(lines)")
        #expect(lines.first?.hasPrefix("11:") == true, "\(lines)")
    }

    @Test(arguments: [
        ("recipients: [age1abc]", "an item of 'certificates.recipients' must be a recipient of age"),
        ("recipients: [AGE-SECRET-KEY-1ABC]", "must be a recipient of age, and this one is a private key"),
        ("recipients: []", "'certificates.recipients' has no recipient"),
        ("authority: {name: K8s, commonName: x}", "'certificates.authority.name' must be a name of lower-case letters"),
        ("authority: {commonName: x}", "'certificates.authority.name' is missing"),
        ("defaults: {validity: 0s}", "'certificates.defaults.validity' must be a duration above zero and up to "),
        ("directory: .", "'certificates.directory' '/c' contains the task file, and "),
        ("directory: ../keys/", "'certificates.directory' '/keys' contains the keys of the nodes, and "),
        ("dirctory: x", "unknown key 'dirctory' in 'certificates'"),
    ])
    func `a mistake in the section is reported once, with what to write`(entry: String, message: String) {
        let key = entry.prefix { $0 != ":" }
        let head = Self.head.split(separator: "\n").filter { !$0.hasPrefix("  \(key):") }.joined(separator: "\n")
        let text = problems(Self.cluster + head + "\n  \(entry)\n" + Self.leaves)
        #expect(text.split(separator: "\n").count == 1, "\(text)")
        #expect(text.contains(message), "\(text)")
    }

    @Test func `missing entries are reported, with what to add`() {
        let text = problems("nodes: {a: {role: worker}}\ncertificates: {defaults: {}}")
        for key in ["directory", "hostKeys", "recipients", "authority", "leaves"] {
            #expect(text.contains("'certificates.\(key)' is missing; add \(key): "), "\(text)")
        }
    }

    @Test func `nodes are needed, and their names are those of directories`() {
        let head = Self.head + "  leaves: {}\n"
        #expect(problems(head).contains("no node is declared, so there are no certificates"))
        let address = problems("nodes: {10.0.0.1: {role: worker}}\n" + head)
        #expect(address.contains("'10.0.0.1' cannot be the host name of a node with certificates"))
        let path = problems("nodes: {a/b: {role: worker}}\n" + head)
        #expect(path.contains("'a/b' cannot be the name of a host; "), "\(path)")
        #expect(!path.contains("of a node with certificates"), "\(path)")
    }

    @Test func `a variable of other nodes has no value`() {
        let nodes = "nodes: {a: {role: worker, variables: {address: 10.0.0.1}}, b: {role: worker}}\n"
        let leaf = "  leaves: {x: {commonName: '${address}', usages: [client auth]}}\n"
        #expect(problems(nodes + Self.head + leaf).contains("it is a variable of other nodes, not of 'b'; write"))
    }
}

/// Recipients of age and SSH.
@Suite(.timeLimit(.minutes(15))) struct RecipientTests {
    static let age = "age1tuqanuqh7dg38aswy3mc4tj7300fxqhecvep60lygawx4dez53gs5t6yam"
    static let ssh = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICt7r8zsD2vS8RtxVQMjZBCIgY9qqyDyxWqiqmnQkKHv"

    @Test func `keys of age and of SSH are read`() throws {
        let own = try Recipient(Self.age)
        #expect(own.kind == .age)
        #expect(own.text == Self.age)
        let host = try Recipient("  \(Self.ssh)   root@worker of a rack\n")
        #expect(host.text == Self.ssh)
        #expect(host.comment == "root@worker of a rack")
        guard case .ssh(let bytes) = host.kind else { throw RecipientTests.Failure() }
        #expect(bytes.count == 51)
        #expect(try Recipient(Self.ssh).comment == nil)
    }

    private struct Failure: Error {}

    @Test(arguments: [
        ("", "is empty"), ("worker", "begins neither with 'age1' nor with 'ssh-ed25519 '"),
        (String(age.dropLast()), "is not a complete age key"), ("age1yubikey1qqqq", "is not a complete age key"),
        ("AGE-SECRET-KEY-1QQQ", "is a private key"), ("-----BEGIN OPENSSH PRIVATE KEY-----", "is a private key"),
        ("ssh-ed25519", "has no key after 'ssh-ed25519'"), ("ssh-rsa AAAA", "is an SSH key of another type"),
        ("ssh-ed25519 AAAA", "is not a complete SSH key of type ed25519"),
        (String(ssh.dropLast(4)), "is not a complete SSH key of type ed25519"),
    ])
    func `what is not a complete key is refused`(text: String, message: String) {
        let fault = #expect(throws: Problem.self) { try Recipient(text) }
        #expect(fault?.message == message)
    }
}
