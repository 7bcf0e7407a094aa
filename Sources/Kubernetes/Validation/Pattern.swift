/// A regular expression in the syntax of Go, as used in the schemas of CustomResourceDefinitions.
///
/// All alternatives are followed in parallel, so the matching time is proportional to the length of the text.
struct Pattern {
    /// One step of the program.
    enum Step {
        case characters(CharacterSet)
        case start, end, wordBoundary(Bool)
        /// Continues at two steps.
        case split(Int, Int)
        case jump(Int)
        case match
    }

    private let program: [Step]

    /// The product of text length and program length from which a text is assumed to match.
    private static let workLimit = 1 << 24

    /// Compiles a pattern, or returns `nil` if it is invalid or uses unsupported syntax.
    init?(_ text: String) {
        var parser = PatternParser(text)
        guard let tree = parser.parse() else { return nil }
        var compiler = PatternCompiler()
        guard compiler.add(tree) else { return nil }
        program = compiler.steps + [.match]
    }

    /// Returns whether the pattern matches anywhere in a text.
    func matches(_ text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        guard scalars.count * program.count < Self.workLimit else { return true }
        var current = Threads(program.count)
        for index in 0...scalars.count {
            follow(0, at: index, in: scalars, &current)
            if current.isMatched { return true }
            guard index < scalars.count else { break }
            var next = Threads(program.count)
            for position in current.positions {
                guard case .characters(let set) = program[position], set.contains(scalars[index]) else { continue }
                follow(position + 1, at: index + 1, in: scalars, &next)
            }
            current = next
            if current.isMatched { return true }
        }
        return false
    }

    /// The positions in the program that are reached at one position in the text.
    private struct Threads {
        var positions: [Int] = []
        var isMatched = false
        private var seen: [Bool]

        init(_ count: Int) {
            seen = Array(repeating: false, count: count)
        }

        mutating func visit(_ position: Int) -> Bool {
            defer { seen[position] = true }
            return !seen[position]
        }
    }

    /// Adds the positions that are reachable from a position without reading a character.
    private func follow(_ start: Int, at index: Int, in text: [Unicode.Scalar], _ threads: inout Threads) {
        var pending = [start]
        while let position = pending.popLast() {
            guard threads.visit(position) else { continue }
            switch program[position] {
            case .characters: threads.positions.append(position)
            case .match: threads.isMatched = true
            case .jump(let target): pending.append(target)
            case .split(let first, let second): pending += [second, first]
            case .start: if index == 0 { pending.append(position + 1) }
            case .end: if index == text.count { pending.append(position + 1) }
            case .wordBoundary(let isWanted):
                let before = index > 0 && CharacterSet.word.contains(text[index - 1])
                let after = index < text.count && CharacterSet.word.contains(text[index])
                if (before != after) == isWanted { pending.append(position + 1) }
            }
        }
    }
}

/// A set of characters.
struct CharacterSet: Equatable {
    var ranges: [ClosedRange<UInt32>] = []
    var isNegated = false

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        ranges.contains { $0.contains(scalar.value) } != isNegated
    }

    static let digit = CharacterSet(ranges: [0x30...0x39])
    static let word = CharacterSet(ranges: [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    static let space = CharacterSet(ranges: [0x09...0x0A, 0x0C...0x0D, 0x20...0x20])
    static let notNewline = CharacterSet(ranges: [0x0A...0x0A], isNegated: true)
    static let any = CharacterSet(ranges: [0...0x10_FFFF])
}

/// A parsed pattern.
indirect enum PatternTree {
    case empty
    case characters(CharacterSet)
    case assertion(Pattern.Step)
    case sequence([PatternTree])
    case alternatives([PatternTree])
    case repetition(PatternTree, Int, Int?)
}

/// Compiles a parsed pattern into steps.
struct PatternCompiler {
    private(set) var steps: [Pattern.Step] = []

    /// The maximum length of a program, needed because repetitions are expanded.
    private static let limit = 20_000

    /// Adds a pattern, and returns whether the program is still short enough.
    mutating func add(_ tree: PatternTree) -> Bool {
        guard steps.count < Self.limit else { return false }
        switch tree {
        case .empty: break
        case .characters(let set): steps.append(.characters(set))
        case .assertion(let step): steps.append(step)
        case .sequence(let parts):
            for part in parts where !add(part) { return false }
        case .alternatives(let parts): return addAlternatives(parts)
        case .repetition(let part, let minimum, let maximum):
            for _ in 0..<minimum where !add(part) { return false }
            guard let maximum else { return addLoop(part) }
            return addOptional(part, count: maximum - minimum)
        }
        return true
    }

    private mutating func addAlternatives(_ parts: [PatternTree]) -> Bool {
        var jumps: [Int] = []
        for (index, part) in parts.enumerated() {
            let isLast = index == parts.count - 1
            let split = steps.count
            if !isLast { steps.append(.match) }
            guard add(part) else { return false }
            guard !isLast else { break }
            jumps.append(steps.count)
            steps.append(.match)
            steps[split] = .split(split + 1, steps.count)
        }
        for jump in jumps { steps[jump] = .jump(steps.count) }
        return true
    }

    private mutating func addLoop(_ part: PatternTree) -> Bool {
        let split = steps.count
        steps.append(.match)
        guard add(part) else { return false }
        steps.append(.jump(split))
        steps[split] = .split(split + 1, steps.count)
        return true
    }

    private mutating func addOptional(_ part: PatternTree, count: Int) -> Bool {
        var splits: [Int] = []
        for _ in 0..<max(0, count) {
            splits.append(steps.count)
            steps.append(.match)
            guard add(part) else { return false }
        }
        for split in splits { steps[split] = .split(split + 1, steps.count) }
        return true
    }
}
