/// How often words occur in the names and texts of a file, which shows which of two similar names is misspelt.
public struct WordCounts {
    private let counts: [String: Int]

    /// Counts the words of texts.
    public init(_ texts: some Sequence<String>) {
        counts = Dictionary(texts.flatMap(Self.words).map { ($0, 1) }, uniquingKeysWith: +)
    }

    /// Decides whether a name is misspelt where it is declared, or where it is used.
    ///
    /// - Parameters:
    ///   - declared: A name that is declared and not used.
    ///   - used: A similar name that is used and not declared.
    ///   - count: How often it is used. With one use, that may be the mistake; a word that occurs nowhere else shows
    ///     which one it is.
    /// - Returns: Whether the declaration is misspelt.
    public func isMisspelt(_ declared: String, unlike used: String, usedTimes count: Int) -> Bool {
        let (declared, used) = (rarest(in: declared), rarest(in: used))
        return declared < used || count > 1 && declared == used
    }

    /// Returns how often the rarest word of a name occurs.
    private func rarest(in name: String) -> Int {
        Self.words(name).map { counts[$0] ?? 0 }.min() ?? 0
    }

    /// Returns the words of a name in lower case: `cluster` and `dns` of `clusterDNS`.
    private static func words(_ name: String) -> [String] {
        name.split { !$0.isLetter && !$0.isNumber }.flatMap { part -> [String] in
            var words: [String] = []
            var previous: Character = "A"
            for character in part {
                if words.isEmpty || character.isUppercase && previous.isLowercase { words.append("") }
                words[words.count - 1] += character.lowercased()
                previous = character
            }
            return words
        }
    }
}
