import Planning
import Testing

/// What a unit cannot reach: secrets that others create, what a program's links lead to, and other servers.
@Suite(.timeLimit(.minutes(5))) struct UnitReachTests {
    @Test func `a backslash, which systemd would take out twice, is hidden as a colon`() throws {
        let secret = #"  a: {file: {path: '/opt/a\b/tls.key', content: x, mode: "0600"}}"#
        #expect(
            try UnitViewTests.view(of: "exec: {command: ls}", among: secret) == [#"InaccessiblePaths="-/opt/a\\b""#]
        )
    }

    @Test(arguments: [
        ("/etc/wireguard/wg0.conf", "/etc/wireguard"), ("/etc/ssl/private/sub/a.key", "/etc/ssl/private"),
        ("/etc/credstore/a", "/etc/credstore"),
    ])
    func `a directory that the drop-in hides is closed before a task creates it`(path: String, closed: String) throws {
        let lines = try UnitViewTests.view(of: "exec: {command: ls}", among: UnitViewTests.secret("a", path))
        #expect(lines.contains("TemporaryFileSystem=\(closed):ro"), "\(lines)")
        #expect(!lines.contains("InaccessiblePaths=-\(closed)"), "\(lines)")
        // The rest of the drop-in's list.
        #expect(lines.contains("InaccessiblePaths=-/etc/shadow"), "\(lines)")
    }

    @Test func `who writes around the directory of the cluster's keys sees none, also before they exist`() throws {
        let secret = UnitViewTests.secret("a", "/etc/kubernetes/pki/x.key")
        let lines = try UnitViewTests.view(of: "exec: {command: ls, creates: /etc/kubernetes/x}", among: secret)
        #expect(lines.contains("TemporaryFileSystem=/etc/kubernetes/pki:ro"), "\(lines)")
    }

    @Test(arguments: [
        ("/opt/vend/a/b/key", ["/opt/vend/a"]), ("/opt/vend/a/key", []),
        ("/opt/vend/a/b/c/key", ["/opt/vend/a", "/opt/vend/a/b"]),
    ])
    func `a directory above a secret cannot be renamed`(secret: String, pinned: [String]) throws {
        let lines = try UnitViewTests.view(
            of: "exec: {command: ls, writes: [/opt/vend/]}",
            among: UnitViewTests.secret("a", secret)
        )
        #expect(lines.filter { $0.hasPrefix("BindPaths=") } == pinned.map { "BindPaths=-\($0)" })
        #expect(
            try UnitViewTests.view(of: "exec: {command: ls, writes: [/]}", among: UnitViewTests.secret("a", secret))
                .contains {
                    $0.hasPrefix("BindPaths=")
                } == false
        )
    }

    @Test func `a link that a program may have made opens nothing`() throws {
        let links = [
            "/etc/app/token": ["/etc/caprivate/ca.key"], "/etc/app": ["/data/app"], "/etc/other/token": ["/srv/other"],
        ]
        let lines = try UnitViewTests.view(
            of: "exec: {command: ls, reads: [/etc/app/token, /etc/other/token]}",
            among: "  maker: {exec: {command: ls, creates: /etc/app/done}}",
            links: links
        )
        let bound = ["/data/app/token", "/etc/app/token", "/etc/other/token", "/srv/other"]
        #expect(lines.filter { $0.hasPrefix("Bind") }.sorted() == bound.map { "BindReadOnlyPaths=-\($0)" })
    }

    @Test func `state and secrets behind a link to another disk are out of sight`() throws {
        let links = [
            "/var/lib/site/keys/a.key": ["/data/site/keys/a.key"], "/var/lib/rancher": ["/data/rancher"],
            "/var/lib/etcd": ["/data"],
        ]
        let secret = UnitViewTests.secret("a", "/var/lib/site/keys/a.key")
        let lines = try UnitViewTests.view(of: "exec: {command: ls}", among: secret, links: links)
        #expect(lines == ["TemporaryFileSystem=/data/site/keys:ro", "InaccessiblePaths=-/data/rancher"])
    }

    @Test func `a program that ignores the permissions of files sees only what its task names`() throws {
        let task = "exec: {command: ls, capabilities: [CAP_DAC_OVERRIDE], reads: [/srv/own]}"
        #expect(
            try UnitViewTests.view(of: task, among: "  a: {exec: {command: ls}}").contains("TemporaryFileSystem=/:ro")
        )
    }

    @Test func `a task that talks to an API server by its address reaches no other address`() throws {
        let kubeconfigs = [("v4", "https://127.0.0.1:6443"), ("v6", "https://[fd00::1]"), ("name", "https://a.b:6443")]
        let text = kubeconfigs.map { name, server in
            """
              \(name):
                kubeconfig: {path: /etc/\(name), user: u, certificate: /c, key: /k, certificateAuthority: /ca, server: "\(server)"}
              uses-\(name): {after: [\(name)], apply: {manifests: [/m]}}
            """
        }
        let files = try UnitsTests.files("tasks:\n\(text.joined(separator: "\n"))")
        let lines = { (task: String) in
            (files["k8s-bootstrap-\(task).service.d/50-privileges.conf"] ?? "").split(separator: "\n").map(String.init)
                .filter { $0.hasPrefix("IPAddress") }
        }
        #expect(lines("uses-v4") == ["IPAddressDeny=any", "IPAddressAllow=127.0.0.1"])
        #expect(lines("uses-v6") == ["IPAddressDeny=any", "IPAddressAllow=fd00::1"])
        #expect(lines("uses-name") == [])
    }
}
