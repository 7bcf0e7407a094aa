import Base
import YAML

/// Two readings that differ in a way that is not meant.
struct Mismatch: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// What our parser reads otherwise than PyYAML, on purpose.
enum Difference: String, CaseIterable {
    // Refused by us: kubectl would accept it and mean something else than what is written.
    case duplicateKey = "a key that is set twice is refused"
    case booleanKey = "a key that is a boolean only in YAML 1.1 is refused"
    case nullKey = "a key that is null is refused"
    case collectionKey = "a collection as a key is refused: JSON has none"
    case notFinite = "a number that JSON does not have is refused"
    case wrongTag = "a value that does not match its tag is refused"

    // Refused by us: libyaml and kubectl refuse it as well.
    case surrogatePair = "an escape that is half a character is refused"
    case tabIndentation = "a tab at the beginning of a block scalar is refused"
    case directive = "an unknown directive is refused"
    case colon = "a colon before a bracket is refused"
    case marker = "text after '---' is refused, with or without a space"
    case endMarker = "a document that is only its end is refused"
    case tagCharacter = "a tag with a bracket or a comma is refused"

    // Read by us: YAML allows it, and so does kubectl.
    case tab = "a tab separates as a space does"
    case comment = "a comment follows the header of a block scalar without a space"
    case questionMark = "a question mark may be part of a text in brackets"
    case duplicateAnchor = "an anchor may be defined again"

    // Values: the rules are those of kubectl.
    case letterBoolean = "'y' and 'n' are booleans"
    case exponent = "an exponent needs neither sign nor point"
    case octal = "'0o17' is a number, and '!!float 017' is 15"
    case sexagesimal = "'1:30' is a string"
    case timestamp = "a timestamp is a string"
    case otherNumber = "a number by the rules of Go"
    case exclamationMark = "the tag '!' makes a string"
    case otherTag = "a tag that is unknown, or belongs to a value of another kind, is refused"
    case byteOrderMark = "a byte order mark at the beginning of a line is ignored"
    case lastLine = "a last line without a line feed ends as the others do"
    case floatKey = "a key that is a floating-point number is written as Go does"

    /// Returns the reason for which we refuse what PyYAML reads.
    static func refusedByUs(_ problems: Problems) -> Self? {
        let reasons: [(String, Self)] = [
            ("is set twice", .duplicateKey), ("in YAML 1.1, so it would become", .booleanKey),
            ("key is null", .nullKey),
            ("cannot be a key", .collectionKey), ("that JSON cannot represent", .notFinite),
            ("match its tag", .wrongTag),
            ("'!!binary' is not", .wrongTag), ("means nothing for this value", .otherTag),
            ("found invalid Unicode character escape code", .surrogatePair),
            ("a tab cannot indent a line", .tabIndentation),
            ("unknown directive name", .directive),
            ("text after the document marker", .marker),
            ("found unexpected ':'", .colon), ("while scanning a tag", .tagCharacter),
            ("while parsing a tag", .tagCharacter), ("did not find expected node content", .endMarker),
        ]
        let known = problems.all.map { problem in reasons.first { problem.message.contains($0.0) }?.1 }
        return known.contains(nil) ? nil : known.first ?? nil
    }

    /// Returns the reason for which we read what PyYAML refuses.
    static func refusedByPyYAML(_ reason: String) -> Self? {
        if reason.contains(#"'\t'"#) { return .tab }
        if reason.contains("KeyError: 'n'") || reason.contains("KeyError: 'y'") { return .letterBoolean }
        if reason.contains("while scanning a tag") { return .otherTag }
        if reason.contains("but got '?'") { return .questionMark }
        if reason.contains("indentation indicators, but found '#'") { return .comment }
        return reason.contains("found duplicate anchor") ? .duplicateAnchor : nil
    }

    /// Compares a value, and adds what is different on purpose.
    static func compare(_ node: Node, _ tree: PyYAML.Tree, _ known: inout Set<Self>) throws {
        switch (node.content, tree) {
        case (.mapping(let mapping), .mapping(let pairs)):
            guard mapping.entries.count == pairs.count else {
                throw Mismatch("\(mapping.entries.count) keys, not \(pairs.count)")
            }
            for (entry, pair) in zip(mapping.entries, pairs) {
                guard case .scalar(let key) = pair.key else { throw Mismatch("key '\(entry.key)' is a collection") }
                try compare(key: entry.key, key, &known)
                try compare(entry.value, pair.value, &known)
            }
        case (.sequence(let items), .sequence(let trees)):
            guard items.count == trees.count else { throw Mismatch("\(items.count) items, not \(trees.count)") }
            for (item, tree) in zip(items, trees) { try compare(item, tree, &known) }
        case (_, .scalar(let scalar)):
            if let difference = try compare(scalar: node, scalar) { known.insert(difference) }
        default: throw Mismatch("\(String(decoding: node.json(), as: UTF8.self)) is another collection")
        }
    }

    private static func compare(key: String, _ scalar: PyYAML.Scalar, _ known: inout Set<Self>) throws {
        let value = ScalarReading(scalar)
        if key == value.keyText { return }
        guard let difference = value.difference(key: key) else {
            throw Mismatch("key '\(key)', not \(scalar)")
        }
        known.insert(difference)
    }

    private static func compare(scalar node: Node, _ scalar: PyYAML.Scalar) throws -> Self? {
        let value = ScalarReading(scalar)
        if value.isEqual(node) { return nil }
        if let difference = value.difference(node) { return difference }
        throw Mismatch("\(String(decoding: node.json(), as: UTF8.self)), not \(scalar)")
    }
}

/// A scalar as PyYAML reads it.
private struct ScalarReading {
    let scalar: PyYAML.Scalar

    init(_ scalar: PyYAML.Scalar) { self.scalar = scalar }

    /// Whether our value is the same.
    func isEqual(_ node: Node) -> Bool {
        switch (scalar.tag, node.content) {
        case ("null", .null): true
        case ("bool", .boolean(let value)): scalar.number == String(value)
        case ("int", .number(let number)): number.json == scalar.number
        case ("float", .number(let number)): Double(number.json) == scalar.number.flatMap(Double.init)
        // '=' and '<<' have tags of their own, and no other value than their characters.
        case ("str", .string(let text)), ("value", .string(let text)), ("merge", .string(let text)): text == scalar.text
        default: false
        }
    }

    /// The key that it is in JSON.
    var keyText: String? {
        switch scalar.tag {
        case "null": nil
        case "int", "bool": scalar.number
        default: scalar.text
        }
    }

    /// Why our value is another one.
    func difference(_ node: Node) -> Difference? {
        if node.string == scalar.text + "\n" { return .lastLine }
        if let tag = scalar.writtenTag {
            if tag.hasSuffix(":float"), node.integer != nil { return .octal }
            guard node.string == scalar.text else { return nil }
            return tag == "!" ? .exclamationMark : .otherTag
        }
        switch (scalar.tag, node.content) {
        case ("str", .boolean): return ["y", "Y", "n", "N"].contains(scalar.text) ? .letterBoolean : nil
        case ("timestamp", .string(let text)): return text == scalar.text ? .timestamp : nil
        case ("int", .string(let text)), ("float", .string(let text)):
            guard text == scalar.text else { return nil }
            return text.contains(":") ? .sexagesimal : .otherNumber
        case ("str", .number(let number)):
            let text = scalar.text.replacing("_", with: "")
            if let value = Double(text), value == Double(number.json) {
                return text.lowercased().contains("e") ? .exponent : .otherNumber
            }
            return text.hasPrefix("0o") && Int(text.dropFirst(2), radix: 8).map(String.init) == number.json
                ? .octal : nil
        default: return nil
        }
    }

    /// Why our key is another one.
    func difference(key: String) -> Difference? {
        switch scalar.tag {
        case _ where key == scalar.text && key.contains(":"): .sexagesimal
        case "str" where scalar.text.hasPrefix("0o"): .octal
        case "int" where Float(key) != nil && Float(key) == Float(scalar.text): .floatKey
        case "str": Float(key) != nil && Float(key) == Float(scalar.text.replacing("_", with: "")) ? .exponent : nil
        case "timestamp": key == scalar.text ? .timestamp : nil
        case "float" where key.hasSuffix(".inf") || key == ".nan":
            scalar.text.lowercased().hasSuffix(key) ? .floatKey : nil
        case "float": Float(key) == scalar.number.flatMap(Float.init) ? .floatKey : nil
        default: nil
        }
    }
}
