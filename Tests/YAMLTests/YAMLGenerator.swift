/// Small YAML texts with what parsers disagree about, the same for the same seed.
struct YAMLGenerator {
    private var random: SeededGenerator
    private var anchorCount = 0

    init(seed: UInt64) {
        random = SeededGenerator(state: 0x9E37_79B9_7F4A_7C15 &* seed)
        for _ in 0..<10 { _ = random.next() }
    }

    /// Makes a document, and breaks every fifth one.
    mutating func document() -> String {
        anchorCount = 0
        var text = chance(8) ? "# comment\n" : ""
        if chance(6) {
            text += pick([
                "---\n", "---\n", "--- # c\n", "---'a'\n", "---\n...\n---\n", "%YAML 1.1\n---\n", "%FOO bar\n---\n",
            ])
        }
        if chance(100) { text += "\u{FEFF}" }
        text += chance(8) ? scalar(0) + "\n" : block(0, depth: 0)
        if chance(10) { text += "...\n" }
        if chance(5) { text = broken(text) }
        if chance(20) { text = text.replacing("\n", with: "\r\n") }
        if chance(20) { text = String(text.dropLast()) }
        return text
    }

    private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

    private mutating func pick(_ texts: [String]) -> String { texts.randomElement(using: &random) ?? "" }

    // MARK: - Scalars

    private static let plain = [
        "a", "b c", "yes", "No", "on", "OFF", "y", "N", "~", "null", "Null", "NULL", "", "true", "False", "1", "0",
        "-1",
        "+1", "017", "0o17", "0x1F", "0b101", "1_000", "1.5", "1e3", "1.5e+3", ".5", "-.5", "1.", ".inf", "-.INF",
        ".nan",
        "1:30", "190:20:30", "1:30.5", "2001-01-01", "2001-12-14t21:59:43.10-05:00", "=", "a:b", "a#b", "a #b", "x:",
        "http://x/y", "-a", "?a", ":a", "a'b", "a\"b", "%a", "@a", "`a", "|x", "{a", "a]b", "a, b", "08", "0_8", "é",
        "日本",
        "a\tb", "a  b", "1_", "_1", "0x", "0xg", "123456789012345678901234567890", "-0", "0.0", "00", "+.5", "1.5.5",
        "- a",
        "? a", ": a", "-", "a: b: c", "\u{85}a", "\u{2028}", "\u{FEFF}a", "\u{7f}", "\u{1}", "😀", "aGk=",
    ]
    private static let common = ["a", "b c", "x1", "http://x/y", "a#b", "1", "true", "no", "é", "a:b", "-1"]
    private static let quoted = [
        #""""#, #""a\tb""#, #""\x41\u00e9\U0001F600""#, "\"a\n   b\"", "\"a\\\n   b\"", #""\/""#, #""\e""#, #""\q""#,
        #"" a ""#, "\"a\n\n   b\"", #""yes""#, #""1""#, #""\ud83d\ude00""#, #""\0""#, "\"a\tb\"", "''", "'it''s'",
        "'a\n   b'",
        "'yes'", "' # '", "'a\\n'", "\"a", "'a", "\"a\" b", "'a'b", "'\n\n   '",
    ]
    // Tags that any scalar may have are more frequent, so that enough texts can be read.
    private static let tags = [
        "!!str ", "!!int ", "!!float ", "!!str ", "!!null ", "!!binary ", "!!str ", "! ", "!<tag:yaml.org,2002:str> ",
        "! ", "! ", "!e!x ",
    ]
    private static let headers = [
        "|", ">", "|-", "|+", ">-", ">+", "|2", ">1-", "|-1", "|0", "|  # comment", "|# c", "|x", ">+2",
    ]
    private static let lines = ["", "text", "  more", "\ttab", "# no comment", "- x", "a: b", " ", "😀", "'", "}"]

    private mutating func scalar(_ indentation: Int) -> String {
        if chance(30), anchorCount > 0 { return "*a\(Int.random(in: 0...anchorCount, using: &random))" }
        let head = properties()
        switch Int.random(in: 0..<10, using: &random) {
        case 0, 1: return head + pick(Self.quoted)
        case 2: return head + literal(indentation)
        case 3: return head + flow(depth: 0)
        case 4 where chance(2):
            return head + pick(["a", "1", "yes"]) + "\n" + spaces(indentation + 2) + pick(Self.plain)
        default: return head + pick(chance(2) ? Self.plain : Self.common)
        }
    }

    /// A tag, an anchor, both or mostly nothing.
    private mutating func properties() -> String {
        var text = chance(12) ? pick(Self.tags) : ""
        if chance(15) {
            anchorCount += chance(5) ? 0 : 1
            text += "&a\(anchorCount) "
        }
        return text
    }

    private mutating func literal(_ indentation: Int) -> String {
        let inner = spaces(indentation + Int.random(in: 1...3, using: &random))
        let lines = (0..<Int.random(in: 0...4, using: &random)).map { _ in inner + pick(Self.lines) }
        return ([pick(Self.headers)] + lines).joined(separator: "\n")
    }

    // MARK: - Collections

    private func spaces(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }

    private mutating func flow(depth: Int) -> String {
        let separator = pick([", ", ",", ",\n      ", " , ", ", # c\n      "])
        let isMapping = chance(2)
        var items = (0..<Int.random(in: 0...3, using: &random)).map { index in
            let value =
                depth < 3 && chance(3)
                ? flow(depth: depth + 1)
                : properties() + pick(chance(3) ? Self.plain : chance(2) ? Self.quoted : Self.common)
            guard isMapping || chance(8) else { return value }
            let key = pick(["k\(index)", "\"k\(index)\"", "'k\(index)'", "? k\(index)", "k\(index) ", "&a\(index) k"])
            return pick(["\(key): \(value)", "\(key):\(value)", "\(key)", "\(key) : \(value)", "\(key):\n  \(value)"])
        }
        if chance(10) { items.append("") }
        let text = items.joined(separator: separator)
        return isMapping ? "{\(text)}" : "[\(text)]"
    }

    /// Lines of a mapping or a sequence, each with its line feed.
    private mutating func block(_ indentation: Int, depth: Int) -> String {
        let isMapping = chance(3) ? false : true
        var text = ""
        for index in 0..<Int.random(in: 1...4, using: &random) {
            if chance(15) { text += pick(["\n", "# c\n", "   # c\n", " \n"]) }
            let margin = spaces(chance(40) ? indentation + 1 : indentation)
            if isMapping {
                text += margin + entry(index, indentation, depth: depth)
            } else {
                text += margin + "-" + value(indentation, depth: depth, isItem: true)
            }
        }
        return text
    }

    private mutating func entry(_ index: Int, _ indentation: Int, depth: Int) -> String {
        // Keys that are other than text are rare, or no document would be read.
        var key = "k\(chance(25) ? 0 : index)"
        if chance(8) {
            key = pick(["\"\(key)\"", "'\(key)'", "&a9 \(key)", "!!str \(key)", "\(key) x", "é\(key)", "\(key) "])
        }
        if chance(25) { key = pick(Self.plain + Self.quoted) }
        if index == 0, chance(30) { return "<<: {m: 1, n: 2}\n" }
        if chance(20) {
            return "? \(key)\n" + (chance(4) ? "" : spaces(indentation) + ":" + value(indentation, depth: depth))
        }
        return key + ":" + value(indentation, depth: depth)
    }

    private mutating func value(_ indentation: Int, depth: Int, isItem: Bool = false) -> String {
        let end = chance(12) ? pick([" # c", " ", " #"]) + "\n" : "\n"
        guard depth < 4, chance(3) else {
            return pick(chance(30) ? ["\t"] : [" ", " ", "  "]) + scalar(indentation) + end
        }
        let inner = indentation + Int.random(in: 1...4, using: &random)
        let nested = block(inner, depth: depth + 1)
        // The first line of a nested collection may follow the indicator.
        if isItem, chance(2) { return spaces(inner - indentation - 1) + nested.drop { $0 == " " } }
        if !isItem, chance(5) { return "\n" + block(indentation, depth: depth + 1) }
        return (chance(8) ? " &a8" : "") + end + nested
    }

    // MARK: - Mistakes

    private mutating func broken(_ text: String) -> String {
        var scalars = Array(text.unicodeScalars)
        for _ in 0..<Int.random(in: 1...3, using: &random) where !scalars.isEmpty {
            let start = Int.random(in: 0..<scalars.count, using: &random)
            let end = min(scalars.count, start + Int.random(in: 0...4, using: &random))
            if chance(2) {
                scalars.removeSubrange(start..<end)
            } else {
                let fragments = [
                    "\n", " ", "\t", ":", "- ", "[", "]", "{", "}", "#", "&a ", "*a1", "|\n", "'", "\"", ",", "? ",
                ]
                scalars.insert(contentsOf: pick(fragments).unicodeScalars, at: start)
            }
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
