import Base
import HTTP
@testable import Kubernetes
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(15)))
struct KubeconfigTests {
    func read(_ text: String, path: String = "/etc/kubernetes/a.kubeconfig") throws(Problems) -> Kubeconfig {
        try Kubeconfig(Array(text.utf8), path: path)
    }

    func config(
        cluster: String = "server: https://h:6443",
        user: String = "token: t",
        context: String = "cluster: c, user: u",
        current: String = "x",
    ) -> String {
        """
        apiVersion: v1
        kind: Config
        current-context: \(current)
        clusters: [{name: other, cluster: {}}, {name: c, cluster: {\(cluster)}}]
        users:
        - {name: u, user: {\(user)}}
        contexts: [{name: x, context: {\(context)}}, {name: production, context: {cluster: c, user: u}}]
        """
    }

    @Test func `the current context is read`() throws {
        let cluster = "server: 'https://h:6443/', certificate-authority: ca.crt, tls-server-name: kubernetes"
        let user = "client-certificate: ../pki/a.crt, client-key: /pki/a.key"
        let kubeconfig = try read(config(cluster: cluster, user: user, context: "cluster: c, user: u, namespace: apps"))
        #expect(kubeconfig.server == "https://h:6443")
        #expect(kubeconfig.address == "h:6443")
        #expect(kubeconfig.certificateAuthority == .file("/etc/kubernetes/ca.crt"))
        #expect(kubeconfig.serverName == "kubernetes")
        #expect(kubeconfig.user == "u")
        #expect(kubeconfig.clientCertificate == .file("/etc/kubernetes/../pki/a.crt"))
        #expect(kubeconfig.clientKey == .file("/pki/a.key"))
        #expect(kubeconfig.token == nil)
        #expect(kubeconfig.namespace == "apps")
    }

    @Test func `inline data wins over a path, a token file over a token`() throws {
        let cluster = "server: https://h, certificate-authority: ca.crt, certificate-authority-data: QUJD"
        let kubeconfig = try read(config(cluster: cluster, user: "token: t, tokenFile: token"), path: "a.kubeconfig")
        #expect(kubeconfig.certificateAuthority == .data(Array("ABC".utf8)))
        #expect(kubeconfig.token == .file("token"))
        #expect(kubeconfig.namespace == "default")
    }

    @Test func `empty settings count as left out, and base64 may have line breaks`() throws {
        let cluster = "server: https://h, certificate-authority: '', certificate-authority-data: \"QU\\nJD\\n\""
        let kubeconfig = try read(
            config(
                cluster: cluster,
                user: "token: t, tokenFile: '', client-certificate: null, exec: null",
                context: "cluster: c, user: u, namespace: ''",
            )
        )
        #expect(kubeconfig.certificateAuthority == .data(Array("ABC".utf8)))
        #expect(kubeconfig.token == .data(Array("t".utf8)))
        #expect(kubeconfig.namespace == "default")
    }

    @Test(arguments: [
        ("", "k:1:1: the file is empty, not a kubeconfig"),
        ("- a", "k: is not a kubeconfig: expected a mapping"),
        ("contexts: [{name: x}]", "k:1:1: no current context is set; write 'current-context: x'"),
        ("current-context: 7", "k:1:18: 'current-context' is a number, not a string; write it in quotes"),
        ("current-context: ''", "k:1:18: no current context is set; write 'current-context: default'"),
        ("current-context: x", "k:1:18: 'contexts' has no entry 'x'; add one"),
    ])
    func `a file that is not a kubeconfig is refused`(text: String, line: String) {
        let error = #expect(throws: Problems.self) { try read(text, path: "k") }
        #expect(error?.description == line)
    }

    @Test(arguments: [
        (
            "", "token: t", "cluster: c, user: u", "prodction",
            [
                "3:18: 'contexts' has no entry 'prodction'; did you mean 'production'?"
            ]
        ),
        (
            "server: https://h", "token: t", "cluster: d", "x",
            [
                "7:31: context 'x' has no user; write 'user: NAME'",
                "7:41: 'clusters' has no entry 'd'; there is 'other', 'c'",
            ]
        ),
        (
            "", "token: t", "cluster: c, user: u", "x",
            [
                "4:59: the cluster has no server URL; write 'server: https://HOST:6443'"
            ]
        ),
        (
            "server: h:6443", "token: t", "cluster: c, user: u", "x",
            [
                "4:68: server 'h:6443' does not begin with 'https://'; write 'server: https://HOST:6443'"
            ]
        ),
        (
            "server: https://h, insecure-skip-tls-verify: true", "token: t", "cluster: c, user: u", "x",
            [
                "4:105: the server's certificate would not be verified; "
            ]
        ),
        (
            "server: https://h, certificate-authority-data: '%'", "token: 7", "cluster: c, user: u", "x",
            [
                "4:107: 'certificate-authority-data' is not base64: it has other characters; encode it with 'base64 -w0'",
                "6:27: 'token' is a number, not a string; write it in quotes",
            ]
        ),
    ])
    func `all faults of a kubeconfig are reported at once`(
        cluster: String,
        user: String,
        context: String,
        current: String,
        lines: [String],
    ) {
        let text = config(cluster: cluster, user: user, context: context, current: current)
        let error = #expect(throws: Problems.self) { try read(text, path: "k") }
        #expect(error?.all.count == lines.count)
        for (problem, line) in zip(error?.all ?? [], lines) {
            #expect(problem.description.hasPrefix("k:\(line)"), "\(problem)")
        }
    }

    @Test(arguments: ["with: colon", "'\"\\", "a\nb", "ü ☃", "1e3", ""])
    func `a rendered kubeconfig is read back whatever its names hold`(name: String) throws {
        let text = Kubeconfig.text(
            cluster: name,
            server: "https://127.0.0.1:6443",
            user: name,
            context: name.isEmpty ? "x" : name,
            namespace: name,
            credentials: .paths(certificateAuthority: "/ca\(name)", certificate: "/crt\(name)", key: "/key\(name)"),
        )
        let kubeconfig = try read(text)
        #expect(kubeconfig.server == "https://127.0.0.1:6443")
        #expect(kubeconfig.user == name)
        #expect(kubeconfig.namespace == (name.isEmpty ? "default" : name))
        #expect(kubeconfig.certificateAuthority == .file("/ca\(name)"))
        #expect(kubeconfig.clientCertificate == .file("/crt\(name)"))
        #expect(kubeconfig.clientKey == .file("/key\(name)"))
    }

    @Test func `a rendered kubeconfig may hold its credentials`() throws {
        let text = Kubeconfig.text(
            cluster: "c",
            server: "https://h",
            user: "u",
            context: "x",
            namespace: nil,
            credentials: .inline(certificateAuthority: [1, 2, 3], certificate: [4], key: []),
        )
        let kubeconfig = try read(text)
        #expect(kubeconfig.certificateAuthority == .data([1, 2, 3]))
        #expect(kubeconfig.clientCertificate == .data([4]))
    }
}

/// What a kubeconfig says beyond server and credentials.
extension KubeconfigTests {
    @Test(arguments: [
        (
            "server: http://192.0.2.2:6443", "token: t",
            "4:68: the server's URL is not encrypted: credentials would cross"
        ),
        ("server: http://127.0.0.256", "token: t", "4:68: the server's URL is not encrypted: credentials would cross"),
        (
            "server: http://127.0.0.1, proxy-url: 'http://u:MARKER@h'", "token: t",
            "4:68: the server's URL is not encrypted: credentials would cross"
        ),
        ("server: https://u:MARKER@h", "token: t", "4:68: the server's URL has a user or password in it"),
        ("server: https://h, proxy-url: 'ftp://u:MARKER@h'", "token: t", "4:90: 'proxy-url' is not the URL of a proxy"),
        ("server: https://h", "token: t, as: u", "6:34: 'as' is not supported"),
        ("server: https://h", "exec: {command: aws}", "6:26: 'exec' is not supported"),
    ])
    func `a setting that is not supported or would send credentials in the clear is refused`(
        cluster: String,
        user: String,
        line: String,
    ) {
        let text = config(cluster: cluster, user: user)
        let error = #expect(throws: Problems.self) { try read(text, path: "k") }
        #expect(error?.description.hasPrefix("k:\(line)") == true, "\(String(describing: error))")
        #expect(error?.description.contains("MARKER") == false)
    }

    @Test(arguments: ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:1"])
    func `a server on loopback needs no encryption`(server: String) throws {
        #expect(try read(config(cluster: "server: '\(server)'")).server == server)
    }

    @Test func `a proxy is read, and what other programs write for themselves is ignored`() throws {
        let cluster = "server: https://h, proxy-url: 'socks5://p:1080', disable-compression: true, extensions: []"
        let kubeconfig = try read(config(cluster: cluster, user: "token: t"))
        #expect(kubeconfig.proxy == "socks5://p:1080")
    }

    @Test func `the proxy of a kubeconfig is used, also for a server on loopback`() async throws {
        let fake = try FakeAPIServer { _ in nil }
        let port = try freePort()
        let cluster = "server: '\(fake.server.url)', proxy-url: 'http://u:MARKER@127.0.0.1:\(port)'"
        let kubeconfig = try read(config(cluster: cluster))
        let credentials = try Credentials(kubeconfig) { _ in [] }
        let client = APIClient(HTTPClient(), kubeconfig: kubeconfig, credentials: credentials)
        let error = await #expect(throws: APIError.self) {
            try await client.find("/api/v1/namespaces/kube-system", until: .now + .seconds(600))
        }
        #expect(fake.server.requests.isEmpty)
        guard case .transport(let cause)? = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(cause.message.hasSuffix("(through proxy '127.0.0.1:\(port)')"))
        #expect(!"\(cause)".contains("MARKER"))
    }
}
