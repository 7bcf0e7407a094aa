import Base
import TLS
import YAML

/// Objects of which a dry run has shown that applying their manifests would change nothing.
///
/// Of each there are two digests of everything that takes part in an apply; see `ApplyInputs`. As long as one of them stays
/// the same, reading the object, or only its metadata, is enough to know that it is unchanged, without asking the server
/// for another dry run.
public final class VerifiedObjects: Sendable {
    /// What is kept of an object.
    struct Entry: Sendable, Equatable {
        /// The path of the object on the server.
        var path: String
        /// The plural name of its resource, such as `daemonsets`.
        var plural: String
        /// The digest with the whole object; see `ApplyInputs.digest(of:)`.
        var objectDigest: String
        /// The digest with its metadata alone, see `ApplyInputs.digest(ofMetadata:)`; `nil` if the whole object is needed.
        var metadataDigest: String?
    }

    private struct State {
        /// The entries of earlier runs, by what identifies the object in its manifest.
        var known: [String: Entry]
        /// Those that this run has found, or found again.
        var current: [String: Entry] = [:]
    }

    private let state: Locked<State>

    /// Increased whenever fewer objects count as unchanged, so that older entries are not used.
    private static let version = 3

    /// Starts with what an earlier run has kept.
    ///
    /// - Parameter json: What ``json`` was then; anything else counts as nothing.
    public init(json: [UInt8]? = nil) {
        let document = json.flatMap { try? readJSON($0, file: "verified objects") }
        let objects = document?["version"] == .number(Self.version) ? document?["objects"] : nil
        let isIntact = objects.map { document?["digest"] == Self.digest(of: $0) } ?? false
        let entries = isIntact ? objects?.mapping?.entries ?? [] : []
        let pairs = entries.compactMap { entry in Entry(entry.value).map { (entry.key, $0) } }
        state = Locked(State(known: Dictionary(pairs) { first, _ in first }))
    }

    /// What the next run should know, `nil` if that is what this one knew at its beginning.
    public var json: [UInt8]? {
        let (known, current) = state.withLock { ($0.known, $0.current) }
        guard known != current else { return nil }
        let objects = Node.mapping(current.sorted { $0.key < $1.key }.map { ($0.key, $0.value.node) })
        let digest = Self.digest(of: objects)
        return Node.mapping(["version": .number(Self.version), "objects": objects, "digest": digest]).json()
    }

    /// The digest by which a damaged file is recognised.
    private static func digest(of objects: Node) -> Node { .string(sha256(objects.json())) }

    /// What identifies an object, as its manifest has it, among those that are remembered.
    static func key(of identity: ObjectIdentity, defaultNamespace: String) -> String {
        let (type, namespace) = (identity.type, identity.namespace ?? defaultNamespace)
        return "\(type.apiVersion) \(type.kind) \(namespace)/\(identity.name)"
    }

    /// What an earlier run has kept of an object.
    func entry(for key: String) -> Entry? { state.withLock { $0.known[key] } }

    /// Keeps what an earlier run has found of an object.
    func keep(_ key: String) {
        state.withLock { state in
            if let entry = state.known[key] { state.current[key] = entry }
        }
    }

    /// Records that an object is unchanged.
    func record(_ entry: Entry, for key: String) {
        state.withLock { $0.current[key] = entry }
    }
}

extension VerifiedObjects.Entry {
    fileprivate init?(_ node: Node) {
        guard let path = node["path"]?.string, path.hasPrefix("/"), let plural = node["plural"]?.string,
            let object = node["object"]?.string
        else { return nil }
        self.init(path: path, plural: plural, objectDigest: object, metadataDigest: node["metadata"]?.string)
    }

    fileprivate var node: Node {
        let pairs = [("path", path), ("plural", plural), ("object", objectDigest), ("metadata", metadataDigest)]
        return .mapping(pairs.compactMap { name, value in value.map { (name, .string($0)) } })
    }
}
