import Base
import YAML

/// Reports keys that are misspelt, or written a level too high or too low, and continues as if they were right.
///
/// A key that is then missing, or a task that then has no verb, is no mistake of its own.
struct KeyCorrections {
    /// A mapping around the one that is read.
    private final class Level {
        let keys: [KeyDescription]
        let mapping: Mapping

        /// The written keys, which only a mapping with an unknown key needs.
        private(set) lazy var written = Set(mapping.entries.map(\.key))

        /// The written keys that have no value.
        private(set) lazy var empty = Set(mapping.entries.filter { $0.value.isNull }.map(\.key))

        init(keys: [KeyDescription], mapping: Mapping) {
            self.keys = keys
            self.mapping = mapping
        }

        /// Returns whether an entry can be in the mapping under another name: it is not written, and the value fits.
        ///
        /// The keys of a mapping are corrected, too.
        func takes(_ entry: Mapping.Entry, as name: String) -> Bool {
            guard !written.contains(name), let type = keys.first(where: { $0.name == name })?.type else {
                return !written.contains(name)
            }
            return entry.value.mapping != nil && !type.ownKeys.isEmpty
                || KeyCorrections.mistakeCount(entry.value, type) == 0
        }

        /// Returns the list with the one value of an entry, `nil` if a list of it is not the value of a key.
        func list(of entry: Mapping.Entry, as name: String) -> Node? {
            guard !written.contains(name), let type = keys.first(where: { $0.name == name })?.type,
                KeyCorrections.isItem(entry.value, of: type)
            else { return nil }
            return Node(.sequence([entry.value]), location: entry.value.location)
        }
    }

    private let problems: ProblemCollector

    /// The entries that belong to mappings around the one that is read, by the depth of these mappings.
    private var raised: [Int: [Mapping.Entry]] = [:]

    init(_ problems: ProblemCollector) {
        self.problems = problems
    }

    /// Returns the root of a file with its keys corrected.
    static func corrected(_ root: Node, _ problems: ProblemCollector) -> Node {
        var corrections = Self(problems)
        return corrections.corrected(root, sections, MappingName(), [])
    }

    private static let sections = taskFileSections()

    /// Returns how many keys of a task file are unknown where they are written, or have values of another structure.
    @Sendable static func mistakeCount(_ root: Node) -> Int {
        mistakeCount(root, .mapping(sections))
    }

    private static func mistakeCount(_ node: Node, _ type: ValueType) -> Int {
        switch type {
        case .mapping(let keys):
            guard let entries = node.mapping?.entries else { return node.isNull ? 0 : 1 }
            let others = keys.contains(where: isVerb) ? taskLevelKeys : []
            return entries.reduce(0) { count, entry in
                guard let key = keys.first(where: { $0.name == entry.key }) else {
                    return count + (others.contains(entry.key) ? 0 : 1)
                }
                return count + mistakeCount(entry.value, key.type)
            }
        case .dictionary(let value):
            guard let entries = node.mapping?.entries else { return node.isNull ? 0 : 1 }
            return entries.reduce(0) { $0 + mistakeCount($1.value, value) }
        case .array(let item):
            guard let items = node.sequence else { return 1 }
            return items.reduce(0) { $0 + mistakeCount($1, item) }
        case .either(let types):
            return types.map { mistakeCount(node, $0) }.min() ?? 0
        default: return node.mapping != nil || node.sequence != nil ? 1 : 0
        }
    }

    /// Returns whether a value is a text where a list of texts belongs.
    private static func isItem(_ node: Node, of type: ValueType) -> Bool {
        guard case .array(let item) = type, node.string?.isEmpty == false else { return false }
        return mistakeCount(node, item) == 0
    }

    /// Returns a value with the keys of its mappings corrected.
    private mutating func corrected(
        _ node: Node,
        _ type: ValueType,
        _ subject: MappingName,
        _ levels: [Level],
    ) -> Node {
        switch type {
        case .mapping(let keys) where node.mapping != nil: return corrected(node, keys, subject, levels)
        case .either(let types):
            let fitting = types.first { $0.fits(node) }
            return fitting.map { corrected(node, $0, subject, levels) } ?? node
        case .dictionary(let value):
            var isBeforeEmpty = false
            return replacing(withIndented(node, value, subject)) { corrections, entry in
                defer { isBeforeEmpty = entry.value.isNull }
                // After an entry without a value, this may be a key of that entry.
                if isBeforeEmpty, value.ownKeys.contains(where: { $0.name == entry.key }) { return entry.value }
                // The author's names separate a mapping from what is around the dictionary.
                return corrections.corrected(entry.value, value, Self.subject(of: entry.key, in: subject), [])
            }
        case .array(let item):
            guard case .sequence(let items) = node.content else { return node }
            var node = node
            node.content = .sequence(items.map { corrected($0, item, subject, []) })
            return node
        default: return node
        }
    }

    /// Returns a mapping of the author's names without the entries that are keys of the entry before them.
    private func withIndented(_ node: Node, _ type: ValueType, _ subject: MappingName) -> Node {
        guard let mapping = node.mapping else { return node }
        var entries: [Mapping.Entry] = []
        for entry in mapping.entries {
            guard let key = type.ownKeys.first(where: { $0.name == entry.key }), let before = entries.last,
                let written = before.value.mapping?.entries, !written.contains(where: { $0.key == entry.key }),
                Self.mistakeCount(entry.value, key.type) < Self.mistakeCount(entry.value, type)
            else {
                entries.append(entry)
                continue
            }
            let owner = Self.subject(of: before.key, in: subject)
            problems.add(
                entry.location,
                "\(quoted(entry.key)) is a key of \(owner.name)",
                hint: "indent it and what is below it"
            )
            Self.add(entry, below: before.key, to: &entries)
        }
        var node = node
        node.content = .mapping(Mapping(entries))
        return node
    }

    private static func subject(of name: String, in dictionary: MappingName) -> MappingName {
        switch dictionary.path {
        case ["tasks"]: MappingName(owner: "task \(quoted(name))")
        case ["variables"]: MappingName(owner: "variable \(quoted(name))")
        case ["certificates", "leaves"]: MappingName(owner: "certificate \(quoted(name))")
        default: dictionary.below(name)
        }
    }

    private mutating func replacing(_ node: Node, _ change: (inout Self, Mapping.Entry) -> Node) -> Node {
        guard let mapping = node.mapping else { return node }
        var node = node
        node.content = .mapping(
            Mapping(
                mapping.entries.map { entry in
                    var entry = entry
                    entry.value = change(&self, entry)
                    return entry
                }
            )
        )
        return node
    }

    /// Returns a mapping with known keys, corrected.
    private mutating func corrected(
        _ node: Node,
        _ keys: [KeyDescription],
        _ subject: MappingName,
        _ levels: [Level],
    ) -> Node {
        guard let mapping = node.mapping else { return node }
        let own = Level(keys: keys, mapping: mapping)
        var result = node
        if !mapping.entries.allSatisfy({ entry in keys.contains { $0.name == entry.key } }) {
            result.content = .mapping(Mapping(correctedEntries(own, subject, levels)))
        }
        result = replacing(result) { corrections, entry in
            guard let key = keys.first(where: { $0.name == entry.key }) else { return entry.value }
            return corrections.corrected(entry.value, key.type, subject.below(entry.key), levels + [own])
        }
        guard let returned = raised.removeValue(forKey: levels.count), let mapping = result.mapping else {
            return result
        }
        result.content = .mapping(Mapping(mapping.entries + returned))
        return result
    }

    /// Returns the entries of a mapping, with those that are not known corrected.
    private mutating func correctedEntries(_ own: Level, _ subject: MappingName, _ levels: [Level]) -> [Mapping.Entry] {
        let keys = own.keys
        let known = Set(keys.map(\.name) + (keys.contains(where: Self.isVerb) ? Self.taskLevelKeys : []))
        var entries: [Mapping.Entry] = []
        var lowered: [(parent: String, entry: Mapping.Entry)] = []
        for entry in own.mapping.entries {
            guard !known.contains(entry.key), let place = place(of: entry, own, levels, known) else {
                entries.append(entry)
                continue
            }
            report(entry, place, own, subject)
            switch place {
            case .here(let name):
                // A value of another kind is a second mistake, which the corrected key would show.
                let value = own.takes(entry, as: name) ? entry.value : own.list(of: entry, as: name)
                if value == nil, verbNames.contains(name) { problems.misnamedVerbs.insert(subject.name) }
                guard let value else { continue }
                entries.append(Mapping.Entry(key: name, location: entry.location, value: value))
            case .below(let parent): lowered.append((parent, entry))
            case .above(let depth, _): raised[depth, default: []].append(entry)
            }
        }
        for (parent, entry) in lowered { Self.add(entry, below: parent, to: &entries) }
        return entries
    }

    /// The keys of verbs that may also be written in the task itself.
    private static let taskLevelKeys = verbTypes.flatMap { $0.taskLevelKeys + [$0.shorthandKey].compactMap(\.self) }

    private static func isVerb(_ key: KeyDescription) -> Bool {
        if case .oneOf(let names) = key.presence { names == verbNames } else { false }
    }

    /// Where an unknown key belongs.
    private enum Place {
        /// In the same mapping, by another name.
        case here(String)
        /// In the mapping of another key.
        case below(String)
        /// In a mapping around this one, which has the given depth, next to the given key.
        case above(Int, beside: String)
    }

    private func place(of entry: Mapping.Entry, _ own: Level, _ levels: [Level], _ known: Set<String>) -> Place? {
        let names = own.keys.map(\.name)
        // This is a key with its value, which `MappingReader` reports.
        guard joinedPair(entry.key, names) == nil else { return nil }
        if let near = problems.nearName(to: entry.key, in: names), near.hasSameLetters(as: entry.key) {
            return .here(near)
        }
        if let ours = ours(for: entry, own, known) { return .here(ours) }
        // A key that is missing is more likely meant than one that is written already.
        if let near = problems.nearName(to: entry.key, in: names.filter { !own.written.contains($0) })
            ?? problems.nearName(to: entry.key, in: known.sorted())
        {
            return .here(near)
        }
        let parents = own.keys.filter { key in key.type.ownKeys.contains { $0.name == entry.key } }.map(\.name)
        let written = parents.filter(own.written.contains)
        if let parent = written.count == 1 ? written[0] : parents.count == 1 ? parents[0] : nil {
            // Below a key without a value, all its keys may lack their indentation.
            guard !own.empty.contains(parent), written.count == 1 || begins(parent, entry, own) else { return nil }
            return .below(parent)
        }
        let dictionaries = own.keys.filter { key in
            guard case .dictionary(let value) = key.type, !value.ownKeys.isEmpty else { return false }
            return entry.value.mapping?.entries.isEmpty == false && Self.mistakeCount(entry.value, value) == 0
        }
        // Keys with this prefix hold anchors in other tools' files.
        if dictionaries.count == 1, !entry.key.hasPrefix("x-"), isTaskName(entry.key),
            !own.empty.contains(dictionaries[0].name)
        {
            return .below(dictionaries[0].name)
        }
        guard let level = levels.last, level.keys.contains(where: { $0.name == entry.key }),
            !level.written.contains(entry.key)
        else { return nil }
        let beside = level.keys.first { key in
            level.written.contains(key.name) && key.type.ownKeys.contains { names.contains($0.name) }
        }
        return beside.map { .above(levels.count - 1, beside: $0.name) }
    }

    /// Returns the key that another tool's key means.
    private func ours(for entry: Mapping.Entry, _ own: Level, _ known: Set<String>) -> String? {
        // A task may have the keys of 'exec' beside it.
        let names = own.written.isDisjoint(with: ["exec", "script"]) ? Set(own.keys.map(\.name)) : known
        return otherToolsKeys[entry.key.lowercased()]?.first { name in
            names.contains(name) && !own.written.contains(name)
        }
    }

    /// Returns whether a key that is not written may be meant by one of its keys: the value fits, and no other key is needed.
    private func begins(_ parent: String, _ entry: Mapping.Entry, _ own: Level) -> Bool {
        guard let keys = own.keys.first(where: { $0.name == parent })?.type.ownKeys,
            let key = keys.first(where: { $0.name == entry.key }),
            Self.mistakeCount(entry.value, key.type) == 0 || Self.isItem(entry.value, of: key.type)
        else { return false }
        var alternatives: [String] = []
        if case .oneOf(let names)? = own.keys.first(where: { $0.name == parent })?.presence { alternatives = names }
        let required = keys.filter { $0.presence == .required }.map(\.name)
        return own.written.isDisjoint(with: alternatives) && own.written.isSuperset(of: required)
    }

    private func report(_ entry: Mapping.Entry, _ place: Place, _ own: Level, _ subject: MappingName) {
        var problem = Problem("unknown key \(quoted(entry.key)) in \(subject.name)", at: entry.location)
        switch place {
        case .here(let name):
            let isTaken = own.takes(entry, as: name)
            let list = isTaken ? nil : own.list(of: entry, as: name)?.sequence?.first?.string
            let verb = isTaken ? nil : verbTypes.first { $0.name == name }?.mapping(instead: entry.value)
            problem.hint =
                verb.map { "write \(name): \($0)" }
                ?? "did you mean '\(name)\(list.map { ": [\(typed($0))]" } ?? "")'?"
        case .below(let parent):
            problem.hint =
                own.written.contains(parent)
                ? "it belongs below '\(parent):'; indent it there" : "write '\(parent): {\(entry.key): …}'"
        case .above(_, let key):
            problem.hint = "it belongs one level up, beside '\(key):'; move it there"
        }
        problems.add([problem])
    }

    /// Adds an entry to the mapping of a key, which is made if there is none.
    private static func add(_ entry: Mapping.Entry, below parent: String, to entries: inout [Mapping.Entry]) {
        guard let index = entries.firstIndex(where: { $0.key == parent }) else {
            let value = Node(.mapping(Mapping([entry])), location: entry.location)
            entries.append(Mapping.Entry(key: parent, location: entry.location, value: value))
            return
        }
        let inner = entries[index].value.isNull ? [] : entries[index].value.mapping?.entries
        guard let inner, !inner.contains(where: { $0.key == entry.key }) else { return }
        entries[index].value.content = .mapping(Mapping(inner + [entry]))
    }
}

extension String {
    /// Returns whether a name differs from another one only in case and separators.
    fileprivate func hasSameLetters(as other: String) -> Bool {
        filter(\.isLetter).lowercased() == other.filter(\.isLetter).lowercased()
    }
}

extension ValueType {
    /// Whether a value may be of this type, as far as its structure shows.
    fileprivate func fits(_ node: Node) -> Bool {
        switch self {
        case .mapping, .dictionary: node.mapping != nil
        case .array: node.sequence != nil
        case .either(let types): types.contains { $0.fits(node) }
        default: false
        }
    }

    /// The keys of the mapping itself, and not of those in a list or behind names that the author chooses.
    fileprivate var ownKeys: [KeyDescription] {
        switch self {
        case .mapping(let keys): keys
        case .either(let types): types.flatMap(\.ownKeys)
        default: []
        }
    }
}
