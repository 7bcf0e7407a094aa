/// The value of a plain scalar.
///
/// The rules are YAML 1.1 as kubectl 1.32 and its library sigs.k8s.io/yaml read it.
enum ScalarValue: Hashable {
    case null
    case boolean(Bool)
    /// An integer that fits into 64 bits, signed or unsigned.
    case integer(Number)
    /// Any other number.
    case float(Number)
    /// Infinity or NaN, which JSON cannot represent.
    case notFinite
    case string

    /// Determines the value of the text of an untagged plain scalar.
    init(_ text: String) {
        self = .string
        switch text.utf8.first {
        case nil: self = .null
        case let first? where first.isDigit || first.isSign:
            self = Self.words[text] ?? Self.number(text)
        case UInt8(ascii: "."):
            self = Self.words[text] ?? Number.decimal(text: text, plain: text).map(Self.float) ?? .string
        case let first? where Self.firstLetters.contains(first) && text.utf8.count <= 5:
            self = Self.words[text] ?? .string
        default: break
        }
    }

    /// The spellings of booleans and `null`.
    static let spellings = words.compactMap { word, value in
        switch value {
        case .boolean, .null: word
        case .integer, .float, .notFinite, .string: nil
        }
    }

    private static let firstLetters = Set("yYnNtTfFoO~".utf8)

    private static let words: [String: Self] = {
        var words: [String: Self] = [:]
        for word in ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"] {
            words[word] = .boolean(true)
        }
        for word in ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"] {
            words[word] = .boolean(false)
        }
        for word in ["~", "null", "Null", "NULL"] { words[word] = .null }
        for word in [".inf", ".Inf", ".INF"] { for sign in ["", "+", "-"] { words[sign + word] = .notFinite } }
        for word in [".nan", ".NaN", ".NAN"] { words[word] = .notFinite }
        return words
    }()

    /// Reads a text that begins with a digit or a sign: as a number if possible, ignoring underscores, or as a string.
    private static func number(_ text: String) -> Self {
        let plain = text.utf8.contains(UInt8(ascii: "_")) ? text.filter { $0 != "_" } : text
        return Number.integer(text: text, plain: plain).map(Self.integer)
            ?? Number.decimal(text: text, plain: plain).map(Self.float) ?? .string
    }
}
