import Base
import HTTP
import Host
import Kubernetes
import TestSupport
import Testing

@testable import Actions

/// Verb `kubeconfig`, and what reads what it wrote.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct KubeconfigActionTests {
    /// Nobody listens at port 1.
    private func tasks(_ authority: String, _ client: TestAuthority.Issued, more: String = "") -> String {
        tasks(authority, client.certificatePath, client.keyPath, more: more)
    }

    private func tasks(_ authority: String, _ certificate: String, _ key: String, more: String = "") -> String {
        """
        cluster: {name: nest, servers: "https://127.0.0.1:1", certificateAuthority: \(authority)}
        tasks:
          admin:
            kubeconfig:
              path: /etc/admin.kubeconfig
              user: admin
              certificate: \(certificate)
              key: \(key)
              \(more)
        """
    }

    @Test func `a kubeconfig names its credentials by path, and is written once`() async throws {
        let authority = try TestAuthority()
        let client = try authority.issue("client")
        try await withBench(tasks(authority.certificatePath, client, more: "namespace: kube-system")) { bench in
            #expect(try await bench.perform("admin") == "changed")
            #expect(try await bench.perform("admin") == "unchanged")
            let location = "\(bench.directory)/root/etc/admin.kubeconfig"
            #expect(try FileSystem.status(location)?.mode == 0o600)
            let kubeconfig = try Kubeconfig(try readFile(location, limit: 10_000), path: location)
            #expect(kubeconfig.server == "https://127.0.0.1:1")
            #expect(kubeconfig.user == "admin")
            #expect(kubeconfig.namespace == "kube-system")
            #expect(kubeconfig.certificateAuthority == .file(authority.certificatePath))
            #expect(kubeconfig.clientCertificate == .file(client.certificatePath))
            #expect(kubeconfig.clientKey == .file(client.keyPath))
            try Files.setMode(location, 0o644)
            #expect(try await bench.perform("admin") == "changed")
            #expect(try FileSystem.status(location)?.mode == 0o600)
        }
    }

    @Test func `a kubeconfig holds its credentials where the task says so`() async throws {
        let authority = try TestAuthority()
        let client = try authority.issue("client")
        try await withBench(tasks(authority.certificatePath, client, more: "credentials: inline")) { bench in
            #expect(try await bench.perform("admin") == "changed")
            let bytes = try bench.run.files.read("/etc/admin.kubeconfig", limit: 100_000)
            let kubeconfig = try Kubeconfig(bytes, path: "k")
            #expect(kubeconfig.clientKey == .data(try readFile(client.keyPath, limit: 10_000)))
            #expect(
                kubeconfig.certificateAuthority == .data(try readFile(authority.certificatePath, limit: 10_000))
            )
        }
    }

    @Test func `nothing is written, and an old file stays, while a credential is at fault`() async throws {
        let authority = try TestAuthority()
        let client = try authority.issue("client")
        let expired = try authority.issue("expired", validity: .past)
        let garbage = try authority.write("no PEM", to: "garbage")
        let faults: [(certificate: String, key: String, words: String)] = [
            (authority.path("none"), client.keyPath, "No such file or directory; put the file"),
            (client.certificatePath, expired.keyPath, "does not belong to certificate"),
            (expired.certificatePath, expired.keyPath, "expired"),
            (garbage, client.keyPath, "contains no PEM block"),
            (client.certificatePath, garbage, "name the file of the private key as PEM"),
        ]
        for (certificate, key, words) in faults {
            try await withBench(tasks(authority.certificatePath, certificate, key)) { bench in
                let message = try await bench.perform("admin")
                #expect(message.contains(words), "\(message)")
                #expect(try FileSystem.exists("\(bench.directory)/root/etc") == false)
                try bench.write("old", to: "root/etc/admin.kubeconfig")
                _ = try await bench.perform("admin")
                #expect(try bench.read("root/etc/admin.kubeconfig") == "old")
                #expect(try FileSystem.list("\(bench.directory)/root/etc") == ["admin.kubeconfig"])
                try FileSystem.removeTree("\(bench.directory)/root")
                #expect(await bench.problems().count == 1)
            }
        }
    }

    @Test func `a certificate that is not valid yet is waited for by its name`() async throws {
        let authority = try TestAuthority()
        let client = try authority.issue("client")
        let certificate = CredentialFile(name: "a.crt", bytes: try Files.read(client.certificatePath))
        let key = CredentialFile(name: "a.key", bytes: try Files.read(client.keyPath))
        try await withBench(tasks(authority.certificatePath, client)) { bench in
            // The clock is set after the first check.
            var check = CredentialCheck(now: Timestamp(seconds: 0))
            let valid = try await awaitValidity(try bench.context("admin")) { () throws(Problem) -> Certificate in
                defer { check = CredentialCheck() }
                return try check.client(certificate: certificate, key: key)
            }
            let wait = try #require(bench.waits.first)
            let subject = "client certificate 'a.crt' ('CN=kube-admin,O=system:masters')"
            #expect(wait == Wait(.init(.condition, subject), reason: "not valid before \(valid.validFrom)"))
            #expect(bench.waits.count == 1)
        }
    }

    @Test(arguments: [false, true])
    func `a credential that a task wrote is read where it was written`(isDryRun: Bool) async throws {
        let authority = try TestAuthority()
        let client = try authority.issue("client")
        let copies = """
              copy: {file: {path: /etc/pki/ca.crt, source: \(authority.certificatePath)}}
              link: {after: [copy], symlink: {path: /pki, target: /etc/pki}}
              rbac:
                after: [admin]
                timeout: 3s
                apply: {manifests: [rbac.yaml]}
            """
        let path = isDryRun ? "/pki/ca.crt" : "/etc/pki/ca.crt"
        try await withBench(tasks(path, client) + "\n\(copies)", isDryRun: isDryRun) { bench in
            try bench.write("{apiVersion: v1, kind: Namespace, metadata: {name: a}}", to: "rbac.yaml")
            let missing = try await bench.perform("admin")
            #expect(missing.hasPrefix("cannot write kubeconfig '/etc/admin.kubeconfig': cannot read '\(path)': "))
            #expect(try await bench.perform("copy") == "changed")
            #expect(try await bench.perform("link") == "changed")
            #expect(try await bench.perform("admin") == "changed")
            let text = String(decoding: try bench.run.files.read("/etc/admin.kubeconfig", limit: 10_000), as: UTF8.self)
            #expect(text.contains("certificate-authority: \"\(path)\"\n"))
            // The credentials are good: only the server is missing.
            let message = try await bench.perform("rbac")
            #expect(message.contains("refused"), "\(message)")
        }
    }
}
