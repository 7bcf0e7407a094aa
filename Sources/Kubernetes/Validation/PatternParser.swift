/// A parser of regular expressions in Go's syntax that rejects unsupported syntax instead of misinterpreting it.
struct PatternParser {
    private var rest: Substring.UnicodeScalarView
    private var depth = 0

    private static let depthLimit = 50
    private static let repetitionLimit = 1000

    init(_ text: String) {
        rest = text[...].unicodeScalars
    }

    /// Parses the whole text.
    mutating func parse() -> PatternTree? {
        guard let tree = parseAlternatives(), rest.isEmpty else { return nil }
        return tree
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard rest.first == scalar else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func parseAlternatives() -> PatternTree? {
        depth += 1
        defer { depth -= 1 }
        guard depth < Self.depthLimit else { return nil }
        var parts: [PatternTree] = []
        repeat {
            guard let part = parseSequence() else { return nil }
            parts.append(part)
        } while take("|")
        return parts.count == 1 ? parts[0] : .alternatives(parts)
    }

    private mutating func parseSequence() -> PatternTree? {
        var parts: [PatternTree] = []
        while let next = rest.first, next != "|", next != ")" {
            guard let atom = parseAtom(), let part = parseRepetition(of: atom) else { return nil }
            parts.append(part)
        }
        return .sequence(parts)
    }

    private mutating func parseAtom() -> PatternTree? {
        guard let next = rest.popFirst() else { return nil }
        switch next {
        case "(": return parseGroup()
        case "[": return parseClass().map(PatternTree.characters)
        case ".": return .characters(.notNewline)
        case "^": return .assertion(.start)
        case "$": return .assertion(.end)
        case "\\": return parseEscape()
        case "*", "+", "?": return nil
        default: return .characters(CharacterSet(ranges: [next.value...next.value]))
        }
    }

    private mutating func parseGroup() -> PatternTree? {
        if take("?") {
            if take("P") || rest.first == "<" {
                guard take("<"), let end = rest.firstIndex(of: ">") else { return nil }
                rest = rest[rest.index(after: end)...]
            } else if !take(":") {
                return nil
            }
        }
        guard let tree = parseAlternatives(), take(")") else { return nil }
        return tree
    }

    private mutating func parseRepetition(of atom: PatternTree) -> PatternTree? {
        var tree = atom
        while let next = rest.first {
            var range: (Int, Int?)
            switch next {
            case "*": range = (0, nil)
            case "+": range = (1, nil)
            case "?": range = (0, 1)
            case "{":
                guard let counts = takeCounts() else {
                    // A brace that does not begin a count is a literal character and is parsed as the next atom.
                    return tree
                }
                range = counts
            default: return tree
            }
            if next != "{" { rest.removeFirst() }
            // Greediness does not affect whether a repetition matches.
            _ = take("?")
            guard range.0 <= Self.repetitionLimit, range.1 ?? 0 <= Self.repetitionLimit,
                range.1.map({ $0 >= range.0 }) ?? true
            else { return nil }
            tree = .repetition(tree, range.0, range.1)
        }
        return tree
    }

    /// Consumes a count such as `{3}`, `{3,}` or `{3,5}`, or nothing if there is none.
    private mutating func takeCounts() -> (Int, Int?)? {
        let text = String(String.UnicodeScalarView(rest.prefix(12)))
        guard let match = text.prefixMatch(of: /\{([0-9]+)(,([0-9]*))?\}/), let minimum = Int(match.1) else {
            return nil
        }
        rest = rest.dropFirst(match.0.unicodeScalars.count)
        guard match.2 != nil else { return (minimum, minimum) }
        return (minimum, match.3.flatMap { Int($0) })
    }

    private mutating func parseEscape() -> PatternTree? {
        guard let next = rest.popFirst() else { return nil }
        switch next {
        case "A": return .assertion(.start)
        case "z": return .assertion(.end)
        case "b": return .assertion(.wordBoundary(true))
        case "B": return .assertion(.wordBoundary(false))
        default: return escaped(next).map(PatternTree.characters)
        }
    }

    /// Returns the characters of an escape, or `nil` if the escape is not supported.
    private mutating func escaped(_ next: Unicode.Scalar) -> CharacterSet? {
        func negated(_ set: CharacterSet) -> CharacterSet { CharacterSet(ranges: set.ranges, isNegated: true) }
        switch next {
        case "d": return .digit
        case "D": return negated(.digit)
        case "w": return .word
        case "W": return negated(.word)
        case "s": return .space
        case "S": return negated(.space)
        case "n": return CharacterSet(ranges: [0x0A...0x0A])
        case "r": return CharacterSet(ranges: [0x0D...0x0D])
        case "t": return CharacterSet(ranges: [0x09...0x09])
        case "f": return CharacterSet(ranges: [0x0C...0x0C])
        case "v": return CharacterSet(ranges: [0x0B...0x0B])
        case "x":
            let digits = String(String.UnicodeScalarView(rest.prefix(2)))
            guard digits.count == 2, let value = UInt32(digits, radix: 16) else { return nil }
            rest = rest.dropFirst(2)
            return CharacterSet(ranges: [value...value])
        default:
            let isWord = CharacterSet.word.contains(next) || !next.isASCII
            return isWord ? nil : CharacterSet(ranges: [next.value...next.value])
        }
    }

    private mutating func parseClass() -> CharacterSet? {
        let isNegated = take("^")
        var set = CharacterSet()
        var isFirst = true
        while let next = rest.popFirst() {
            if next == "]", !isFirst {
                return CharacterSet(ranges: set.ranges, isNegated: isNegated)
            }
            isFirst = false
            if next == "[", rest.first == ":" {
                guard let named = takeNamedClass() else { return nil }
                set.ranges += named.ranges
                continue
            }
            guard let item = classItem(next) else { return nil }
            guard item.ranges.count == 1, let low = item.ranges.first, low.count == 1, rest.first == "-",
                let after = rest.dropFirst().first, after != "]"
            else {
                set.ranges += item.ranges
                continue
            }
            rest.removeFirst()
            guard let end = rest.popFirst(), let high = classItem(end), let last = high.ranges.first,
                high.ranges.count == 1,
                last.count == 1, low.lowerBound <= last.lowerBound
            else { return nil }
            set.ranges.append(low.lowerBound...last.lowerBound)
        }
        return nil
    }

    /// Parses a character or an escape within brackets.
    private mutating func classItem(_ next: Unicode.Scalar) -> CharacterSet? {
        guard next == "\\" else { return CharacterSet(ranges: [next.value...next.value]) }
        guard let after = rest.popFirst(), let set = escaped(after) else { return nil }
        guard set.isNegated else { return set }
        return CharacterSet(ranges: Self.complement(of: set.ranges))
    }

    private static func complement(of ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        var result: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { result.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        return result + [next...0x10_FFFF]
    }

    /// Consumes a named class such as `[:alpha:]` after its first bracket.
    private mutating func takeNamedClass() -> CharacterSet? {
        let text = String(String.UnicodeScalarView(rest.prefix(12)))
        guard let match = text.prefixMatch(of: /:([a-z]+):\]/) else { return nil }
        rest = rest.dropFirst(match.0.unicodeScalars.count)
        switch match.1 {
        case "alpha": return CharacterSet(ranges: [0x41...0x5A, 0x61...0x7A])
        case "digit": return .digit
        case "alnum": return CharacterSet(ranges: [0x30...0x39, 0x41...0x5A, 0x61...0x7A])
        case "lower": return CharacterSet(ranges: [0x61...0x7A])
        case "upper": return CharacterSet(ranges: [0x41...0x5A])
        case "word": return .word
        case "space": return CharacterSet(ranges: [0x09...0x0D, 0x20...0x20])
        case "xdigit": return CharacterSet(ranges: [0x30...0x39, 0x41...0x46, 0x61...0x66])
        case "punct": return CharacterSet(ranges: [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E])
        default: return nil
        }
    }
}
