import Base
import YAML

/// The problems that are found while files are read.
///
/// A class, so that the many small readers of one reading write into the same list; it never leaves that reading.
final class ProblemCollector {
    private(set) var all: [Problem] = []
    private var comparisonCount = 0
    private var replacedLength = 0

    /// Whether a file could not be read at all, so that what seems to be missing may be in it.
    var isIncomplete = false

    func add(_ location: SourceLocation, _ message: String, hint: String? = nil) {
        all.append(Problem(message, at: location, hint: hint))
    }

    /// Adds that something is nowhere to be found, unless it may be in a file that could not be read.
    func addMissing(_ location: SourceLocation, _ message: String, hint: String? = nil) {
        if !isIncomplete { add(location, message, hint: hint) }
    }

    func add(_ diagnostics: [Problem]) {
        all += diagnostics
    }

    /// Counts the length of a string with variables, and returns whether it is within the limit.
    ///
    /// Without this, a few variables made of each other would turn a short file into gigabytes.
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

    /// The name that was probably meant, as long as looking for it costs little.
    func nearName(to name: String, in names: [String]) -> String? {
        guard comparisonCount < Limit.hintComparisonCount else { return nil }
        comparisonCount += names.count
        return nearestName(to: name, in: names)
    }

    /// The hint `did you mean 'x'?`, or another where no name is near.
    func hint(for name: String, in names: [String], else other: String? = nil) -> String? {
        nearName(to: name, in: names).map { "did you mean '\($0)'?" } ?? other
    }

    /// Ends a reading, with what it found wrong if anything.
    func check() throws(Problems) {
        if !all.isEmpty { throw Problems(all) }
    }
}
