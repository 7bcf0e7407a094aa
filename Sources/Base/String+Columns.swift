extension String {
    /// The maximum number of terminal columns that the text may occupy.
    public var columnCount: Int { reduce(0) { $0 + $1.columnCount } }

    /// Returns the text, cut off with an ellipsis if it is wider than a number of columns.
    public func truncated(to columns: Int) -> String {
        // A character occupies at most as many columns as it has bytes.
        guard utf8.count > columns, columnCount > columns else { return self }
        guard columns > 0 else { return "" }
        var kept = ""
        var used = 0
        for character in self {
            used += character.columnCount
            if used > columns - 1 { break }
            kept.append(character)
        }
        return kept + "…"
    }

    /// Returns the text, padded with spaces to a number of columns.
    public func padded(to columns: Int) -> String {
        self + String(repeating: " ", count: max(0, columns - columnCount))
    }

    /// Breaks the text into lines of a maximum width, between words.
    ///
    /// A word that is wider than the maximum is not broken. All lines but the first are indented by `indentation`.
    public func wrapped(to columns: Int, indentation: Int = 0) -> [String] {
        guard columnCount > columns else { return isEmpty ? [] : [self] }
        var lines: [String] = []
        var line = String(prefix { $0 == " " })
        var used = line.columnCount
        var isFirst = true
        for word in split(separator: " ") {
            let width = String(word).columnCount
            if !isFirst, used + 1 + width > columns {
                lines.append(line)
                line = String(repeating: " ", count: indentation)
                used = indentation
                isFirst = true
            }
            line += isFirst ? "\(word)" : " \(word)"
            used += isFirst ? width : width + 1
            isFirst = false
        }
        return lines + [line]
    }
}

extension Character {
    /// The maximum number of columns that the character may occupy.
    ///
    /// Many terminals show the parts of a joined emoji one after another, so every part counts.
    var columnCount: Int { unicodeScalars.reduce(0) { $0 + $1.columnCount } }
}

extension Unicode.Scalar {
    /// The maximum number of columns that the scalar adds to its character.
    fileprivate var columnCount: Int {
        if value < 0x300 { return 1 }
        switch value {
        // Vowels and final consonants of Hangul are drawn as part of the preceding syllable.
        case 0x1160...0x11ff, 0xd7b0...0xd7ff: return 0
        // The variation selector turns the preceding character into an emoji, which some terminals show in two columns.
        case 0xfe0f: return 1
        default: break
        }
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: return isWide || properties.isEmojiPresentation ? 2 : 1
        }
    }

    /// Whether the character belongs to an East Asian script or its punctuation, which is two columns wide.
    fileprivate var isWide: Bool {
        switch value {
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
            0xff00...0xff60, 0xffe0...0xffe6, 0x20000...0x3fffd:
            true
        default: false
        }
    }
}

extension String {
    /// Returns the text, with an ellipsis in place of its middle if it has more characters than a limit.
    ///
    /// A message begins with its subject and ends with its cause, so both ends are needed.
    public func shortened(to limit: Int) -> String {
        guard let end = index(startIndex, offsetBy: limit, limitedBy: endIndex), end != endIndex else { return self }
        let head = limit / 2
        return "\(prefix(head))…\(suffix(limit - head - 1))"
    }
}
