import Base

/// The problems found while files are read, in a class so that all readers append to the same list.
final class ProblemCollector {
    private(set) var all: [Problem] = []

    private var comparisonCount = 0
    private var replacedLength = 0

    /// Whether a file or section could not be read; it may contain declarations that seem to be missing.
    var isIncomplete = false

    func add(_ location: SourceLocation, _ message: String, hint: String? = nil) {
        all.append(Problem(message, at: location, hint: hint))
    }

    /// Adds a problem about something missing unless ``isIncomplete`` is set.
    func addMissing(_ location: SourceLocation, _ message: String, hint: String? = nil) {
        if !isIncomplete { add(location, message, hint: hint) }
    }

    func add(_ problems: [Problem]) { all += problems }

    /// Adds the length of a string with replaced variables to the total, and returns whether it is within the limit.
    ///
    /// Without the limit, a short file with a few nested variables could expand to gigabytes.
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

    /// Returns the most similar name, or `nil` if none is similar or the limit of comparisons is reached.
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

    func check() throws(Problems) {
        if !all.isEmpty { throw Problems(all) }
    }
}
