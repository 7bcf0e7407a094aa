import Base

extension ValueReader where Value == String {
    /// A text for a certificate's subject, with at most as many characters as RFC 5280 allows.
    static var subjectText: Self {
        string("a text").then { text, value in
            let (count, limit) = (text.unicodeScalars.count, Limit.subjectTextLength)
            return count <= limit
                ? text : value.mismatch("a text of at most \(limit) characters, and this one has \(count)")
        }
    }
}

extension ValueReader where Value == [String] {
    /// One organization or a list of organizations.
    static var organizations: Self {
        let text = ValueReader<String>.subjectText
        let list = list(of: text, "organizations")
        return Self(type: .either([.string, list.type])) { value in
            value.node.sequence == nil ? text.read(value).map { [$0] } : list.read(value)
        }
    }
}

extension ValueReader where Value == SubjectName {
    static var subjectName: Self {
        Self(type: .string) { value in
            let expected = "a DNS name or an IP address"
            guard let text = value.string(expected: expected) else { return nil }
            return SubjectName(text) ?? value.mismatch(expected)
        }
    }
}

extension ValueReader where Value == Set<CertificateUsage> {
    static var usages: Self {
        ValueReader<[CertificateUsage]>.list(of: .word, "usages").then { usages, value in
            if value.node.sequence?.isEmpty == true { value.report("is empty", hint: "add usages: [client auth]") }
            return Set(usages)
        }
    }
}

extension ValueReader where Value == [ConfigValue] {
    /// A list of roles, not yet compared with the known roles; an empty list is reported.
    static var roles: Self {
        Self(type: .array(.name("role"))) { value in
            guard let items = value.items(of: "roles") else { return nil }
            if value.node.sequence?.isEmpty == true {
                value.reportTypeMismatch("a list of at least one role", hint: "remove it, or write roles: [worker]")
            }
            return items
        }
    }
}

extension ValueReader where Value == [Recipient] {
    /// The operators' public keys.
    ///
    /// An empty list is reported, because nobody could decrypt the key of the CA.
    static var recipients: Self {
        list(of: .recipient, "recipients").then { recipients, value in
            if value.node.sequence?.isEmpty == true {
                value.report("has no recipient", hint: recipientHint)
            }
            return recipients.unique(by: \.text)
        }
    }
}

extension ValueReader where Value == Recipient {
    fileprivate static var recipient: Self {
        Self(type: .string) { value in
            guard let text = value.string(expected: "a recipient") else { return nil }
            do throws(Problem) {
                return try Recipient(text)
            } catch {
                // The text is not quoted, because it may be a private key.
                value.report("must be a recipient of age, and this one \(error.message)", hint: recipientHint)
                return nil
            }
        }
    }
}

private let recipientHint = "write what 'age-keygen -y' prints, or the line of an 'id_ed25519.pub'"
