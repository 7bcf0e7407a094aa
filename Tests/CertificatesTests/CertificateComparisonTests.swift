import Base
import HTTP
import Testing

@testable import Certificates
@testable import Planning

/// How certificates are compared with their declarations.
@Suite(.timeLimit(.minutes(15))) struct CertificateComparisonTests {
    private static let now = Timestamp.now()
    private static let hour: Int64 = 3600

    private func leaf(validity: Int64, renewBefore: Int64 = 60) -> LeafDeclaration {
        LeafDeclaration(
            node: "w1",
            name: "web",
            commonName: "web",
            organizations: [],
            names: [],
            usages: [.clientAuth],
            validity: .seconds(validity),
            key: .p256,
            renewBefore: .seconds(renewBefore),
            owner: "root",
            group: "root",
            mode: 0o400,
            location: SourceLocation(file: "f"),
        )
    }

    /// What is wrong with a certificate of one validity when another is declared; the CA ends after ten hours.
    private func faults(issued: Int64, declared: LeafDeclaration) async throws -> [String] {
        let key = try PrivateKey(generating: .p256)
        let authority = try key.certify(
            CertificateContents(
                commonName: "CA",
                isAuthority: true,
                validFrom: Timestamp(seconds: Self.now.seconds - 300),
                validUntil: Timestamp(seconds: Self.now.seconds + 10 * Self.hour),
            )
        )
        let made = try await issue(leaf(validity: issued), at: Self.now, by: authority, key)
        return CertificateComparison(at: Self.now).faults(of: made.certificate, declared, authority: authority)
            .map(\.description)
    }

    @Test func `a certificate that ends with its CA is as declared unless less is declared`() async throws {
        #expect(try await faults(issued: 20 * Self.hour, declared: leaf(validity: 20 * Self.hour)) == [])
        #expect(try await faults(issued: 20 * Self.hour, declared: leaf(validity: 30 * Self.hour)) == [])
        #expect(
            try await faults(issued: 20 * Self.hour, declared: leaf(validity: 2 * Self.hour))
                == ["is valid for 10h5m instead of 2h"]
        )
        #expect(
            try await faults(issued: 2 * Self.hour, declared: leaf(validity: 3 * Self.hour))
                == ["is valid for 2h5m instead of 3h"]
        )
    }

    @Test func `a certificate that ends with its CA is not due before it, as another would end no later`() async throws
    {
        let due = leaf(validity: 20 * Self.hour, renewBefore: 15 * Self.hour)
        #expect(try await faults(issued: 20 * Self.hour, declared: due) == [])
        let shorter = leaf(validity: 9 * Self.hour, renewBefore: 15 * Self.hour)
        #expect(try await faults(issued: 9 * Self.hour, declared: shorter) == ["expires in 9h 0m, due 15h 0m before"])
    }

    @Test func `a certificate is due before its end`() async throws {
        let due = leaf(validity: 2 * Self.hour, renewBefore: 3 * Self.hour)
        #expect(try await faults(issued: 2 * Self.hour, declared: due) == ["expires in 2h 0m, due 3h 0m before"])
    }
}
