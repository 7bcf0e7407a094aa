import Base
import YAML

/// Objects of which a dry run has shown that applying their manifests would change nothing.
///
/// Of each there is a digest of everything that takes part in an apply; see `ApplyInputs`. As long as it stays the same,
/// reading the object is enough to know that it is unchanged, without asking the server for another dry run.
public final class VerifiedObjects: Sendable {
    private struct State {
        /// The digests of earlier runs, by the path of the object.
        var known: [String: String]
        /// Those that this run has found, or found again.
        var current: [String: String] = [:]
    }

    private let state: Locked<State>

    private static let version = 1

    /// Starts with what an earlier run has kept.
    ///
    /// - Parameter json: What ``json`` was then; anything else counts as nothing.
    public init(json: [UInt8]? = nil) {
        let document = json.flatMap { try? readJSON($0, file: "verified objects") }
        let isKnown = document?["version"] == .number(Self.version)
        let entries = isKnown ? document?["objects"]?.mapping?.entries ?? [] : []
        let pairs = entries.compactMap { entry in entry.value.string.map { (entry.key, $0) } }
        state = Locked(State(known: Dictionary(pairs) { first, _ in first }))
    }

    /// What the next run should know, `nil` if that is what this one knew at its beginning.
    public var json: [UInt8]? {
        let (known, current) = state.withLock { ($0.known, $0.current) }
        guard known != current else { return nil }
        let objects = current.sorted { $0.key < $1.key }.map { ($0.key, Node.string($0.value)) }
        return Node.mapping(["version": .number(Self.version), "objects": .mapping(objects)]).json()
    }

    /// Whether an earlier run has verified an object in the same circumstances.
    func contains(_ digest: String, at path: String) -> Bool {
        state.withLock { state in
            guard state.known[path] == digest else { return false }
            state.current[path] = digest
            return true
        }
    }

    /// Records that a dry run has changed nothing.
    func record(_ digest: String, at path: String) {
        state.withLock { $0.current[path] = digest }
    }
}
