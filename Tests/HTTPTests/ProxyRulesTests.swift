import Testing

@testable import HTTP

@Suite(.timeLimit(.minutes(30)))
struct ProxyRulesTests {
    private func proxy(_ environment: [String: String], _ scheme: String, _ host: String) -> String? {
        ProxyRules { environment[$0] }.proxy(scheme: scheme, host: host)
    }

    @Test(
        arguments: [
            (["http_proxy": "p"], "http", "p"),
            (["HTTP_PROXY": "p"], "http", nil),
            (["http_proxy": "p"], "https", nil),
            (["https_proxy": "p"], "https", "p"),
            (["HTTPS_PROXY": "p"], "https", "p"),
            (["https_proxy": "lower", "HTTPS_PROXY": "upper"], "https", "lower"),
            (["all_proxy": "p"], "http", "p"),
            (["ALL_PROXY": "p"], "https", "p"),
            (["https_proxy": "", "ALL_PROXY": "p"], "https", "p"),
            ([:], "https", nil),
        ] as [([String: String], String, String?)]
    )
    func `the environment names the proxy of a scheme`(environment: [String: String], scheme: String, expected: String?)
    {
        #expect(proxy(environment, scheme, "example.org") == expected)
    }

    @Test func `the variables in force are named`() {
        let rules = ProxyRules { ["all_proxy": "p", "HTTPS_PROXY": "q", "no_proxy": "x"][$0] }
        #expect(rules.variables(scheme: "https") == ProxyVariables(proxy: "HTTPS_PROXY", exceptions: "no_proxy"))
        #expect(rules.variables(scheme: "http") == ProxyVariables(proxy: "all_proxy", exceptions: "no_proxy"))
        #expect(ProxyRules(environment: { _ in nil }).variables(scheme: "http") == nil)
    }

    @Test func `a proxy that does not speak the protocol of its URL gets the other scheme`() {
        var error = TransportError(.proxyProtocol, "proxy 'p:3128' does not speak TLS", address: "10.0.0.1:6443")
        (error.proxy, error.isProxySecure) = ("p:3128", true)
        #expect(error.advice(proxySetting: "'proxy-url' (k:1:2)") == "write http://p:3128 in 'proxy-url' (k:1:2)")
        (error.message, error.isProxySecure) = ("proxy 'p:3128' does not answer in HTTP", false)
        #expect(error.advice?.contains("write https://p:3128 if it speaks TLS, or socks5://p:3128 if") == true)
    }

    @Test func `a refusal of a proxy is explained by its status and program`() {
        func advice(_ status: Int, _ programs: [String] = [], port: String = "6443") -> String? {
            var error = TransportError(.refusedByProxy, "", address: "h:\(port)")
            (error.proxyStatus, error.proxyPrograms, error.proxy) = (status, programs, "p:3128")
            return error.advice(proxySetting: "'proxy-url' (k:1:2)")
        }
        #expect(advice(403, ["squid/5.7"])?.contains("acl SSL_ports port 6443), or remove 'proxy-url' (k:1:2)") == true)
        #expect(
            advice(403, ["squid/5.7"], port: "443")?.hasPrefix("let the proxy of 'proxy-url' (k:1:2) connect") == true
        )
        #expect(advice(407)?.hasSuffix("http://USER:PASSWORD@p:3128") == true)
        #expect(advice(503)?.contains("see the proxy's log") == true)
    }

    @Test(arguments: ["localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.9.9.9", "[::1]"])
    func `this machine is reached directly`(host: String) {
        #expect(proxy(["all_proxy": "p"], "https", host) == nil)
    }

    @Test(arguments: [
        ("*", "example.org"), ("example.org", "example.org"), ("example.org", "www.EXAMPLE.org"),
        (".example.org", "example.org"), ("example.org.", "www.example.org"), ("a, example.org", "example.org"),
        ("a example.org", "example.org"), ("10.0.0.1", "10.0.0.1"), ("10.0.0.0/8", "10.1.2.3"),
        ("192.168.0.0/23", "192.168.1.9"), ("fd00::/8", "[fd12::1]"), ("[fd00::1]", "[fd00::1]"),
        ("0.0.0.0/0", "8.8.8.8"),
    ])
    func `an exception covers a host`(exceptions: String, host: String) {
        #expect(proxy(["all_proxy": "p", "NO_PROXY": exceptions], "https", host) == nil)
    }

    @Test(arguments: [
        ("", "example.org"), ("ample.org", "example.org"), ("example.org", "example.org.evil"),
        ("10.0.0.1", "10.0.0.10"),
        ("10.0.0.0/8", "11.0.0.1"), ("192.168.0.0/23", "192.168.2.1"), ("10.0.0.0/33", "10.0.0.0"), ("10", "10.0.0.1"),
        ("fd00::/8", "10.0.0.1"), (".", "example.org"), ("*,a", "example.org"),
    ])
    func `an exception leaves other hosts alone`(exceptions: String, host: String) {
        #expect(proxy(["all_proxy": "p", "no_proxy": exceptions], "https", host) == "p")
    }
}
