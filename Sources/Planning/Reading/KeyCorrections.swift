import Base
import YAML

/// Reports unknown keys, and continues as if those that are misspelt, or a level too high or too low, were right.
///
/// A key that is then missing, or a task that then has no verb, is no mistake of its own.
struct KeyCorrections {
    /// A mapping around the one that is read.
    private struct Level {
        let names: [String]
        let written: Set<String>
    }

    private let problems: ProblemCollector

    /// Returns the root of a file with its keys corrected.
    static func corrected(_ root: Node, _ problems: ProblemCollector) -> Node {
        Self(problems: problems).corrected(root, .mapping(sections), ValueName(), in: nil).node
    }

    private static let sections = taskFileSections()

    /// Returns a value with the keys of its mappings corrected, and the entries that belong to the mapping around it.
    private func corrected(
        _ node: Node,
        _ type: ValueType,
        _ subject: ValueName,
        in level: Level?,
    ) -> (node: Node, raised: [Mapping.Entry]) {
        var node = node
        switch type {
        case .mapping(let keys):
            guard let mapping = node.mapping else { break }
            let (entries, raised) = corrected(mapping.entries, keys, subject, in: level)
            node.content = .mapping(Mapping(entries))
            return (node, raised)
        case .either(let types):
            if let fitting = types.first(where: { $0.fits(node) }) {
                return corrected(node, fitting, subject, in: level)
            }
        case .dictionary(let value):
            guard var entries = node.mapping?.entries else { break }
            for index in entries.indices {
                let key = entries[index].key
                // After an entry without a value, this may be a key of that entry.
                let isOfEmpty = index > 0 && entries[index - 1].value.isNull
                if isOfEmpty, value.ownKeys.contains(where: { $0.name == key }) { continue }
                // The author's names separate a mapping from what is around the dictionary.
                let name = Self.subject(of: key, in: subject)
                entries[index].value = corrected(entries[index].value, value, name, in: nil).node
            }
            node.content = .mapping(Mapping(entries))
        case .array(let item):
            guard let items = node.sequence else { break }
            node.content = .sequence(items.map { corrected($0, item, subject, in: nil).node })
        default: break
        }
        return (node, [])
    }

    private static func subject(of name: String, in dictionary: ValueName) -> ValueName {
        switch dictionary.path {
        case ["tasks"]: ValueName(owner: "task \(quoted(name))")
        case ["variables"]: ValueName(owner: "variable \(quoted(name))")
        case ["certificates", "leaves"]: ValueName(owner: "certificate \(quoted(name))")
        default: dictionary.below(name)
        }
    }

    private func corrected(
        _ written: [Mapping.Entry],
        _ keys: [KeyDescription],
        _ subject: ValueName,
        in level: Level?,
    ) -> (entries: [Mapping.Entry], raised: [Mapping.Entry]) {
        let own = Level(names: keys.map(\.name), written: Set(written.map(\.key)))
        let isTask = keys.contains(where: Self.isVerb)
        let known = Set(own.names + (isTask ? Self.taskLevelKeys : []))
        var entries = written.filter { known.contains($0.key) }
        var raised: [Mapping.Entry] = []
        for entry in written where !known.contains(entry.key) {
            let parents = keys.filter { key in key.type.ownKeys.contains { $0.name == entry.key } }.map(\.name)
            let present = parents.filter(own.written.contains)
            let parent = present.count == 1 ? present[0] : parents.count == 1 ? parents[0] : nil
            if let pair = joinedPair(entry.key, own.names) {
                report(entry, subject, pair)
                entries.append(entry)
            } else if let level, level.names.contains(entry.key), !level.written.contains(entry.key) {
                let beside = quoted((subject.path.last ?? "") + ":")
                report(entry, subject, "it belongs one level up, beside \(beside); move it there")
                raised.append(entry)
            } else if isTask, written.contains(where: { present.contains($0.key) && $0.value.isNull }) {
                // All keys of a verb without a value may lack their indentation, which ``VerbReader`` reports.
                entries.append(entry)
            } else if let parent {
                report(entry, subject, "it belongs below '\(parent):'; indent it there")
                Self.add(entry, below: parent, to: &entries)
            } else if let near = problems.nearName(to: entry.key, in: own.names.filter { !own.written.contains($0) })
                ?? problems.nearName(to: entry.key, in: known.sorted())
            {
                report(entry, subject, "did you mean '\(near)'?")
                guard !entries.contains(where: { $0.key == near }) else { continue }
                entries.append(Mapping.Entry(key: near, location: entry.location, value: entry.value))
            } else {
                // A mapping in a task without a verb is meant as one.
                let isVerb = isTask && entry.value.mapping != nil && !written.contains { verbNames.contains($0.key) }
                let expected = isVerb ? list(verbNames, "or") : few(own.names.sorted(), limit: 24)
                report(entry, subject, "expected one of \(expected)\(isTask && !isVerb ? Self.shorthands : "")")
                entries.append(entry)
            }
        }
        for index in entries.indices {
            guard let key = keys.first(where: { $0.name == entries[index].key }) else { continue }
            let (value, returned) = corrected(entries[index].value, key.type, subject.below(key.name), in: own)
            entries[index].value = value
            entries += returned
        }
        return (entries, raised)
    }

    /// Adds an entry to the mapping of a key, which is made if there is none.
    private static func add(_ entry: Mapping.Entry, below parent: String, to entries: inout [Mapping.Entry]) {
        guard let index = entries.firstIndex(where: { $0.key == parent }) else {
            let value = Node(.mapping(Mapping([entry])), location: entry.location)
            entries.append(Mapping.Entry(key: parent, location: entry.location, value: value))
            return
        }
        guard let inner = entries[index].value.mapping?.entries, !inner.contains(where: { $0.key == entry.key }) else {
            return
        }
        entries[index].value.content = .mapping(Mapping(inner + [entry]))
    }

    private func report(_ entry: Mapping.Entry, _ subject: ValueName, _ hint: String) {
        problems.add(entry.location, "unknown key \(quoted(entry.key)) in \(subject.name)", hint: hint)
    }

    /// The keys of verbs that may also be written in the task itself.
    private static let taskLevelKeys = verbTypes.flatMap { $0.taskLevelKeys + [$0.shorthandKey].compactMap(\.self) }

    /// The keys of verbs that may also be written in the task itself, for hints.
    private static let shorthands = verbTypes.filter { !$0.taskLevelKeys.isEmpty }
        .map { "; or \(list($0.taskLevelKeys.sorted(), "or")) of '\($0.name)'" }.joined()

    private static func isVerb(_ key: KeyDescription) -> Bool {
        if case .oneOf(let names) = key.presence { names == verbNames } else { false }
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
