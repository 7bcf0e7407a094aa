import HTTP
import Testing

@testable import Kubernetes

@Suite(.timeLimit(.minutes(30)))
struct ForeignServerTests {
    private func recognised(
        port: UInt16 = 1,
        hasCertificate: Bool = false,
        _ answers: [String: String] = [:],
        headers: [HTTPHeader] = [],
        failure: TransportError? = nil,
    ) async -> String? {
        await ForeignServer.recognised(atPort: port, hasCertificate: hasCertificate) { path throws(TransportError) in
            if let failure { throw failure }
            let body = answers[path] ?? "404 page not found"
            return HTTPResponse(status: answers[path] == nil ? 404 : 200, headers: headers, body: Array(body.utf8))
        }?.description
    }

    @Test func `a program is recognised by an answer, a header or its usual port`() async {
        #expect(await recognised(["/version": #"{"etcdserver":"3.5.0"}"#]) == "etcd")
        let scheduler = ["/readyz?verbose": "[+]shutdown ok\n[+]sched-handler-sync ok\n"]
        #expect(await recognised(scheduler) == "kube-scheduler")
        let manager = ["/healthz?verbose": "[+]garbage-collector-controller ok\n"]
        #expect(await recognised(manager) == "kube-controller-manager")
        #expect(await recognised(["/-/ready": "Prometheus Server is Ready."]) == "Prometheus")
        #expect(await recognised(["/v1/sys/health": #"{"sealed":false}"#]) == "Vault")
        let registry = [HTTPHeader("Docker-Distribution-Api-Version", "registry/2.0")]
        #expect(await recognised(headers: registry) == "a container registry")
        #expect(await recognised(port: 10250) == "a kubelet, which usually has port 10250")
        let nginx = await recognised(headers: [HTTPHeader("Server", "nginx/1.24")])
        #expect(nginx == "'nginx/1.24', according to its header 'Server'")
        #expect(await recognised(headers: [HTTPHeader("Server", "")]) == nil)
    }

    @Test func `an API server is no other program`() async {
        #expect(await recognised(port: 2379, ["/version": #"{"gitVersion":"v1.36.2"}"#]) == nil)
        #expect(await recognised(port: 2379, ["/version": #"{"kind":"Status","code":401}"#]) == nil)
    }

    @Test func `a server that wants a certificate of every client is probably etcd`() async {
        let refused = TransportError(.clientCertificateRefused, "")
        let words = "probably etcd, and wants a client certificate of every client"
        #expect(await recognised(hasCertificate: true, failure: refused) == words)
        #expect(await recognised(failure: refused) == nil)
    }
}
