import Base

/// A key of the task file with its place.
public struct ReferencedKey: Sendable, Hashable {
    /// The keys from the section down: `tasks`, `NAME`, `apply`, `manifests`.
    ///
    /// `NAME` and `HOST` stand for names that the author chooses.
    public let place: [String]

    public let description: KeyDescription

    /// The place as text: `tasks.NAME.apply.manifests`.
    public var path: String { place.joined(separator: ".") }

    /// The place as text, without `tasks.NAME` for a key of a task: `apply.manifests`.
    public var shortPath: String {
        let isOfTask = place.count > 2 && place[0] == "tasks"
        return place.dropFirst(isOfTask ? 2 : 0).joined(separator: ".")
    }

    /// The keys of the value if it is a mapping, or of the mappings that it contains.
    public var keys: [ReferencedKey] { Self.keys(description.type, below: place) }

    /// Every key of the task file: each section, followed by the keys below it.
    public static let all: [ReferencedKey] = sections.flatMap(\.withDescendants)

    public static let sections: [ReferencedKey] = taskFileSections().map {
        ReferencedKey(place: [$0.name], description: $0)
    }

    /// Finds keys by their place, or by the end of their place.
    ///
    /// A whole place, such as `tasks.NAME.apply.wait` or `tasks.calico-node.apply.wait`, finds one key. An end, such as
    /// `apply.wait` or `wait`, finds verbs first, then other keys by their distance from the root. If no key is found,
    /// words may be missing: `tasks.calico.script` finds `tasks.NAME.exec.script`.
    public static func find(_ text: String) -> [ReferencedKey] {
        let words = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard !words.contains("") else { return [] }
        if let key = all.first(where: { match($0.place[...], words[...]) }) { return [key] }
        let ends = all.filter { $0.ends(with: words[...]) }
        let found = ends.isEmpty ? all.filter { $0.ends(with: words[...], mayLackWords: true) } : ends
        return found.enumerated()
            .sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }
            .map(\.element)
    }

    private func ends(with words: ArraySlice<String>, mayLackWords: Bool = false) -> Bool {
        // A match cannot begin with a name that the author chooses, because the name could be any word.
        place.indices.contains { place[$0] == words.first && Self.match(place[$0...], words, mayLackWords) }
    }

    private static func isName(_ word: String) -> Bool { ["NAME", "HOST"].contains(word) }

    /// Returns whether each part of a place matches one word, or several words for the name of a host.
    private static func match(
        _ place: ArraySlice<String>,
        _ words: ArraySlice<String>,
        _ mayLackWords: Bool = false,
    ) -> Bool {
        guard let part = place.first, let word = words.first else { return place.isEmpty && words.isEmpty }
        if mayLackWords, match(place.dropFirst(), words, true) { return true }
        guard part == word || isName(part) else { return false }
        let most = part == "HOST" ? words.count : 1
        return (1...most).contains { match(place.dropFirst(), words.dropFirst($0), mayLackWords) }
    }

    public var isVerb: Bool { place.count == 3 && place[0] == "tasks" && verbNames.contains(place[2]) }

    /// The rank among the keys that ``find(_:)`` finds; the lowest comes first.
    private var rank: Int { isVerb ? 0 : place.count }

    private var withDescendants: [ReferencedKey] { [self] + keys.flatMap(\.withDescendants) }

    private static func keys(_ type: ValueType, below place: [String]) -> [ReferencedKey] {
        switch type {
        case .mapping(let keys): keys.map { ReferencedKey(place: place + [$0.name], description: $0) }
        case .array(let item): keys(item, below: place)
        case .dictionary(let value):
            // The name of a host may contain dots.
            keys(value, below: place + [place == ["nodes"] ? "HOST" : "NAME"])
        case .either(let types): types.flatMap { keys($0, below: place) }
        default: []
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
