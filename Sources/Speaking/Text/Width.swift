/// How texts fill the columns of a terminal.
extension String {
    /// The columns that the text takes.
    var columnCount: Int { reduce(0) { $0 + $1.columnCount } }

    /// The text, cut off with an ellipsis where it takes more columns than there are.
    func truncated(to columns: Int) -> String {
        // A character takes no more columns than it has bytes.
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

    /// The text with spaces after it, up to a number of columns.
    func padded(to columns: Int) -> String {
        self + String(repeating: " ", count: max(0, columns - columnCount))
    }

    /// The text in lines of at most so many columns, broken between words where that is possible.
    func wrapped(to columns: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in split(separator: " ") {
            if !line.isEmpty, line.columnCount + 1 + String(word).columnCount > columns {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? String(word) : " \(word)"
        }
        return line.isEmpty ? lines : lines + [line]
    }
}

extension Character {
    /// The columns that a terminal gives the character.
    var columnCount: Int {
        guard let scalar = unicodeScalars.first else { return 0 }
        if scalar.value < 0x300 { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        return scalar.isWide || scalar.properties.isEmojiPresentation ? 2 : 1
    }
}

extension Unicode.Scalar {
    /// Whether the character is as wide as two letters: East Asian scripts and their punctuation.
    fileprivate var isWide: Bool {
        switch value {
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
            0xff00...0xff60, 0xffe0...0xffe6, 0x20000...0x3fffd:
            true
        default: false
        }
    }
}
