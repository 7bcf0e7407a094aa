import Base

/// Counts the mistakes of a value as far as its reader knows its keys.
public typealias MistakeCount = @Sendable (Node) -> Int

/// A change with which a text may become valid YAML, and the mistake that it corrects.
struct SyntaxRepair {
    /// How strongly the text itself suggests the mistake.
    enum Evidence: Int {
        /// The characters are a mistake whatever surrounds them, such as a tab in an indentation.
        case certain
        /// The line is a mistake if the text cannot be parsed.
        case likely
        /// Nothing suggests the mistake but that the text can be parsed without it.
        case none
    }

    var evidence = Evidence.likely
    /// The place of the mistake.
    let mark: EventMark
    /// The mistake, without what to do.
    let message: String
    /// The instruction for the user.
    let hint: String
    let changes: [EditableText.Change]
    /// Decides between changes with the same result; the greater one counts.
    var plausibility = 0
    /// Whether a program may make the change: it only adds the character that is missing.
    var isCertain = false

    /// How much of a text the change rearranges, in keys and values that it must gain to be the right one.
    private var cost: Int { changes.reduce(0) { $0 + ($1.text.contains("\n") ? 4 : 1) } }

    /// Returns how much of a text remains with the change, of which that many keys and values can be read.
    func gain(_ nodeCount: Int) -> Int { nodeCount - cost }

    /// Returns the problem at its place, with a hint only if the text can be parsed with the change.
    func problem(in source: SourceText, isProved: Bool) -> Problem {
        Problem(message, at: source.location(mark), hint: isProved ? hint : nil)
    }
}

/// Finds the mistakes in a text that libyaml refuses, by trying changes until it can be parsed.
///
/// libyaml reports where it could not continue, and what would have been possible there. The mistake is often on an
/// earlier line, and of another kind. So each rule of ``RepairRule`` proposes changes of the lines near that place; what
/// is proposed to the user is only what makes the text valid. If several do, the one counts that keeps most keys and
/// values, since a wrong one usually makes a text of them.
struct SyntaxRepairs {
    /// The mistakes of a text.
    struct Findings {
        /// The problems, at least one.
        var problems: [Problem]
        /// The value of the text with all changes, if it can be parsed with them.
        var root: Node?
    }

    /// A change that was tried.
    private struct Trial {
        let repair: SyntaxRepair
        let text: EditableText
        let outcome: Outcome
    }

    /// The value of a text that can be parsed.
    private struct Value {
        var root: Node?
        /// The problems that do not prevent parsing, such as a key that is written twice.
        var problems: [Problem]
        var mistakeCount: Int
        var nodeCount: Int
    }

    /// The result of parsing a text.
    private enum Outcome {
        /// It can be parsed.
        case valid(Value)
        /// It cannot be parsed, as libyaml reports.
        case invalid(SyntaxFailure, nodeCount: Int)
        /// It is refused for another reason, such as a limit.
        case refused
    }

    private let part: DocumentText
    private let limits: Limits
    private let mistakes: MistakeCount

    /// Prepares the search.
    ///
    /// - Parameters:
    ///   - part: The text.
    ///   - limits: The limits of the reader.
    ///   - mistakes: How many mistakes a value has; the change counts with which there are fewest.
    init(_ part: DocumentText, limits: Limits, mistakes: @escaping MistakeCount) {
        self.part = part
        self.limits = limits
        self.mistakes = mistakes
    }

    /// Finds the mistakes.
    ///
    /// - Parameters:
    ///   - failure: Where and why libyaml stopped.
    ///   - budget: How many bytes may still be parsed to try changes.
    /// - Returns: The mistakes, and what the text means without them.
    func find(_ failure: SyntaxFailure, _ budget: inout Int) -> Findings {
        let source = SourceText(part)
        let report = SyntaxReport(failure: failure, text: source)
        guard !report.isExact, part.bytes.count <= Self.sizeLimit else { return Findings(problems: [report.problem]) }
        let general = report.problem
        var applied: [EditableText.Change] = []
        var found: [SyntaxRepair] = []
        func problems(isProved: Bool) -> [Problem] {
            found.map { $0.problem(in: source, isProved: isProved) }
        }
        var (text, failure) = (EditableText(part.bytes), failure)
        while found.count < Self.mistakeLimit {
            let trials = tried(RepairRule.repairs(of: text, failure), of: text, after: applied, &budget)
            if let best = best(of: trials), case .valid(let value) = best.outcome {
                let hint = alternatives(to: best, in: trials)
                var problem = original(best.repair, applied).problem(in: source, isProved: true)
                if let hint { problem.hint = hint }
                return Findings(problems: problems(isProved: true) + [problem] + value.problems, root: value.root)
            }
            guard let next = furthest(of: trials, beyond: failure), case .invalid(let later, _) = next.outcome else {
                break
            }
            found.append(original(next.repair, applied))
            applied += next.repair.changes
            (text, failure) = (next.text, later)
        }
        return Findings(problems: [problems(isProved: false).first ?? general])
    }

    /// How many mistakes of one document are looked for.
    private static let mistakeLimit = 4

    /// The largest document in which changes are tried, in bytes; every change costs as much as reading it.
    private static let sizeLimit = 128 << 10

    /// How many bytes are parsed to try changes of one file; a large document is tried with fewer.
    static let byteBudget = 4 << 20

    /// The bytes that each change counts for in addition, so that a short text is not tried with thousands.
    private static let trialCost = 8 << 10

    private func tried(
        _ repairs: [SyntaxRepair],
        of text: EditableText,
        after applied: [EditableText.Change],
        _ budget: inout Int,
    ) -> [Trial] {
        var trials: [Trial] = []
        for repair in repairs where budget > 0 {
            let changed = text.changed(repair.changes)
            var part = part
            part.bytes = changed.bytes[...]
            part.changes = applied + repair.changes
            budget -= part.bytes.count + Self.trialCost
            trials.append(Trial(repair: repair, text: changed, outcome: outcome(of: part)))
        }
        return trials
    }

    private func outcome(of part: DocumentText) -> Outcome {
        var composer = Composer(part, limits: limits)
        do throws(Problem) {
            let root = try composer.compose()
            let value = Value(
                root: root,
                problems: composer.problems,
                mistakeCount: root.map(mistakes) ?? 0,
                nodeCount: composer.nodeCount
            )
            return .valid(value)
        } catch {
            return composer.failure.map { .invalid($0, nodeCount: composer.nodeCount) } ?? .refused
        }
    }

    /// Returns the change that makes the text valid and keeps most of it.
    private func best(of trials: [Trial]) -> Trial? {
        var best: (trial: Trial, rank: [Int])?
        for trial in trials {
            guard case .valid(let value) = trial.outcome else { continue }
            let rank = [
                -trial.repair.evidence.rawValue, -value.mistakeCount, -value.problems.count,
                trial.repair.gain(value.nodeCount), trial.repair.plausibility,
            ]
            if best.map({ $0.rank.lexicographicallyPrecedes(rank) }) ?? true { best = (trial, rank) }
        }
        return best?.trial
    }

    /// Returns the hint if other changes of the same mistake are about as good, `nil` if the best one is the only one.
    private func alternatives(to best: Trial, in trials: [Trial]) -> String? {
        guard case .valid(let chosen) = best.outcome else { return nil }
        let hints = trials.compactMap { trial -> String? in
            guard case .valid(let value) = trial.outcome, value.problems.count == chosen.problems.count,
                value.mistakeCount == chosen.mistakeCount, value.nodeCount == chosen.nodeCount,
                trial.repair.message == best.repair.message,
                trial.repair.mark == best.repair.mark
            else { return nil }
            return trial.repair.hint
        }.unique()
        let distinct = hints.filter { hint in !hints.contains { $0 != hint && hint.hasPrefix($0) } }
        return distinct.count > 1 ? distinct.joined(separator: ", or ") : nil
    }

    /// Returns the change with which libyaml gets to a later line and reads most.
    private func furthest(of trials: [Trial], beyond failure: SyntaxFailure) -> Trial? {
        var best: (trial: Trial, rank: [Int])?
        for trial in trials where trial.repair.evidence != .none {
            guard case .invalid(let later, let nodeCount) = trial.outcome,
                later.problem.problemMark.line > failure.problem.problemMark.line
            else { continue }
            let rank = [
                -trial.repair.evidence.rawValue, trial.repair.gain(nodeCount), trial.repair.plausibility,
            ]
            if best.map({ $0.rank.lexicographicallyPrecedes(rank) }) ?? true { best = (trial, rank) }
        }
        return best?.trial
    }

    /// Returns a change with its place in the text before earlier changes.
    private func original(_ repair: SyntaxRepair, _ applied: [EditableText.Change]) -> SyntaxRepair {
        let mark = applied.reversed().reduce(repair.mark) { mark, change in change.original(mark) }
        let changes = repair.changes.map { change in
            var change = change
            let start = applied.reversed().reduce(EventMark(line: change.line, column: change.column)) {
                $1.original($0)
            }
            (change.line, change.column) = (start.line, start.column)
            return change
        }
        return SyntaxRepair(
            evidence: repair.evidence,
            mark: mark,
            message: repair.message,
            hint: repair.hint,
            changes: changes,
            plausibility: repair.plausibility,
            isCertain: repair.isCertain
        )
    }
}

/// Where and why libyaml could not continue.
struct SyntaxFailure {
    let problem: SyntaxProblem

    /// The innermost open collection in brackets.
    let openFlow: (mark: EventMark, bracket: String)?

    /// The last scalar before the place.
    let lastScalar: EventSpan?

    /// Whether the content of the document has begun before.
    let isBehindDocument: Bool
}
