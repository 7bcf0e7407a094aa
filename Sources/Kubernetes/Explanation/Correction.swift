import Base

/// The requirement that a value violates, without regular expressions, and advice with an acceptable value.
struct Correction {
    /// The requirement, as a message.
    let detail: String
    /// Advice, if there is any.
    let hint: String?

    init(_ text: CauseText) {
        // `... (e.g. 'my-name', regex used for validation is '...')`
        let words = text.detail.replacing(#/ *\(e\.g\. .*?regex used for validation is '.*?'\)/#, with: "")
        detail = words
        let remedy = Self.remedies.first { words.contains($0.requirement) }?.hint
        guard remedy == nil, let value = text.value else {
            hint = remedy
            return
        }
        let supported = words.firstMatch(of: /supported values: (.*)/).map { match in
            match.1.matches(of: /"([^"]*)"/).map { String($0.1) }
        }
        let longer = supported?.filter { $0.hasPrefix(value) }.min { $0.count < $1.count }
        if let near = supported.flatMap({ nearestName(to: value, in: $0) }) ?? longer {
            hint = "did you mean '\(near)'?"
        } else if words.contains("RFC 1123") || words.contains("DNS-1123") || words.contains("DNS-1035")
            || words.contains("RFC 1035") || words.contains("must not contain dots")
        {
            let name = Self.name(
                from: value,
                allowsDots: words.contains("subdomain"),
                beginsWithLetter: words.contains("start with an alphabetic character"),
            )
            hint = name.map { "write for example '\($0)'" }
        } else if words.contains("a valid label must") || words.contains("name part must consist") {
            hint = Self.label(from: value).map { "write for example '\($0)'" }
        } else if words.contains("a valid config key must") {
            hint = Self.label(from: value).map { "write for example '\($0)'" }
        } else if words.contains("does not match template `labels`") {
            hint = "write the same labels in both"
        } else {
            hint = nil
        }
    }

    private static let otherAddress = "write another value, or remove the field, so that the server chooses one"

    /// The remedies that do not depend on the value.
    private static let remedies: [(requirement: String, hint: String)] = [
        ("provided port is already allocated", otherAddress), ("provided IP is already allocated", otherAddress),
        (ServerStatus.wouldDelete, "remove 'ownerReferences'"),
        ("not configured for dual-stack services", "write 'PreferDualStack' or 'SingleStack'"),
    ]

    /// Returns the nearest valid name in lower case, `nil` if no valid character is left.
    private static func name(from value: String, allowsDots: Bool, beginsWithLetter: Bool) -> String? {
        let allowed = value.lowercased().map { character in
            isAlphanumeric(character) || allowsDots && character == "." ? character : "-"
        }
        let rest = beginsWithLetter ? allowed.drop { !$0.isLetter } : allowed[...]
        return trimmed(String(rest.prefix(allowsDots ? 253 : 63)))
    }

    /// Returns the nearest valid label value or key name, `nil` if no valid character is left.
    private static func label(from value: String) -> String? {
        let allowed = value.map { isAlphanumeric($0) || "-_.".contains($0) ? $0 : "-" }
        return trimmed(String(allowed.prefix(63)))
    }

    private static func isAlphanumeric(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber)
    }

    private static func trimmed(_ text: String) -> String? {
        var text = text[...]
        while let first = text.first, !isAlphanumeric(first) { text.removeFirst() }
        while let last = text.last, !isAlphanumeric(last) { text.removeLast() }
        return text.isEmpty ? nil : String(text)
    }
}
