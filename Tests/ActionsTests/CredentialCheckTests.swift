import Base
import TestSupport
import Testing

@testable import Actions

/// Faults of certificates and keys that `check` finds before a run refuses them.
@Suite(.temporaryDirectory, .timeLimit(.minutes(5)))
struct CredentialCheckTests {
    private let authority: TestAuthority
    private let other: TestAuthority

    init() throws {
        authority = try TestAuthority(subject: "/CN=one")
        other = try TestAuthority(subject: "/CN=another")
    }

    private func problems(_ tasks: String) async throws -> [String] {
        var problems: [String] = []
        try await withBench("tasks:\n\(tasks)") { bench in problems = await bench.problems() }
        return problems.map {
            $0.replacing(authority.directory, with: "PKI").replacing(other.directory, with: "OTHER")
        }
    }

    @Test func `the key of another CA cannot issue certificates`() async throws {
        func task(_ key: String) -> String {
            "  a: {certificate: {path: /run/n/a.crt, key: /run/n/a.key, leaf: {commonName: a, usages: [client auth]}, "
                + "ca: {certificate: \(authority.certificatePath), key: \(key)}}}\n"
        }
        let words = "key 'OTHER/ca.key' does not belong to CA 'PKI/ca.crt', so it cannot issue certificates"
        let found = try await problems(task(other.path("ca.key")))
        #expect(found.count == 1)
        #expect(found.first?.hasSuffix(": \(words); set 'ca.key' to the private key of this CA") == true, "\(found)")
        #expect(try await problems(task(authority.path("ca.key"))) == [])
    }

    @Test func `a certificate that is a key is refused, whatever it is used for`() async throws {
        let words = "certificate 'PKI/ca.key' is a private key; name the file of a certificate as PEM"
        let key = authority.path("ca.key")
        let found = try await problems(
            """
              a: {wait: {url: 'https://h.test/', certificateAuthority: \(key)}}
              b: {kubeconfig: {path: /run/n/k, certificate: \(key), key: \(key), certificateAuthority: \(key),
                user: u, server: 'https://h.test'}}
            """
        )
        #expect(found.map { $0.hasSuffix(": \(words)") } == [true, true, true], "\(found)")
        #expect(found.map { String($0.split(separator: ":")[1]) } == ["2", "3", "3"], "\(found)")
    }

    @Test func `a credential that is too large is refused as by a run`() async throws {
        let large = try authority.write(String(repeating: "#\n", count: 600_000), to: "large")
        let found = try await problems("  a: {wait: {url: 'https://h.test/', certificateAuthority: \(large)}}\n")
        #expect(found.count == 1)
        #expect(found.first?.contains("cannot read 'PKI/large'") == true, "\(found)")
    }
}
