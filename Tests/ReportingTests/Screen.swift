/// A terminal of the simplest kind, to see what bytes look like.
struct Screen {
    private(set) var rows: [String] = [""]
    private var row = 0
    private var column = 0
    private let columns: Int

    init(columns: Int) {
        self.columns = columns
    }

    /// What is to be seen, without the colours.
    var text: String { rows.joined(separator: "\n") }

    mutating func feed(_ text: String) {
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\u{1b}":
                let parameters = rest.dropFirst().prefix { !$0.properties.isAlphabetic }
                rest = rest.dropFirst(1 + parameters.count)
                control(rest.popFirst() ?? " ", Int(String(parameters)) ?? 1)
            case "\r": column = 0
            case "\n":
                column = 0
                down()
            default: put(Character(scalar))
            }
        }
    }

    private mutating func control(_ command: Unicode.Scalar, _ count: Int) {
        switch command {
        case "A": row = max(0, row - count)
        case "K": rows[row] = String(rows[row].prefix(column))
        case "J":
            rows[row] = String(rows[row].prefix(column))
            rows.removeSubrange((row + 1)...)
        default: break
        }
    }

    private mutating func put(_ character: Character) {
        if column == columns {
            column = 0
            down()
        }
        var characters = Array(rows[row])
        while characters.count <= column { characters.append(" ") }
        characters[column] = character
        rows[row] = String(characters)
        column += 1
    }

    private mutating func down() {
        row += 1
        if row == rows.count { rows.append("") }
    }
}
