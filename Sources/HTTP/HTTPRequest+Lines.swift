extension HTTPRequest {
    /// The method, if it is one.
    func validMethod() throws(TransportError) -> String {
        guard !method.isEmpty, method.utf8.allSatisfy(isTokenByte) else {
            throw TransportError(.invalidURL, "'\(method)' is not a method of HTTP")
        }
        return method
    }

    /// The lines of the header as libcurl takes them, where an empty value takes a preset header away.
    ///
    /// - Throws: ``TransportError`` if a header would end the line that it stands in, or the token is unreadable.
    func headerLines(url: RequestURL, access: Access, userAgent: String) throws(TransportError) -> [String] {
        var lines: [String] = []
        for header in headers {
            guard !header.name.isEmpty, header.name.utf8.allSatisfy(isTokenByte),
                !header.value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F })
            else { throw TransportError(.invalidURL, "the header '\(header.name)' is not well-formed") }
            // libcurl's way to send a header without a value.
            lines.append(header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)")
        }
        func preset(_ name: String, _ value: String?) {
            guard !headers.contains(where: { $0.isNamed(name) }) else { return }
            lines.append(value.map { "\(name): \($0)" } ?? "\(name):")
        }
        preset("User-Agent", userAgent)
        preset("Expect", nil)
        preset("Content-Type", nil)
        if access.serverName != nil { preset("Host", url.authority) }
        if let token = access.token { preset("Authorization", "Bearer \(try token.read())") }
        return lines
    }
}

/// Tells whether a byte may stand in the name of a method or a header.
private func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}
