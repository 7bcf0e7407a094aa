/// A name that a certificate is valid for: a DNS name or an IP address.
public enum SubjectName: Sendable, Hashable, CustomStringConvertible {
    /// A DNS name, whose first label may be `*`.
    case host(String)
    /// An IPv4 or IPv6 address in its canonical form.
    case address(String)

    /// Parses a name; returns `nil` if the text is neither an address nor a DNS name.
    public init?(_ text: String) {
        if let address = IPAddress(text) {
            self = .address(address.description)
            return
        }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        let hosts = labels.first == "*" && labels.count > 2 ? labels.dropFirst() : labels[...]
        guard text.utf8.count <= 253, hosts.allSatisfy(Self.isLabel), let last = hosts.last else { return nil }
        // A name whose last label is a number could be mistaken for an IPv4 address.
        guard !last.utf8.allSatisfy(\.isDigit) else { return nil }
        self = .host(text)
    }

    public var description: String {
        switch self {
        case .host(let name): name
        case .address(let address): address
        }
    }

    /// Returns whether a text has the form of a host name: labels of letters, digits, `-` and `_`.
    ///
    /// An IPv4 address has this form as well.
    public static func isHostName(_ text: String) -> Bool {
        text.utf8.count <= 253 && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy(isLabel)
    }

    private static func isLabel(_ label: Substring) -> Bool {
        let dash = UInt8(ascii: "-")
        guard (1...63).contains(label.utf8.count), label.utf8.first != dash, label.utf8.last != dash else {
            return false
        }
        return label.utf8.allSatisfy { byte in
            byte.isDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == dash
                || byte == UInt8(ascii: "_")
        }
    }
}
