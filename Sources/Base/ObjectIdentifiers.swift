/// The syntax of the identifiers of Kubernetes objects, which become part of paths on the API server.
public enum ObjectIdentifiers {
    /// Returns whether a text is an API version: `v1`, or a group and a version as in `apps/v1`.
    public static func isAPIVersion(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let version = parts.last, isVersion(version) else { return false }
        return parts.count == 1 || isGroup(String(parts[0]))
    }

    /// Returns whether a text is the name of an API group: a DNS subdomain.
    public static func isGroup(_ text: String) -> Bool {
        text.utf8.count <= 253
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { isLabel($0) }
    }

    /// Returns whether a text is the version of a group, such as `v1beta1`.
    public static func isVersion(_ text: some StringProtocol) -> Bool {
        text.utf8.first?.isDigit == false && isLabel(text)
    }

    /// Returns whether a text is a kind or a plural resource name: a letter, then up to 62 letters, digits and dashes.
    public static func isKind(_ text: String) -> Bool {
        guard let first = text.utf8.first, first.isLetter, text.utf8.count <= 63 else { return false }
        return text.utf8.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "-") }
    }

    /// Returns whether a text can be the name of an object.
    ///
    /// Any other text would make the server read a different path.
    public static func isName(_ text: String) -> Bool {
        !text.isEmpty && ![".", ".."].contains(text) && !text.utf8.contains { "/%".utf8.contains($0) }
    }

    /// Returns whether a text is a DNS label of lower-case letters, digits and dashes.
    private static func isLabel(_ text: some StringProtocol) -> Bool {
        let dash = UInt8(ascii: "-")
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last, first != dash, last != dash else { return false }
        return bytes.count <= 63
            && bytes.allSatisfy { byte in
                byte.isDigit || byte == dash || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            }
    }
}
