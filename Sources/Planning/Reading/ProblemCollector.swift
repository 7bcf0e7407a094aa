import Base
import YAML

/// Collects the problems that are found while files are read.
///
/// The collector is a class so that all readers append to the same list.
final class ProblemCollector {
    private var found: [Problem] = []

    /// The problems of keys that are missing, by each key that would solve them.
    private var missing: [String: [Problem]] = [:]

    /// The problems of keys that are unknown where they are written, and belong to no mapping nearby.
    private var misplaced: [String: [Problem]] = [:]

    /// The names of tasks whose verb is another tool's, which has been reported.
    var misnamedVerbs: Set<String> = []

    private var comparisonCount = 0
    private var replacedLength = 0

    /// Whether a file could not be read at all.
    ///
    /// A declaration that seems to be missing may be in that file.
    var isIncomplete = false

    /// The problems.
    ///
    /// A key that is missing in one mapping and unknown in another was probably written in the wrong one, which is one
    /// problem.
    var all: [Problem] {
        var result = found
        for (key, unknown) in misplaced {
            guard unknown.count == 1, let lack = missing[key], lack.count == 1, let place = lack[0].location,
                let index = result.firstIndex(of: unknown[0])
            else { continue }
            result[index].hint = "move it to \(place), where it is missing"
            result.removeAll { $0 == lack[0] }
        }
        return result
    }

    func add(_ location: SourceLocation, _ message: String, hint: String? = nil) {
        found.append(Problem(message, at: location, hint: hint))
    }

    /// Adds a problem.
    func add(_ problem: Problem) { found.append(problem) }

    /// Adds the problem that a mapping lacks a key, unless the key may be in a file that could not be read.
    ///
    /// - Parameters:
    ///   - keys: The keys of which one is missing.
    ///   - location: The place of the mapping.
    ///   - message: The problem.
    ///   - hint: What to do.
    func addMissing(
        keys: [String],
        _ location: SourceLocation,
        _ message: String,
        hint: String? = nil,
    ) {
        guard !isIncomplete else { return }
        let problem = Problem(message, at: location, hint: hint)
        for key in keys { missing[key, default: []].append(problem) }
        found.append(problem)
    }

    /// Adds the problem of a key that is unknown where it is written.
    func addUnknown(key: String, _ problem: Problem) {
        misplaced[key, default: []].append(problem)
        found.append(problem)
    }

    /// Adds a problem about something missing, unless it may be in a file that could not be read.
    func addMissing(_ location: SourceLocation, _ message: String, hint: String? = nil) {
        if !isIncomplete { add(location, message, hint: hint) }
    }

    func add(_ diagnostics: [Problem]) {
        found += diagnostics
    }

    /// Adds the length of a string after replacing variables to the total, and returns whether the limit is kept.
    ///
    /// Without a limit, a short file with a few nested variables could expand to gigabytes.
    func mayGrow(by byteCount: Int, at location: SourceLocation) -> Bool {
        let wasWithin = replacedLength <= Limit.replacedLength
        replacedLength += byteCount
        guard replacedLength > Limit.replacedLength else { return true }
        if wasWithin {
            let limit = Limit.replacedLength / 1024 / 1024
            add(location, "the strings with variables in them become longer than \(limit) MiB in all")
        }
        return false
    }

    /// Returns the name that was probably meant, or `nil` if no name is similar or the limit of comparisons is reached.
    func nearName(to name: String, in names: @autoclosure () -> [String]) -> String? {
        guard comparisonCount < Limit.hintComparisonCount else { return nil }
        let names = names()
        comparisonCount += names.count
        return nearestName(to: name, in: names)
    }

    /// Returns the hint `did you mean 'x'?`, or another hint if no name is similar.
    func hint(for name: String, in names: @autoclosure () -> [String], else other: String? = nil) -> String? {
        nearName(to: name, in: names()).map { "did you mean '\($0)'?" } ?? other
    }

    /// Throws the problems found, if any.
    func check() throws(Problems) {
        if !all.isEmpty { throw Problems(all) }
    }
}
