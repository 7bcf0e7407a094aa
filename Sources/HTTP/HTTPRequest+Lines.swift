extension HTTPRequest {
    /// Returns the method if it is valid.
    func validMethod() throws(TransportError) -> String {
        guard !method.isEmpty, method.utf8.allSatisfy(isTokenByte) else {
            throw TransportError(.invalidURL, "'\(method)' is not an HTTP method")
        }
        return method
    }

    /// Returns the header lines for libcurl, where an empty value removes a preset header.
    ///
    /// - Throws: ``TransportError`` if a header contains a line break, or the token is unreadable.
    func headerLines(
        url: RequestURL,
        identity: ConnectionIdentity,
        userAgent: String
    ) throws(TransportError) -> [String] {
        var lines: [String] = []
        for header in headers {
            guard !header.name.isEmpty, header.name.utf8.allSatisfy(isTokenByte),
                !header.value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F })
            else { throw TransportError(.invalidURL, "header '\(header.name)' is invalid") }
            // libcurl sends a header without a value if a semicolon ends its name.
            lines.append(header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)")
        }
        func preset(_ name: String, _ value: String?) {
            guard !headers.contains(where: { $0.isNamed(name) }) else { return }
            lines.append(value.map { "\(name): \($0)" } ?? "\(name):")
        }
        preset("User-Agent", userAgent)
        preset("Expect", nil)
        preset("Content-Type", nil)
        if identity.serverName != nil { preset("Host", url.authority) }
        if let token = identity.token { preset("Authorization", "Bearer \(try token.read())") }
        return lines
    }
}

/// Returns whether the name of a method or a header may contain a byte.
private func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}
