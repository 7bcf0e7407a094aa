import Base

/// A key of the task file with its place.
public struct ReferencedKey: Sendable, Hashable {
    /// The place, from the section down: `tasks`, `NAME`, `apply`, `manifests`.
    ///
    /// A word in capitals is a name that the author chooses.
    public let place: [String]

    /// The entry in the reference.
    public let description: KeyDescription

    /// The place as one text: `tasks.NAME.apply.manifests`.
    public var path: String { place.joined(separator: ".") }

    /// The place without the section and the name of the task: `apply.manifests`.
    public var shortPath: String {
        let isOfTask = place.count > 2 && place[0] == "tasks"
        return place.dropFirst(isOfTask ? 2 : 0).joined(separator: ".")
    }

    /// The keys of the mapping below this key, or of the mappings in the list below this key.
    public var keys: [ReferencedKey] { Self.keys(description.type, below: place) }

    /// Every key of the task file: each section, followed by the keys below it.
    public static let all: [ReferencedKey] = sections.flatMap(\.withDescendants)

    public static let sections: [ReferencedKey] = taskFileSections().map {
        ReferencedKey(place: [$0.name], description: $0)
    }

    /// Finds keys by their place, or by the end of their place.
    ///
    /// - Parameter text: Words joined by dots: `tasks.NAME.apply.wait`, `tasks.calico-node.apply.wait`, `apply.wait`
    ///   or `wait`. The last word may be a name that the author chooses, as in `tasks.calico-node`, or a key in place
    ///   of the name, as in `tasks.timeout`. Names of hosts and labels may contain dots.
    /// - Returns: The keys: verbs first, then other keys by their distance from the root. If the text is the whole
    ///   place of a key, the result is only that key.
    public static func find(_ text: String) -> [ReferencedKey] {
        let words = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard !words.contains("") else { return [] }
        var found = all.filter { $0.ends(with: words) }
        if found.isEmpty { found = all.filter { $0.isOfTaskItself(words) } }
        if found.isEmpty {
            let entries = all.compactMap(\.entry).filter { $0.ends(with: words) }
            let keys = entries.compactMap { entry in entry.keys.first { $0.description.name == words.last } }
            found = keys.isEmpty ? entries : keys
        }
        let whole = found.filter { match($0.place[...], words[...]) }
        if let nearest = whole.max(by: { $0.place.count < $1.place.count }) { return [nearest] }
        return found.enumerated()
            .sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }
            .map(\.element)
    }

    /// Returns whether words are the place of this key of a verb in the task itself, as `tasks.NAME.script`.
    private func isOfTaskItself(_ words: [String]) -> Bool {
        guard words.count > 2, words[0] == "tasks", place.count == 4, place[0] == "tasks", place[3] == words.last else {
            return false
        }
        return verbTypes.contains { $0.name == place[2] && $0.taskLevelKeys.contains(place[3]) }
    }

    private func ends(with words: [String]) -> Bool {
        // A match cannot begin with a name that the author chooses, because the name could be any word.
        place.indices.contains { !Self.isName(place[$0]) && Self.match(place[$0...], words[...]) }
    }

    private static func isName(_ word: String) -> Bool { ["NAME", "HOST", "KEY"].contains(word) }

    /// Returns whether words match a place: one word for each part, or several for the name of a host or label.
    private static func match(_ place: ArraySlice<String>, _ words: ArraySlice<String>) -> Bool {
        guard let part = place.first, let word = words.first else { return place.isEmpty && words.isEmpty }
        guard part == word || isName(part) else { return false }
        let most = part == "HOST" || part == "KEY" ? words.count : 1
        return (1...most).contains { match(place.dropFirst(), words.dropFirst($0)) }
    }

    public var isVerb: Bool { place.count == 3 && place[0] == "tasks" && verbNames.contains(place[2]) }

    /// The rank among keys with the same name; the lowest comes first.
    private var rank: Int { isVerb ? 0 : place.count }

    private var withDescendants: [ReferencedKey] { [self] + keys.flatMap(\.withDescendants) }

    /// The entries of this key's mapping as one placeholder key, or `nil` if the author does not choose the keys.
    private var entry: ReferencedKey? {
        guard let type = description.type.entryType else { return nil }
        let name = Self.name(below: place)
        let meaning = place.count == 1 ? entryMeanings[description.name] : nil
        return ReferencedKey(
            place: place + [name],
            description: KeyDescription(
                name: name,
                type: type,
                presence: .optional(default: nil),
                meaning: meaning ?? description.meaning
            )
        )
    }

    /// Returns the placeholder for names that the author chooses; those of hosts and labels may contain dots.
    private static func name(below place: [String]) -> String {
        place == ["nodes"] ? "HOST" : place.last == "labels" ? "KEY" : "NAME"
    }

    private static func keys(_ type: ValueType, below place: [String]) -> [ReferencedKey] {
        switch type {
        case .mapping(let keys): keys.map { ReferencedKey(place: place + [$0.name], description: $0) }
        case .array(let item): keys(item, below: place)
        case .dictionary(let value): keys(value, below: place + [name(below: place)])
        case .either(let types): types.flatMap { keys($0, below: place) }
        default: []
        }
    }
}

/// The meanings of entries whose keys the author chooses.
private let entryMeanings = [
    "nodes": "a node by its host name, or several by a pattern such as `worker-*`",
    "variables": "a text that replaces `${NAME}` in strings, or one of a text for every node of a list",
    "tasks": "a task, with exactly one verb",
]

extension ValueType {
    /// The type of the values of a mapping whose keys the author chooses, or `nil` for other types.
    fileprivate var entryType: ValueType? {
        switch self {
        case .dictionary(let value): value
        case .either(let types): types.lazy.compactMap(\.entryType).first
        default: nil
        }
    }
}

/// Returns the sections of the task file as keys of its root.
func taskFileSections() -> [KeyDescription] {
    func section(_ name: String, _ type: ValueType, _ meaning: String) -> KeyDescription {
        KeyDescription(name: name, type: type, presence: .optional(default: nil), meaning: meaning)
    }
    let verbs = verbTypes.map {
        KeyDescription(name: $0.name, type: .mapping($0.descriptions), presence: .oneOf(verbNames), meaning: $0.summary)
    }
    return [
        section("cluster", .mapping(ClusterReader.descriptions), "the cluster that the nodes belong to"),
        section("nodes", .dictionary(.mapping(ClusterReader.nodeDescriptions)), "the nodes by their host names"),
        section(
            "variables",
            .dictionary(.either([.string, .number, .boolean, .mapping(NodeText.keys.map(\.description))])),
            "texts that replace `${name}` in strings; a mapping makes one of a text for every node of a list"
        ),
        section(
            "certificates",
            .mapping(CertificateReader.keys.map(\.description)),
            "the certificates of all nodes, which `nest-bootstrap certificates` makes"
        ),
        section(
            "tasks",
            .dictionary(.mapping(TaskReader.keys.map(\.description) + verbs)),
            "the tasks by their names, each with exactly one verb"
        ),
    ]
}
