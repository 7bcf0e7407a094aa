import HTTP

/// What the server warns about in a reply.
extension ObjectApplication {
    /// Passes on the `Warning:` headers; their form is `299 - "text"` (RFC 9111, section 5.5).
    func reportWarnings(of response: HTTPResponse) {
        for value in response.values(of: "warning") {
            guard let open = value.firstIndex(of: "\""), let close = value.lastIndex(of: "\""), open < close else {
                applier.say(.warning(manifest.identity, value))
                continue
            }
            let text = value[value.index(after: open)..<close].replacing("\\\"", with: "\"")
            applier.say(.warning(manifest.identity, String(text)))
        }
    }
}
