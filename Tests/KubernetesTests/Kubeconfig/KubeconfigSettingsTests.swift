import Base
import HTTP
import TestSupport
import Testing
@testable import Kubernetes

/// What a kubeconfig says beyond server and credentials.
extension KubeconfigTests {
    @Test(arguments: [
        (
            "server: http://192.0.2.2:6443", "token: t",
            "4:68: the server's URL is not encrypted: credentials would cross the network in the clear; "
                + "write 'server: https://192.0.2.2:6443'; http:// is for loopback addresses only"
        ),
        (
            "server: http://127.0.0.256", "token: t",
            "4:68: the server's URL is not encrypted: credentials would cross the network in the clear; "
                + "write 'server: https://127.0.0.256'; http:// is for loopback addresses only"
        ),
        (
            "server: http://127.0.0.1, proxy-url: 'http://u:MARKER@h'", "token: t",
            "4:97: the server's URL is not encrypted, and 'proxy-url' would get credentials in the clear; "
                + "remove 'proxy-url', or write 'server: https://127.0.0.1'"
        ),
        ("server: https://u:MARKER@h", "token: t", "4:68: the server's URL has a user or password in it"),
        ("server: 'https://h/?x=y'", "token: t", "4:68: the server's URL has a query or fragment"),
        (
            "server: https://h, proxy-url: 'ftp://u:MARKER@h'", "token: t",
            "4:90: 'proxy-url' is not the URL of a proxy; write 'proxy-url: http://HOST:PORT'"
        ),
        (
            "server: https://h, tls-servername: x", "token: t",
            "4:95: 'tls-servername' is not a key of a kubeconfig, so it would have no effect; "
                + "did you mean 'tls-server-name'?"
        ),
        (
            "server: https://h", "token: t, impersonate: x",
            "6:43: 'impersonate' is not a key of a kubeconfig, so it would have no effect; remove it"
        ),
        (
            "server: https://h", "token: t, as: u",
            "6:34: 'as' is not supported: a node's agent authenticates with a certificate or a token; "
                + "write 'client-certificate' and 'client-key', or 'tokenFile'"
        ),
    ])
    func `a setting that would have no effect or send credentials in the clear is refused`(
        cluster: String,
        user: String,
        line: String,
    ) {
        let text = config(cluster: cluster, user: user)
        let error = #expect(throws: Problems.self) { try read(text, path: "k") }
        #expect(error?.description == "k:\(line)")
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
        let client = APIClient(try HTTPClient(), kubeconfig: kubeconfig, credentials: credentials)
        let error = await #expect(throws: APIError.self) {
            try await client.find("/api/v1/namespaces/kube-system", until: .now + .seconds(600))
        }
        #expect(fake.server.requests.isEmpty)
        guard case .transport(let cause)? = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(cause.message.hasSuffix("(through proxy '127.0.0.1:\(port)')"))
        #expect(!"\(cause)".contains("MARKER"))
    }
}
