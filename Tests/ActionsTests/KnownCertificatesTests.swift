import Base
import Host
import TestSupport
import Testing

@testable import Actions

/// The certificates that the tasks of a plan use or make.
@Suite(.temporaryDirectory, .timeLimit(.minutes(5)))
struct KnownCertificatesTests {
    @Test func `they are found in files, in kubeconfigs, and in files that kubeconfigs name, each once`() async throws {
        let authority = try TestAuthority()
        // The files exist as long as it does.
        defer { withExtendedLifetime(authority) {} }
        let client = try authority.issue("client", validity: .daysAndAHalf(3))
        let bundle = try authority.makeSelfSigned("other", subject: "/CN=other", names: ["DNS:other"])
        let tasks = """
            cluster: {servers: "https://h:6443", certificateAuthority: \(authority.certificatePath)}
            tasks:
              inline:
                kubeconfig:
                  {path: /etc/k, user: u, certificate: \(client.certificatePath), key: \(client.keyPath), credentials: inline}
              copy: {file: {path: /etc/copy.crt, source: \(bundle.certificatePath)}}
              text: {file: {path: /etc/text, content: x}}
              waits: {wait: {apiServer: k}}
            """
        try await withBench(tasks) { bench in
            let kubeconfig = """
                current-context: c
                contexts: [{name: c, context: {cluster: c, user: u}}]
                clusters: [{name: c, cluster: {server: "https://h:6443", certificate-authority: \(authority.certificatePath)}}]
                users: [{name: u, user: {client-certificate: own.crt, client-key: \(client.keyPath)}}]
                """
            try bench.write(kubeconfig, to: "k", mode: 0o600)
            let own = try FileSystem.read(client.certificatePath, limit: 10_000)
            try bench.write(String(decoding: own, as: UTF8.self), to: "own.crt")
            func found() -> [String] {
                KnownCertificates(files: bench.run.files, plan: bench.run.plan).all().map { certificate in
                    let path = certificate.path.replacing(authority.directory, with: "PKI")
                    return "\(path.replacing(bench.directory, with: "DIR")) \(certificate.subject)"
                }
            }
            let (ca, admin) = ("PKI/ca.crt CN=test-ca", "CN=kube-admin,O=system:masters")
            let before = [ca, "PKI/client.crt \(admin)", "PKI/other.crt CN=other", "DIR/own.crt \(admin)"]
            #expect(found() == before)
            #expect(try await bench.perform("inline") == "changed")
            #expect(try await bench.perform("copy") == "changed")
            let made = ["/etc/k CN=test-ca", "/etc/k \(admin)", "/etc/copy.crt CN=other"]
            #expect(Set(found()) == Set(before + made))
            #expect(found().count == before.count + made.count)
            let end = KnownCertificates(files: bench.run.files, plan: bench.run.plan).all().first {
                $0.path == client.certificatePath
            }
            #expect(end?.remainingDays(at: .now()) == 3)
        }
    }
}
