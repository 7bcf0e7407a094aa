import Base
import YAML

/// Finds names that are declared and never used, beside similar ones that are used and never declared.
///
/// The declaration is then the mistake, and every use would be reported for it.
enum MisspeltDefinitions {
    /// Corrects the names of a section, and reports the misspelt ones.
    ///
    /// - Parameters:
    ///   - entries: The entries of the section `variables` or `tasks`.
    ///   - kind: What an entry is, in messages.
    ///   - uses: Every use of a name, with the entry that uses it.
    ///   - mayRename: Whether nothing but the task files can use the names.
    ///   - texts: Other texts of the files, whose words are usual ones.
    ///   - problems: The collector to which problems are reported.
    /// - Returns: The entries, with the names that are meant.
    static func corrected(
        _ entries: [Mapping.Entry],
        _ kind: String,
        uses: [(name: String, owner: String)],
        mayRename: Bool = true,
        texts: [String],
        _ problems: ProblemCollector,
    ) -> [Mapping.Entry] {
        let declared = Set(entries.map(\.key))
        let owners = Dictionary(grouping: uses, by: \.name).mapValues { Set($0.map(\.owner)) }
        let counts = Dictionary(uses.map { ($0.name, 1) }, uniquingKeysWith: +)
        var missing = counts.keys.filter { !declared.contains($0) }.sorted()
        guard !missing.isEmpty, missing.count <= Limit.hintComparisonCount else { return entries }
        let words = WordCounts(uses.map(\.name) + declared + texts)
        return entries.map { entry in
            guard counts[entry.key] == nil, let near = problems.nearName(to: entry.key, in: missing),
                let count = counts[near], owners[near]?.contains(entry.key) == false
            else { return entry }
            guard words.isMisspelt(entry.key, unlike: near, usedTimes: count) else { return entry }
            missing.removeAll { $0 == near }
            let problem = Problem(
                "\(kind) \(quoted(entry.key)) is not used in the task files, and \(quoted(near)) \(count == 1 ? "once" : "\(count) times") without being declared",
                at: entry.location,
                hint: "write '\(near):'"
            )
            problems.add([problem])
            return Mapping.Entry(key: near, location: entry.location, value: entry.value)
        }
    }
}
