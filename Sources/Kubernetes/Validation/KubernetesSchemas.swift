import Base
import YAML

/// The schemas of the kinds of Kubernetes that are part of the program, with which manifests are checked without a server.
///
/// The text has a line for each kind and for each definition, with the versions of Kubernetes that have it. The sources
/// are the OpenAPI documents of the releases: https://github.com/kubernetes/kubernetes/tree/master/api/openapi-spec
final class KubernetesSchemas: Sendable {
    /// The schemas that are part of the program.
    static let own = KubernetesSchemas(kubernetesSchemaText())

    /// The versions whose schemas are known, in order.
    let versions: [KubernetesVersion]

    /// A line about a kind: the versions that have it, and the name of its definition.
    private struct Kind {
        var versions: VersionSet
        var definition: String
    }

    /// A line about a definition: the versions that have it like this, and the place of its JSON in the text.
    private struct Definition {
        var versions: VersionSet
        var json: Range<Int>
    }

    private let text: [UInt8]
    private let kinds: [GroupVersionKind: [Kind]]
    /// The names of the kinds of each group and version.
    private let kindNames: [String: Set<String>]
    private let definitions: [String: [Definition]]
    /// The definitions that were read, by the beginnings of their JSON.
    private let nodes = Locked<[Int: Node]>([:])

    /// Reads the lines; the JSON in them is read when it is needed.
    init(_ text: [UInt8]) {
        self.text = text
        var versions = VersionSet()
        var kinds: [GroupVersionKind: [Kind]] = [:]
        var kindNames: [String: Set<String>] = [:]
        var definitions: [String: [Definition]] = [:]
        var words = Words(text)
        while let type = words.nextLine() {
            let set = VersionSet(words.next() ?? "")
            switch type {
            case "versions": versions = set
            case "kind":
                guard let apiVersion = words.next(), let kind = words.next(), let name = words.next(), words.isAtEnd
                else { continue }
                let type = GroupVersionKind(apiVersion: apiVersion, kind: kind)
                kindNames[apiVersion, default: []].insert(kind)
                kinds[type, default: []].append(Kind(versions: set, definition: name))
            case "schema":
                guard let name = words.next(), !words.isAtEnd else { continue }
                definitions[name, default: []].append(Definition(versions: set, json: words.rest))
            default: continue
            }
        }
        (self.kinds, self.definitions) = (kinds, definitions)
        self.kindNames = kindNames
        self.versions = versions.all
    }

    /// Returns the schema of a kind in a version of Kubernetes, or `nil` if the version does not have the kind.
    func schema(of type: GroupVersionKind, in version: KubernetesVersion) -> Schema? {
        guard let kind = kinds[type]?.first(where: { $0.versions.contains(version) }) else { return nil }
        let definitions = SchemaDefinitions { [self] name in definition(name, in: version) }
        return definitions.schema(kind.definition)
    }

    /// Returns the versions of Kubernetes that have a kind, in order.
    func versions(of type: GroupVersionKind) -> [KubernetesVersion] {
        (kinds[type] ?? []).flatMap(\.versions.all).sorted()
    }

    /// Returns the kinds of a group and version that any version of Kubernetes has.
    func kinds(in apiVersion: String) -> Set<String> { kindNames[apiVersion] ?? [] }

    /// All types that any version of Kubernetes has.
    var types: some Sequence<GroupVersionKind> { kinds.keys }

    /// Returns the types of a kind, in order of their groups and of the versions of their APIs.
    func types(ofKind kind: String) -> [GroupVersionKind] {
        types.filter { $0.kind == kind }.sorted(by: GroupVersionKind.isEarlier)
    }

    /// Returns the versions of Kubernetes in which a definition has a field, in order.
    func versions(ofField field: String, in definition: String) -> [KubernetesVersion] {
        let all = definitions[definition] ?? []
        return all.filter { node(of: $0)?["properties"]?[field] != nil }.flatMap(\.versions.all).sorted()
    }

    private func definition(_ name: String, in version: KubernetesVersion) -> Node? {
        definitions[name]?.first { $0.versions.contains(version) }.flatMap(node)
    }

    private func node(of definition: Definition) -> Node? {
        if let known = nodes.withLock({ $0[definition.json.lowerBound] }) { return known }
        let node = try? readJSON(Array(text[definition.json]), file: "")
        nodes.withLock { $0[definition.json.lowerBound] = node }
        return node
    }
}

/// A set of versions of Kubernetes, written as their minor versions: `20-25,27`.
private struct VersionSet: Sendable {
    private var ranges: [ClosedRange<Int>] = []

    init() {}

    init(_ text: String) {
        ranges = text.split(separator: ",").compactMap { part in
            let ends = part.split(separator: "-").compactMap { Int($0) }
            guard let first = ends.first, let last = ends.last, first <= last else { return nil }
            return first...last
        }
    }

    func contains(_ version: KubernetesVersion) -> Bool { ranges.contains { $0.contains(version.minor) } }

    var all: [KubernetesVersion] { ranges.flatMap { $0.map(KubernetesVersion.init(minor:)) } }
}

/// The words of a text's lines, which are read one after the other; the last of a long line need not be looked at.
private struct Words {
    private let text: [UInt8]
    /// The rest of the present line, without its line feed.
    private(set) var rest = 0..<0

    init(_ text: [UInt8]) {
        self.text = text
    }

    /// Whether the present line has no other word.
    var isAtEnd: Bool { rest.isEmpty }

    /// Goes to the next line that is not empty, and returns its first word.
    mutating func nextLine() -> String? {
        while rest.upperBound < text.count {
            let start = rest.upperBound + (text[rest.upperBound] == UInt8(ascii: "\n") ? 1 : 0)
            let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
            rest = start..<end
            if let word = next() { return word }
        }
        return nil
    }

    /// Returns the next word of the line, `nil` if there is none.
    mutating func next() -> String? {
        guard !rest.isEmpty else { return nil }
        let end = text[rest].firstIndex(of: UInt8(ascii: " ")) ?? rest.upperBound
        defer { rest = min(end + 1, rest.upperBound)..<rest.upperBound }
        return String(decoding: text[rest.lowerBound..<end], as: UTF8.self)
    }
}
