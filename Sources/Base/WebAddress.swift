/// An http or https URL.
public struct WebAddress: Sendable, Hashable {
    /// The reason why a text is refused as a URL or endpoint.
    public struct Fault: Error {
        /// The predicate of a sentence about the text, such as `has no host`.
        public let message: String
        /// Whether the text may contain a password and must not be repeated in messages.
        public var hasSecret = false
    }

    /// Whether the scheme is `https`.
    public let isSecure: Bool

    public let endpoint: Endpoint

    /// The path, query and fragment.
    public let rest: String

    /// The host; an IPv6 address has no brackets.
    public var host: String { endpoint.host }

    /// The port, by default 443 for https and 80 for http.
    public var port: UInt16 { endpoint.port }

    /// Whether the host is `localhost` or a loopback address.
    public var isLoopback: Bool { endpoint.isLoopback }

    /// Reads a URL.
    ///
    /// - Throws: ``Fault`` if the text is not an http or https URL, or has a user or password.
    public init(_ text: String) throws(Fault) {
        let scheme = text.prefix { $0 != ":" }.lowercased()
        guard ["http", "https"].contains(scheme), text.dropFirst(scheme.count).hasPrefix("://") else {
            throw Fault(message: "does not begin with 'https://'", hasSecret: text.contains("@"))
        }
        guard text.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            throw Fault(message: "has characters that a URL cannot have", hasSecret: text.contains("@"))
        }
        let afterScheme = text.dropFirst(scheme.count + 3)
        let authority = afterScheme.prefix { !"/?#".contains($0) }
        guard !authority.contains("@") else {
            throw Fault(message: "has a user or password in it", hasSecret: true)
        }
        self.isSecure = scheme == "https"
        self.endpoint = try Endpoint(String(authority), defaultPort: scheme == "https" ? 443 : 80)
        self.rest = String(afterScheme.dropFirst(authority.count))
    }
}

/// A host and a port.
public struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    /// The host; an IPv6 address has no brackets.
    public let host: String
    public let port: UInt16

    /// Whether the host is `localhost` or a loopback address.
    public var isLoopback: Bool { host == "localhost" || IPAddress(host)?.isLoopback == true }

    /// The text `HOST:PORT` or `[IPV6]:PORT`.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads `HOST:PORT` or `[IPV6]:PORT`, or only the host if there is a default port.
    ///
    /// - Throws: ``WebAddress/Fault`` if the text has another form.
    public init(_ text: String, defaultPort: UInt16? = nil) throws(WebAddress.Fault) {
        let isBracketed = text.hasPrefix("[")
        let host = isBracketed ? text.dropFirst().prefix { $0 != "]" } : text.prefix { $0 != ":" }
        let rest = text.dropFirst(host.count + (isBracketed ? 2 : 0))
        guard !host.isEmpty else { throw WebAddress.Fault(message: "has no host") }
        let isHost = host.utf8.allSatisfy { byte in
            isBracketed ? isAddressByte(byte) : byte.isLetter || byte.isDigit || "-._".utf8.contains(byte)
        }
        guard isHost, !isBracketed || text.contains("]"), !isBracketed || host.contains(":") else {
            throw WebAddress.Fault(message: "has no valid host")
        }
        self.host = String(host)
        if rest.isEmpty, let defaultPort {
            self.port = defaultPort
            return
        }
        guard !rest.isEmpty else { throw WebAddress.Fault(message: "has no port") }
        let digits = rest.dropFirst()
        guard rest.hasPrefix(":"), digits.utf8.allSatisfy(\.isDigit), let port = UInt16(digits), port > 0 else {
            let withoutPort = text.lastIndex(of: ":").map { String(text[..<$0]) } ?? ""
            let isBare = [text, withoutPort].contains { IPAddress($0)?.isVersion6 == true }
            let message = isBare ? "has an IPv6 address without brackets" : "has no valid port, which is 1 to 65535"
            throw WebAddress.Fault(message: message)
        }
        self.port = port
    }
}

/// Returns whether a byte may occur in an IPv6 address with a zone.
private func isAddressByte(_ byte: UInt8) -> Bool {
    byte.isDigit || byte.isLetter || ":.%".utf8.contains(byte)
}
