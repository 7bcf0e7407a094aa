import Base

/// A key of the task file with its place.
public struct ReferencedKey: Sendable, Hashable {
    /// A part of a place.
    enum Component: Sendable, Hashable {
        case key(String)
        /// A name that the author chooses, such as the name of a task.
        ///
        /// `keysAfterDots` is `nil` if the name cannot contain dots. Otherwise, these keys end the name if they follow
        /// a dot.
        case name(String, keysAfterDots: [String]?)

        /// Returns whether words, joined by dots, can be at this place.
        func matches(_ words: ArraySlice<String>) -> Bool {
            switch self {
            case .key(let key): words.count == 1 && words.first == key
            case .name(_, let keysAfterDots):
                if words.isEmpty || words.contains("") {
                    false
                } else if let keysAfterDots {
                    !words.dropFirst().contains(where: keysAfterDots.contains)
                } else {
                    words.count == 1
                }
            }
        }

        /// The component as a reference writes it: `timeout` or `NAME`.
        var text: String {
            switch self {
            case .key(let text), .name(let text, keysAfterDots: _): text
            }
        }
    }

    /// The place, from the section down.
    let components: [Component]

    /// The entry in the reference.
    public let description: KeyDescription

    /// The place in words, from the section down: `tasks`, `NAME`, `apply`, `manifests`.
    public var place: [String] { components.map(\.text) }

    /// The place as one text: `tasks.NAME.apply.manifests`.
    public var path: String { place.joined(separator: ".") }

    /// The place without the section and the name of the task: `apply.manifests`.
    public var shortPath: String {
        let isOfTask = components.count > 2 && components[0] == .key("tasks")
        return components.dropFirst(isOfTask ? 2 : 0).map(\.text).joined(separator: ".")
    }

    /// Returns the place with placeholders replaced by names from a text, in which the last word may be incomplete.
    ///
    /// - Parameter text: The beginning of a place, such as `tasks.calico-node.ap`.
    /// - Returns: The place, such as `tasks.calico-node.apply`, or ``path`` if the text does not match the place.
    public func path(named text: String) -> String {
        let words = text.split(separator: ".", omittingEmptySubsequences: false).dropLast().map(String.init)
        let counts = (0...min(words.count, components.count)).reversed()
        guard let count = counts.first(where: { Self.match(components.prefix($0), words[...]) }) else { return path }
        return (words + components.dropFirst(count).map(\.text)).joined(separator: ".")
    }

    /// The keys of the mapping below this key, or of the mappings in the list below this key.
    public var keys: [ReferencedKey] { Self.keys(description.type, below: components) }

    /// Every key of the task file: each section, followed by the keys below it.
    public static let all: [ReferencedKey] = sections.flatMap(\.withDescendants)

    public static let sections: [ReferencedKey] = taskFileSections().map {
        ReferencedKey(components: [.key($0.name)], description: $0)
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
        var keys = all.filter { $0.ends(with: words) }
        if keys.isEmpty { keys = taskLevelKeys(words) }
        let found = keys.isEmpty ? entries(words) : keys
        if let whole = found.first(where: { Self.match($0.components[...], words[...]) }) { return [whole] }
        return found.enumerated()
            .sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }
            .map(\.element)
    }

    /// Returns the keys of verbs that may also be written in the task itself, as `tasks.NAME.script`.
    private static func taskLevelKeys(_ words: [String]) -> [ReferencedKey] {
        guard words.count > 2, words[0] == "tasks", let last = words.last else { return [] }
        return all.filter { key in
            guard key.components.count == 4, key.components[0] == .key("tasks"), key.place[3] == last else {
                return false
            }
            return verbTypes.contains { $0.name == key.place[2] && $0.taskLevelKeys.contains(last) }
        }
    }

    /// Returns the entries with names that the author chooses, or their keys if the last word is a key.
    private static func entries(_ words: [String]) -> [ReferencedKey] {
        let entries = all.compactMap(\.entry).filter { $0.ends(with: words) }
        let keys = entries.compactMap { entry in entry.keys.first { $0.description.name == words.last } }
        guard keys.isEmpty else { return keys }
        return entries.filter { !$0.isKeyMistyped(words) }
    }

    /// Returns whether the end of a name with dots is probably a mistyped key below the name.
    ///
    /// This makes `nodes.cp1.rol` an error, and not the place `nodes.HOST` of a host named `cp1.rol`.
    private func isKeyMistyped(_ words: [String]) -> Bool {
        guard case .name(_, keysAfterDots: let keys?)? = components.last, let last = words.last else { return false }
        // If the last word directly follows the key above the name, the word is the whole name.
        guard words.dropLast().last != place.dropLast().last else { return false }
        return nearestName(to: last, in: keys) != nil
    }

    private func ends(with words: [String]) -> Bool {
        components.indices.contains { start in
            // A match cannot begin with a name that the author chooses, because the name could be any word.
            guard case .key = components[start] else { return false }
            return Self.match(components[start...], words[...])
        }
    }

    /// Returns whether words match components: one word for each component, or several for a name with dots.
    private static func match(_ components: ArraySlice<Component>, _ words: ArraySlice<String>) -> Bool {
        guard let component = components.first else { return words.isEmpty }
        let rest = components.dropFirst()
        // Every other component needs at least one word.
        let longest = max(0, words.count - rest.count)
        return (0...longest).contains { count in
            component.matches(words.prefix(count)) && match(rest, words.dropFirst(count))
        }
    }

    public var isVerb: Bool { components.count == 3 && components[0] == .key("tasks") && verbNames.contains(place[2]) }

    /// The rank among keys with the same name; the lowest comes first.
    private var rank: Int { isVerb ? 0 : components.count }

    /// Returns whether this key ranks before another key with the same name.
    public func isBefore(_ other: Self) -> Bool { rank < other.rank }

    private var withDescendants: [ReferencedKey] { [self] + keys.flatMap(\.withDescendants) }

    /// The entries of this key's mapping as one placeholder key, or `nil` if the author does not choose the keys.
    private var entry: ReferencedKey? {
        guard let type = description.type.entryType else { return nil }
        let name = Self.nameComponent(below: components)
        let meaning = components.count == 1 ? entryMeanings[description.name] : nil
        return ReferencedKey(
            components: components + [name],
            description: KeyDescription(
                name: name.text,
                type: type,
                presence: .optional(default: nil),
                meaning: meaning ?? description.meaning
            )
        )
    }

    /// Returns the component for names that the author chooses.
    ///
    /// Names of hosts and labels may contain dots.
    private static func nameComponent(below components: [Component]) -> Component {
        if components == [.key("nodes")] {
            return .name("HOST", keysAfterDots: ClusterReader.NodeKeys.all.map(\.name))
        }
        return .name("NAME", keysAfterDots: components.last == .key("labels") ? [] : nil)
    }

    private static func keys(_ type: ValueType, below components: [Component]) -> [ReferencedKey] {
        switch type {
        case .mapping(let keys):
            keys.map { ReferencedKey(components: components + [.key($0.name)], description: $0) }
        case .array(let item): keys(item, below: components)
        case .dictionary(let value):
            keys(value, below: components + [nameComponent(below: components)])
        case .either(let types): types.flatMap { keys($0, below: components) }
        case .string, .text, .integer, .number, .boolean, .duration, .mode, .path, .absolutePath, .url, .serverURL,
            .endpoint, .address, .addressRange, .digest, .name, .capability, .account, .enumeration:
            []
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
        KeyDescription(name: $0.name, type: .mapping($0.keys), presence: .oneOf(verbNames), meaning: $0.summary)
    }
    return [
        section("cluster", .mapping(ClusterReader.Keys.all), "the cluster that the nodes belong to"),
        section("nodes", .dictionary(.mapping(ClusterReader.NodeKeys.all)), "the nodes by their host names"),
        section(
            "variables",
            .dictionary(.either([.string, .number, .boolean, .mapping(NodeText.Keys.all)])),
            "texts that replace `${name}` in strings; a mapping makes one of a text for every node of a list"
        ),
        section(
            "certificates",
            .mapping(CertificateKeys.all),
            "the certificates of all nodes, which `nest-bootstrap certificates` makes"
        ),
        section(
            "tasks",
            .dictionary(.mapping(TaskReader.Keys.all.map(\.description) + verbs)),
            "the tasks by their names, each with exactly one verb"
        ),
    ]
}
