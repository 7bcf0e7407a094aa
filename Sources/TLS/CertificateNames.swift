import Base
internal import COpenSSL

/// A subject alternative name of a certificate: a DNS name or an IP address.
struct AlternativeName: Sendable, Hashable {
    var text: String
    var isAddress: Bool
}

/// The reason why a certificate is not valid for a host, and ways to correct that.
public struct NameMismatch: Sendable, Hashable {
    /// The reason, as a predicate of the certificate: `is not for 'a' but for 'b, c'`.
    public var reason: String
    /// Whether the certificate has the host, but as a name of the wrong type.
    public var isOfWrongType: Bool
    /// The names that clients may use in place of the host, DNS names first, without wildcards.
    public var names: [String]
}

/// The names that a certificate is valid for.
extension Certificate {
    /// The names that clients accept: DNS names that are not IP addresses, and IP addresses.
    ///
    /// Clients compare an address only with the IP addresses of a certificate, not with its DNS names (RFC 9525,
    /// section 6.5).
    public var usableNames: [String] { names.filter { !misplacedAddresses.contains($0) } }

    /// Returns the subject alternative name for a host, as `openssl` reads it: `IP:10.0.0.1` or `DNS:api.example.org`.
    public static func alternativeName(for host: String) -> String {
        let host = withoutBrackets(host)
        return "\(IPAddress(host) == nil ? "DNS" : "IP"):\(host)"
    }

    /// Returns why the certificate is not valid for a host.
    public func mismatch(with host: String) -> NameMismatch {
        let host = Self.withoutBrackets(host)
        let usable = usableNames
        let exact = usable.filter { !$0.contains("*") }
        let names = exact.filter { IPAddress($0) == nil } + exact.filter { IPAddress($0) != nil }
        guard !misplacedAddresses.contains(where: { IPAddress($0) == IPAddress(host) }) else {
            let reason = "lists '\(host)' as a DNS name, which does not count for an IP address"
            return NameMismatch(reason: reason, isOfWrongType: true, names: names)
        }
        let isBelowWildcard = usable.contains { $0.hasPrefix("*.") && host.hasSuffix($0.dropFirst()) }
        let remark = isBelowWildcard ? " (a '*' covers one part of a name only)" : ""
        let shown = (usable.isEmpty ? self.names : usable).joined(separator: ", ")
        let reason = "is not for '\(host)' but for '\(shown)'\(remark)"
        return NameMismatch(reason: reason, isOfWrongType: false, names: names)
    }

    private static func withoutBrackets(_ host: String) -> String {
        host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    }
}

/// The names of a certificate that the name constraints of a CA do not permit.
public struct NameViolation: Sendable, Hashable {
    /// The subject of the CA that has the constraints.
    public var authority: String
    /// The names that are not permitted.
    public var names: [String]
    /// The names of the certificate that are permitted, without wildcards.
    public var otherNames: [String]
    /// The rule, as a clause such as `permit only '.example.org'`.
    public var rule: String

    /// The violation, as a predicate of the certificate.
    public var reason: String {
        let list = names.map { "'\($0)'" }.joined(separator: ", ")
        return "is for \(list), for which its CA '\(authority)' may not issue: the CA's name constraints \(rule)"
    }
}

/// The names for which a CA may issue certificates (RFC 5280, section 4.2.1.10).
struct NameConstraints {
    /// A set of names: a domain or a range of addresses.
    private enum Subtree {
        case domain(String)
        case addresses(AddressRange)

        var text: String {
            switch self {
            case .domain(let domain): domain
            case .addresses(let range): range.description
            }
        }

        /// Whether the set contains names of the same type.
        func isComparable(with name: AlternativeName) -> Bool {
            if case .domain = self { !name.isAddress } else { name.isAddress }
        }

        /// Returns whether the set contains a name, by the rules of libcrypto.
        func contains(_ name: AlternativeName) -> Bool {
            switch self {
            case .addresses(let range): return IPAddress(name.text).map(range.contains) ?? false
            case .domain(let domain):
                let (name, domain) = (name.text.lowercased(), domain.lowercased())
                if domain.isEmpty || name == domain { return true }
                return name.hasSuffix(domain.hasPrefix(".") ? domain : ".\(domain)")
            }
        }
    }

    private var permitted: [Subtree] = []
    private var excluded: [Subtree] = []

    /// Reads the constraints of a CA, or returns `nil` if it has none for DNS names and addresses.
    init?(_ certificate: Certificate) {
        guard let handle = try? X509Handle(der: certificate.der) else { return nil }
        defer { _ = LibCrypto.drainErrorQueue() }
        unsafe handle.withRaw { raw in
            guard let value = unsafe X509_get_ext_d2i(raw, NID_name_constraints, nil, nil) else { return }
            let constraints = unsafe value.assumingMemoryBound(to: NAME_CONSTRAINTS.self)
            defer { unsafe NAME_CONSTRAINTS_free(constraints) }
            permitted = unsafe Self.subtrees(constraints.pointee.permittedSubtrees)
            excluded = unsafe Self.subtrees(constraints.pointee.excludedSubtrees)
        }
        if permitted.isEmpty, excluded.isEmpty { return nil }
    }

    private static func subtrees(_ list: OpaquePointer?) -> [Subtree] {
        guard let list = unsafe list else { return [] }
        return (0..<(unsafe OPENSSL_sk_num(list))).compactMap { index in
            guard let entry = unsafe OPENSSL_sk_value(list, index),
                let base = unsafe entry.assumingMemoryBound(to: GENERAL_SUBTREE.self).pointee.base
            else { return nil }
            var type: Int32 = 0
            guard let value = unsafe GENERAL_NAME_get0_value(base, &type) else { return nil }
            let text = unsafe value.assumingMemoryBound(to: ASN1_STRING.self)
            switch type {
            case GEN_DNS: return unsafe .domain(asn1Text(text))
            case GEN_IPADD: return unsafe range(asn1Bytes(text)).map { .addresses($0) }
            default: return nil
            }
        }
    }

    /// Reads an address followed by a mask of the same length.
    private static func range(_ bytes: [UInt8]) -> AddressRange? {
        guard bytes.count == 8 || bytes.count == 32 else { return nil }
        let (address, mask) = (bytes.prefix(bytes.count / 2), bytes.suffix(bytes.count / 2))
        return AddressRange(IPAddress(bytes: Array(address)), mask.reduce(0) { $0 + $1.nonzeroBitCount })
    }

    private func allows(_ name: AlternativeName) -> Bool {
        let rules = permitted.filter { $0.isComparable(with: name) }
        guard rules.isEmpty || rules.contains(where: { $0.contains(name) }) else { return false }
        return !excluded.contains { $0.isComparable(with: name) && $0.contains(name) }
    }

    /// Returns the names of a certificate that the constraints do not permit, `nil` if they permit all.
    func violation(by certificate: Certificate, of authority: Certificate) -> NameViolation? {
        let all = certificate.names.map { name in
            AlternativeName(
                text: name,
                isAddress: IPAddress(name) != nil && !certificate.misplacedAddresses.contains(name)
            )
        }
        let refused = all.filter { !allows($0) }
        guard !refused.isEmpty else { return nil }
        func texts(_ rules: [Subtree]) -> String {
            rules.filter { rule in refused.contains { rule.isComparable(with: $0) } }.map { "'\($0.text)'" }
                .joined(separator: ", ")
        }
        let (permits, excludes) = (texts(permitted), texts(excluded))
        let clauses = [
            permits.isEmpty ? nil : "permit only \(permits)", excludes.isEmpty ? nil : "exclude \(excludes)",
        ]
        return NameViolation(
            authority: authority.subject,
            names: refused.map(\.text),
            otherNames: all.filter { allows($0) && !$0.text.contains("*") }.map(\.text),
            rule: clauses.compactMap(\.self).joined(separator: " and "),
        )
    }
}

extension Certificate {
    /// Returns the names of this certificate that a CA above it does not permit.
    ///
    /// - Parameter issuers: Certificates among which the CAs above this certificate are looked for by their subjects.
    /// - Returns: The names and the rule, `nil` if all names are permitted.
    func nameViolation(issuers: [Certificate]) -> NameViolation? {
        var (name, seen) = (issuer, Set<String>())
        while seen.insert(name).inserted, let above = issuers.first(where: { $0.subject == name }) {
            if let violation = NameConstraints(above)?.violation(by: self, of: above) { return violation }
            name = above.issuer
        }
        return nil
    }
}
