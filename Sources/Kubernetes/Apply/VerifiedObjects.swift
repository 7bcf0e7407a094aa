public import Base
import TLS
import YAML

/// Objects that match their manifests, so that applying these would change nothing.
///
/// Of each there are digests of everything that takes part in an apply; see `ApplyInputs`. As long as they stay the same,
/// reading the object, or only its metadata, is enough to know that it is unchanged, without asking the server for another
/// dry run.
///
/// After a webhook, policy or definition is created or deleted, the server lists the change a moment before it acts on it. A
/// request in between shows an obsolete result. So an object counts as verified only after a second request, at least
/// `settlingTime` after the first, with the same result. The first may be the request that wrote the object.
public final class VerifiedObjects: Sendable {
    /// The state of an object that is kept.
    struct Entry: Sendable, Equatable {
        /// The plural name of its resource, such as `daemonsets`.
        var plural: String
        /// Whether objects of its resource are in namespaces.
        var isNamespaced: Bool
        /// The digest with the whole object; see `ApplyInputs.digest(of:hasStatusSubresource:)`.
        var objectDigest: String
        /// The digest with its metadata alone, see `ApplyInputs.digest(ofMetadata:)`; `nil` if the whole object is needed.
        var metadataDigest: String?
        /// The digest of what else takes part, see `ApplyInputs.Server`; `nil` if not all of it was known.
        var serverDigest: String?
        /// When all of this was found first, in milliseconds since the machine was started; `nil` once it is verified.
        var firstFound: Int64?

        /// The same, but not half verified: the server may have changed between two requests of which one was not made.
        var withoutFirstRequest: Self {
            guard firstFound != nil else { return self }
            var entry = self
            entry.serverDigest = nil
            return entry
        }

        /// Whether it has the same object and manifest as another one.
        func hasSameObject(as other: Self?) -> Bool { objectDigest == other?.objectDigest }

        /// Whether everything that takes part is the same as in another one.
        func hasSameInputs(as other: Self?) -> Bool {
            hasSameObject(as: other) && serverDigest != nil && serverDigest == other?.serverDigest
        }
    }

    private struct State {
        /// The entries of earlier runs, by what identifies the object in its manifest.
        var known: [String: Entry]
        /// The entries that this run has found, or found again.
        var current: [String: Entry] = [:]
    }

    private let state: Locked<State>

    /// Increased whenever fewer objects count as unchanged, so that older entries are not used.
    private static let version = 4

    /// How long two requests are apart that verify an object, in milliseconds.
    ///
    /// A server that has nothing else to do obeys a change after less than half a second.
    private static let settlingTime: Int64 = 2000

    private let now: @Sendable () -> Int64

    /// Starts with what an earlier run has kept.
    ///
    /// - Parameters:
    ///   - json: What ``json`` was then; anything else counts as nothing.
    ///   - now: The milliseconds since the machine was started: its clock may be set between two runs.
    public init(json: [UInt8]? = nil, now: @escaping @Sendable () -> Int64 = Timestamp.uptimeMilliseconds) {
        self.now = now
        let document = json.flatMap { try? readJSON($0, file: "verified objects") }
        let objects = document?["version"] == .number(Self.version) ? document?["objects"] : nil
        let isIntact = objects.map { document?["digest"] == Self.digest(of: $0) } ?? false
        let entries = isIntact ? objects?.mapping?.entries ?? [] : []
        let pairs = entries.compactMap { entry in Entry(entry.value).map { (entry.key, $0) } }
        state = Locked(State(known: Dictionary(pairs) { first, _ in first }))
    }

    /// The file for the next run, `nil` if it has not changed.
    public var json: [UInt8]? {
        let (known, current) = state.withLock { ($0.known, $0.current) }
        guard known != current else { return nil }
        let objects = Node.mapping(current.sorted { $0.key < $1.key }.map { ($0.key, $0.value.node) })
        let digest = Self.digest(of: objects)
        return Node.mapping(["version": .number(Self.version), "objects": objects, "digest": digest]).json()
    }

    /// The digest by which a damaged file is recognised.
    private static func digest(of objects: Node) -> Node { .string(sha256(objects.json())) }

    /// The key of an object, as its manifest has it, among those that are remembered.
    static func key(of identity: ObjectIdentity, defaultNamespace: String) -> String {
        let (type, namespace) = (identity.type, identity.namespace ?? defaultNamespace)
        return "\(type.apiVersion) \(type.kind) \(namespace)/\(identity.name)"
    }

    /// The state of an object that an earlier run has kept.
    func entry(for key: String) -> Entry? { state.withLock { $0.known[key] } }

    /// The time at which a request begins, for ``record(_:for:requestedAt:)``.
    var time: Int64 { now() }

    /// Keeps what an earlier run has found of an object.
    func keep(_ key: String) {
        state.withLock { state in
            if let entry = state.known[key] { state.current[key] = entry.withoutFirstRequest }
        }
    }

    /// Records that a request has found an object as its manifest wants it, or has made it so.
    ///
    /// - Parameters:
    ///   - entry: The object.
    ///   - key: What identifies it.
    ///   - begin: When the request began.
    func record(_ entry: Entry, for key: String, requestedAt begin: Int64) {
        let end = now()
        state.withLock { state in
            let known = state.known[key]
            guard entry.serverDigest != nil || !entry.hasSameObject(as: known) else {
                // A verification made when all inputs were known still holds for them.
                state.current[key] = known?.withoutFirstRequest
                return
            }
            var entry = entry
            entry.firstFound = end
            if let known, entry.hasSameInputs(as: known) {
                // The machine was started again since.
                let first = known.firstFound.map { $0 > end ? end : $0 }
                entry.firstFound = first.flatMap { begin - $0 >= Self.settlingTime ? nil : $0 }
            }
            state.current[key] = entry
        }
    }
}

extension VerifiedObjects.Entry {
    fileprivate init?(_ node: Node) {
        guard let plural = node["plural"]?.string, ObjectIdentifiers.isKind(plural),
            let isNamespaced = node["namespaced"]?.boolean, let object = node["object"]?.string
        else { return nil }
        let firstFound = node["firstFound"]?.integer
        if node["firstFound"] != nil, firstFound.map({ $0 < 0 }) ?? true { return nil }
        self.init(
            plural: plural,
            isNamespaced: isNamespaced,
            objectDigest: object,
            metadataDigest: node["metadata"]?.string,
            serverDigest: node["server"]?.string,
            firstFound: firstFound.map(Int64.init)
        )
    }

    fileprivate var node: Node {
        let texts = [
            ("plural", plural), ("object", objectDigest), ("metadata", metadataDigest), ("server", serverDigest),
        ]
        var pairs = texts.compactMap { name, value in value.map { (name, Node.string($0)) } }
        pairs.append(("namespaced", .boolean(isNamespaced)))
        if let firstFound { pairs.append(("firstFound", .number(Int(firstFound)))) }
        return .mapping(pairs)
    }
}
