/// The forms of names in Kubernetes.
enum NameForm {
    /// A DNS label of RFC 1123, up to 63 characters.
    case label
    /// A DNS subdomain of RFC 1123, up to 253 characters.
    case subdomain
    /// The key of a label or annotation: a name, optionally after a DNS subdomain and a slash.
    case qualified
    /// The value of a label, which may be empty.
    case labelValue
    /// The key of a ConfigMap or Secret.
    case dataKey

    /// A description of the form for messages.
    var expected: String {
        switch self {
        case .label: "up to 63 lowercase letters, digits and '-', a letter or digit at both ends"
        case .subdomain: "up to 253 lowercase letters, digits, '-' and '.', a letter or digit at both ends"
        case .qualified: "a name of up to 63 letters, digits, '-', '_' and '.', optionally after a DNS name and '/'"
        case .labelValue: "up to 63 letters, digits, '-', '_' and '.', a letter or digit at both ends"
        case .dataKey: "up to 253 letters, digits, '-', '_' and '.'"
        }
    }

    func matches(_ text: String) -> Bool {
        switch self {
        case .label:
            return text.utf8.count <= 63 && Self.isLabel(text.utf8)
        case .subdomain:
            return text.utf8.count <= 253
                && text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
                    .allSatisfy(Self.isLabel)
        case .qualified:
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count <= 2, let name = parts.last, !name.isEmpty else { return false }
            let isPrefixValid = parts.count == 1 || Self.subdomain.matches(String(parts[0]))
            return isPrefixValid && Self.labelValue.matches(String(name))
        case .labelValue:
            guard let first = text.utf8.first, let last = text.utf8.last else { return true }
            return text.utf8.count <= 63 && Self.isAlphanumeric(first) && Self.isAlphanumeric(last)
                && text.utf8.allSatisfy { Self.isAlphanumeric($0) || "-_.".utf8.contains($0) }
        case .dataKey:
            return (1...253).contains(text.utf8.count) && text != "." && !text.hasPrefix("..")
                && text.utf8.allSatisfy { Self.isAlphanumeric($0) || "-_.".utf8.contains($0) }
        }
    }

    /// Returns a valid name similar to an invalid one, or `nil` if there is none.
    func suggestion(for text: String) -> String? {
        let isLower = self == .label || self == .subdomain
        let dash = Character("-")
        var name = (isLower ? text.lowercased() : text).map { character -> Character in
            matches("a\(character)a") ? character : dash
        }
        while let first = name.first, !first.isLetter && !first.isNumber { name.removeFirst() }
        while let last = name.last, !last.isLetter && !last.isNumber { name.removeLast() }
        let suggestion = String(name)
        return !suggestion.isEmpty && suggestion != text && matches(suggestion) ? suggestion : nil
    }

    private static func isLabel(_ text: some BidirectionalCollection<UInt8>) -> Bool {
        guard let first = text.first, let last = text.last, isLowercase(first), isLowercase(last) else { return false }
        return text.allSatisfy { isLowercase($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isLowercase(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLowercase(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
}
