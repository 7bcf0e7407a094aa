import Base

/// The correction of keys that are misspelt, or one level too high or too low.
///
/// Every unknown key is reported. A corrected key takes effect, so it is not also reported as missing.
struct KeyCorrections {
    /// The mapping that contains the mapping being corrected.
    private struct Level {
        /// The keys that the mapping may have.
        let names: [String]
        let written: Set<String>
    }

    private let problems: ProblemCollector

    static func corrected(_ root: Node, _ problems: ProblemCollector) -> Node {
        Self(problems: problems).corrected(root, .mapping(sections), ValueName(), in: nil).node
    }

    private static let sections = taskFileSections()

    /// Returns a value with its keys corrected, and the entries that must be moved to the mapping that contains it.
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
            guard let written = node.mapping?.entries else { break }
            var entries = indented(written, subject) { entry, _ in Self.isKey(entry, of: value) }
            for index in entries.indices {
                // A key is never moved out of a mapping whose name the author chose.
                let name = Self.subject(of: entries[index].key, in: subject)
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
        let written = indented(written, subject) { entry, empty in
            let isBelow = keys.first { $0.name == empty.key }?.type.ownKeys.contains { $0.name == entry.key }
            return isBelow == true && !keys.contains { $0.name == entry.key && !Self.isVerb($0) }
        }
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
            } else if let parent {
                indent(entry, below: parent, subject, &entries)
            } else if let near = problems.nearName(to: entry.key, in: known.sorted()) {
                report(entry, subject, "did you mean '\(near)'?")
                guard !entries.contains(where: { $0.key == near }) else { continue }
                entries.append(Mapping.Entry(key: near, location: entry.location, value: entry.value))
            } else {
                let expected = few(own.names.sorted(), limit: 24)
                report(entry, subject, "expected one of \(expected)\(isTask ? Self.shorthands : "")")
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

    /// Returns the entries, after moving entries that belong below a preceding empty key into the value of that key.
    private func indented(
        _ written: [Mapping.Entry],
        _ subject: ValueName,
        _ isBelow: (_ entry: Mapping.Entry, _ empty: Mapping.Entry) -> Bool,
    ) -> [Mapping.Entry] {
        var entries: [Mapping.Entry] = []
        var empty: Mapping.Entry?
        for entry in written {
            if let empty, isBelow(entry, empty) {
                indent(entry, below: empty.key, subject, &entries)
            } else {
                empty = entry.value.isNull ? entry : nil
                entries.append(entry)
            }
        }
        return entries
    }

    /// Returns whether an entry is probably a key of the type, not an entry that the author named like a key.
    private static func isKey(_ entry: Mapping.Entry, of type: ValueType) -> Bool {
        guard let key = type.ownKeys.first(where: { $0.name == entry.key }) else { return false }
        return !(entry.value.mapping?.entries ?? []).contains { below in
            type.ownKeys.contains { $0.name == below.key } && !key.type.ownKeys.contains { $0.name == below.key }
        }
    }

    /// Reports an entry that should be indented, and adds it below `parent`, which is created if necessary.
    private func indent(
        _ entry: Mapping.Entry,
        below parent: String,
        _ subject: ValueName,
        _ entries: inout [Mapping.Entry],
    ) {
        report(entry, subject, "it belongs below '\(parent):'; indent it there")
        guard let index = entries.firstIndex(where: { $0.key == parent }) else {
            let value = Node(.mapping(Mapping([entry])), location: entry.location)
            entries.append(Mapping.Entry(key: parent, location: entry.location, value: value))
            return
        }
        let value = entries[index].value
        guard let inner = value.isNull ? [] : value.mapping?.entries, !inner.contains(where: { $0.key == entry.key })
        else { return }
        entries[index].value.content = .mapping(Mapping(inner + [entry]))
    }

    private func report(_ entry: Mapping.Entry, _ subject: ValueName, _ hint: String) {
        problems.add(entry.location, "unknown key \(quoted(entry.key)) in \(subject.name)", hint: hint)
    }

    /// The keys of verbs that may also be written in the task itself.
    private static let taskLevelKeys = verbTypes.flatMap { $0.taskLevelKeys + [$0.shorthandKey].compactMap(\.self) }

    /// The text about ``taskLevelKeys`` for hints.
    private static let shorthands = verbTypes.filter { !$0.taskLevelKeys.isEmpty }
        .map { "; or \(list($0.taskLevelKeys.sorted(), "or")) of '\($0.name)'" }.joined()

    private static func isVerb(_ key: KeyDescription) -> Bool {
        if case .oneOf(let names) = key.presence { names == verbNames } else { false }
    }
}

extension ValueType {
    /// Returns whether a value has the structure of this type; `false` for scalars.
    fileprivate func fits(_ node: Node) -> Bool {
        switch self {
        case .mapping, .dictionary: node.mapping != nil
        case .array: node.sequence != nil
        case .either(let types): types.contains { $0.fits(node) }
        default: false
        }
    }

    /// The keys of a mapping of this type, without those of nested values; empty for other types.
    fileprivate var ownKeys: [KeyDescription] {
        switch self {
        case .mapping(let keys): keys
        case .either(let types): types.flatMap(\.ownKeys)
        default: []
        }
    }
}
