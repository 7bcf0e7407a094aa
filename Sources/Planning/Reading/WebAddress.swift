/// The parts of an http or https URL that matter to a task.
struct WebAddress: Hashable {
    /// What is wrong with a text that should be a URL.
    struct Fault: Error {
        /// What is wrong, to follow the URL.
        let message: String
        /// Whether the URL has something in it that no message may repeat.
        var hasSecret = false
    }

    /// Whether the connection is protected by TLS.
    let isSecure: Bool

    /// The host, an IPv6 address without its brackets.
    let host: String

    /// The port, the scheme's own unless said.
    let port: UInt16

    /// What follows the port: path, query and fragment.
    let rest: String

    /// Whether the host is this machine by its very name.
    var isLoopback: Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." }
    }

    /// Reads a URL.
    init(_ text: String) throws(Fault) {
        let scheme = text.prefix { $0 != ":" }.lowercased()
        guard ["http", "https"].contains(scheme), text.dropFirst(scheme.count).hasPrefix("://") else {
            throw Fault(message: "does not begin with 'https://'")
        }
        guard text.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            throw Fault(message: "has characters that a URL cannot have")
        }
        let afterScheme = text.dropFirst(scheme.count + 3)
        let authority = afterScheme.prefix { !"/?#".contains($0) }
        guard !authority.contains("@") else {
            throw Fault(message: "has a user or password in it", hasSecret: true)
        }
        let endpoint = try Endpoint(String(authority), defaultPort: scheme == "https" ? 443 : 80)
        self.isSecure = scheme == "https"
        self.host = endpoint.host
        self.port = endpoint.port
        self.rest = String(afterScheme.dropFirst(authority.count))
    }
}

/// A host with a port.
struct Endpoint: Hashable {
    /// The host, an IPv6 address without its brackets.
    let host: String

    /// The port.
    let port: UInt16

    /// Reads `HOST:PORT`, `[IPV6]:PORT`, or only the host where there is a default port.
    init(_ text: String, defaultPort: UInt16? = nil) throws(WebAddress.Fault) {
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
            throw WebAddress.Fault(message: "has no valid port, which is 1 to 65535")
        }
        self.port = port
    }
}

/// Tells whether an IPv6 address may have a byte, its zone included.
private func isAddressByte(_ byte: UInt8) -> Bool {
    byte.isDigit || byte.isLetter || ":.%".utf8.contains(byte)
}
