import Base

extension Wait {
    /// Creates a wait from its text for people, such as `API server a:6443: connection refused (gives up at 12:10:00Z)`.
    ///
    /// `API server …` is a server, `Lease/…` a lock, any other name with a slash and without spaces or a quote at its
    /// beginning an object, and everything else a condition.
    init(_ text: String) {
        var text = text[...]
        var givesUpAt: String?
        if let range = text.firstRange(of: " (gives up at ") {
            givesUpAt = String(text[range.upperBound...].dropLast())
            text = text[..<range.lowerBound]
        }
        let colon = text.firstRange(of: ": ")
        let name = String(colon.map { text[..<$0.lowerBound] } ?? text)
        let kind: Subject.Kind =
            if name.hasPrefix("API server ") {
                .server
            } else if name.hasPrefix("Lease/") {
                .lock
            } else {
                name.contains("/") && !name.contains(" ") && !name.hasPrefix("'") ? .object : .condition
            }
        self.init(.init(kind, name), reason: colon.map { String(text[$0.upperBound...]) }, givesUpAt: givesUpAt)
    }
}
