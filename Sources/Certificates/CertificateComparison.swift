public import Base
public import HTTP
public import Planning

/// A comparison of certificates with their declarations at an instant.
public struct CertificateComparison: Sendable {
    private let now: Timestamp

    /// The number of seconds by which new certificates are backdated, because clocks differ.
    static let backdating: Int64 = 300

    public init(at now: Timestamp) {
        self.now = now
    }

    func faults(of certificate: Certificate, _ declaration: AuthorityDeclaration) -> [CertificateFault] {
        var faults = validityFaults(certificate, declaration.validity, declaration.renewBefore, authority: nil)
        if !certificate.isAuthority { faults.append(.noAuthority) }
        faults += subjectFaults(certificate, declaration.commonName, declaration.organizations)
        return faults + keyTypeFaults(certificate, declaration.key)
    }

    /// Compares the validity, issuer and contents of a certificate with its declaration.
    ///
    /// A due renewal counts as a difference. If `authority` is `nil`, the issuer is not compared.
    public func faults(
        of certificate: Certificate,
        _ leaf: LeafDeclaration,
        authority: Certificate?,
    ) -> [CertificateFault] {
        var faults = validityFaults(certificate, leaf.validity, leaf.renewBefore, authority: authority)
        if let authority, !certificate.isIssued(by: [authority]) {
            faults.append(.certificate("is not issued by this CA"))
        }
        return faults + contentFaults(of: certificate, leaf)
    }

    /// Compares the contents of a certificate with its declaration, except for validity and issuer.
    public func contentFaults(of certificate: Certificate, _ leaf: LeafDeclaration) -> [CertificateFault] {
        let isAuthority = certificate.isAuthority ? [CertificateFault.certificate("is the certificate of a CA")] : []
        return isAuthority + subjectFaults(certificate, leaf.commonName, leaf.organizations)
            + nameFaults(certificate, leaf.names) + usageFaults(certificate, leaf.usages)
            + keyTypeFaults(certificate, leaf.key)
    }

    /// Returns the reasons why a certificate is due for renewal or is not valid now.
    public func dueFaults(of certificate: Certificate, renewBefore: Duration) -> [CertificateFault] {
        var faults: [CertificateFault] = []
        let rest = Duration.seconds(certificate.validUntil.seconds - now.seconds)
        if rest <= .zero {
            faults.append(.certificate("expired \((.zero - rest).humanReadable) ago"))
        } else if rest < renewBefore {
            faults.append(.certificate("expires in \(rest.humanReadable), due \(renewBefore.humanReadable) before"))
        }
        if certificate.validFrom > now {
            faults.append(.notYetValid(certificate.validFrom))
        }
        return faults
    }

    private func validityFaults(
        _ certificate: Certificate,
        _ validity: Duration,
        _ renewBefore: Duration,
        authority: Certificate?,
    ) -> [CertificateFault] {
        // A certificate never outlives its CA, so a new certificate from the same CA would not be valid for longer.
        let endsWithAuthority = certificate.validUntil == authority?.validUntil
        var faults = dueFaults(of: certificate, renewBefore: endsWithAuthority ? .zero : renewBefore)
        let actual = Duration.seconds(certificate.validUntil.seconds - certificate.validFrom.seconds)
        let isCut = actual < validity && endsWithAuthority
        if !isCut, actual < validity || actual > validity + .seconds(Self.backdating) {
            faults.append(.certificate("is valid for \(actual.text) instead of \(validity.text)"))
        }
        return faults
    }

    private func subjectFaults(
        _ certificate: Certificate,
        _ commonName: String,
        _ organizations: [String],
    ) -> [CertificateFault] {
        var faults: [CertificateFault] = []
        if certificate.commonName != commonName {
            faults.append(.certificate("has \(text("CN", certificate.commonName)) instead of '\(commonName)'"))
        }
        if Set(certificate.organizations) != Set(organizations) {
            let found = certificate.organizations.joined(separator: ", ")
            let declared = organizations.isEmpty ? "none" : "'\(organizations.joined(separator: ", "))'"
            faults.append(.certificate("has \(text("O", found)) instead of \(declared)"))
        }
        return faults
    }

    private func text(_ attribute: String, _ value: String?) -> String {
        guard let value, !value.isEmpty else { return "no \(attribute)" }
        return "\(attribute) '\(value)'"
    }

    private func nameFaults(_ certificate: Certificate, _ names: [SubjectName]) -> [CertificateFault] {
        let found = Set(certificate.names)
        let declared = Set(names.map(\.description))
        let missing = declared.subtracting(found).sorted().map { "lacks name '\($0)'" }
        let others = found.subtracting(declared).sorted().map { "has name '\($0)', which is not declared" }
        return (missing + others).map { .certificate($0) }
    }

    private func usageFaults(_ certificate: Certificate, _ usages: Set<CertificateUsage>) -> [CertificateFault] {
        var faults: [CertificateFault] = []
        let declared = usages.subtracting([.signing]).sorted().map(\.rawValue)
        let found = certificate.purposes
        if found != declared {
            let texts = [found, declared].map { $0.isEmpty ? "no purpose" : $0.joined(separator: " and ") }
            faults.append(.certificate("is for \(texts[0]) instead of \(texts[1])"))
        }
        if !certificate.allowsSigning { faults.append(.certificate("is not for signatures")) }
        return faults
    }

    private func keyTypeFaults(_ certificate: Certificate, _ type: KeyType) -> [CertificateFault] {
        guard certificate.keyType != type.rawValue else { return [] }
        return [.keyType("has a key of type \(certificate.keyType) instead of \(type.rawValue)")]
    }
}
