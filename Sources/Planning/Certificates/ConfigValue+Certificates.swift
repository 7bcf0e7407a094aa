import Base
import YAML

/// Values of the section `certificates`.
extension ConfigValue {
    /// Reads a name that is used in file names.
    func certificateName() -> String? { label("a name") }

    /// Reads a field of a certificate's subject, up to the maximum length in X.509.
    func subjectText() -> String? {
        guard let text = string(expected: "a text") else { return nil }
        guard text.unicodeScalars.count <= Limit.subjectTextLength else {
            let count = text.unicodeScalars.count
            return mismatch("a text of at most \(Limit.subjectTextLength) characters, and this one has \(count)")
        }
        return text
    }

    /// Reads one organization or a list of organizations.
    func organizations() -> [String]? {
        guard node.sequence != nil else { return subjectText().map { [$0] } }
        return items(of: "organizations", limit: Limit.organizationCount)?.compactMap { $0.subjectText() }
    }

    /// Reads a DNS name or an IP address.
    func subjectName() -> SubjectName? {
        let expected = "a DNS name or an IP address"
        guard let text = string(expected: expected) else { return nil }
        guard let name = SubjectName(text) else {
            let bare = text.split(separator: "//").last?.prefix { !":/".contains($0) } ?? ""
            let hint = text.contains("://") ? SubjectName(String(bare)).map { "write \($0)" } : nil
            return mismatch(expected, hint: hint)
        }
        return name
    }

    /// Reads a public key with which private keys are encrypted.
    func recipient() -> Recipient? {
        guard let text = string(expected: "a recipient") else { return nil }
        do {
            return try Recipient(text)
        } catch {
            // The message does not quote the text, which may be a private key.
            report(
                "must be a recipient of age, and this one \(error.message)",
                hint: "write what 'age-keygen -y' prints, or the line of an 'id_ed25519.pub'"
            )
            return nil
        }
    }
}

extension ValueReader where Value == String {
    /// A name that is used in file names.
    static var certificateName: Self { Self(type: .name("certificate")) { $0.certificateName() } }
    static var subjectText: Self { Self(type: .string) { $0.subjectText() } }
}

extension ValueReader where Value == [String] {
    /// One organization or a list of organizations.
    static var organizations: Self {
        Self(type: .either([.string, .array(.string)])) { $0.organizations() }
    }
}

extension ValueReader where Value == SubjectName {
    /// A DNS name or an IP address.
    static var subjectName: Self { Self(type: .string) { $0.subjectName() } }
}

extension ValueReader where Value == Set<CertificateUsage> {
    static var usages: Self { ValueReader<[CertificateUsage]>.list(of: .word, "usages").ofAtLeastOne.map { Set($0) } }
}

extension ValueReader where Value == Duration {
    /// The validity of a certificate.
    static var validity: Self { duration(limit: Limit.certificateValidity) }
}

extension ValueReader where Value == RoleList {
    /// A list of at least one role.
    static var roles: Self { Self(type: .array(.name("role"))) { RoleList($0) }.ofAtLeastOne }
}

extension ValueReader where Value == [Recipient] {
    /// The public keys of at least one operator, without whom the key of the CA could not be decrypted again.
    static var recipients: Self {
        let item = ValueReader<Recipient>(type: .string) { $0.recipient() }
        return list(of: item, "recipients", limit: Limit.recipientCount).then { recipients, value in
            if value.node.sequence?.isEmpty == true {
                value.report(
                    "has no recipient",
                    hint: "write what 'age-keygen -y' prints, or the line of an 'id_ed25519.pub'"
                )
            }
            return recipients.unique(by: \.text)
        }
    }
}

extension ValueReader where Value == ConfigValue {
    /// The value itself, which is read later.
    static func value(of type: ValueType) -> Self { Self(type: type) { $0 } }
}
