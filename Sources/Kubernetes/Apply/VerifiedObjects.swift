public import Base
import TLS
import YAML

/// Objects that match their manifests, so that applying the manifests would change nothing.
///
/// The digests of all inputs of an apply are recorded for each object; see `ApplyInputs`. While the digests stay the
/// same, reading the object or only its metadata shows that the object is unchanged, without another dry run on the
/// server.
///
/// After a webhook, policy or definition is created or deleted, the server lists the change a moment before the change
/// takes effect. A request in between shows an obsolete result. An object therefore counts as verified only after a
/// second request, at least `settlingTime` after the first, with the same result. The first request may be the one that
/// wrote the object.
public final class VerifiedObjects: Sendable {
    /// The stored state of an object.
    struct Entry: Sendable, Equatable {
        /// The plural name of the object's resource, such as `daemonsets`.
        var plural: String
        /// Whether objects of the resource belong to namespaces.
        var isNamespaced: Bool
        /// The digest of the manifest and the whole object; see `ApplyInputs.digest(of:hasStatusSubresource:)`.
        var objectDigest: SHA256Digest
        /// The digest of the manifest and the metadata, `nil` if the metadata alone does not show the object's state.
        ///
        /// See `ApplyInputs.digest(ofMetadata:)`.
        var metadataDigest: SHA256Digest?
        /// The digest of the server's inputs, see `ApplyInputs.Server`; `nil` if not all of them were known.
        var serverDigest: SHA256Digest?
        /// The time of the first of the two requests, in milliseconds since the machine started; `nil` once verified.
        var firstFound: Int64?

        /// The entry, without the server digest if the second request is still missing.
        ///
        /// Without the second request, the server may have changed in the meantime.
        var withoutFirstRequest: Self {
            guard firstFound != nil else { return self }
            var entry = self
            entry.serverDigest = nil
            return entry
        }

        /// Returns whether another entry has the same object and manifest.
        func hasSameObject(as other: Self?) -> Bool { objectDigest == other?.objectDigest }

        /// Returns whether another entry has the same inputs, all of which are known.
        func hasSameInputs(as other: Self?) -> Bool {
            hasSameObject(as: other) && serverDigest != nil && serverDigest == other?.serverDigest
        }
    }

    private struct State {
        /// The entries of earlier runs, by the key of the object.
        var known: [String: Entry]
        /// The entries that this run has found or kept.
        var current: [String: Entry] = [:]
    }

    private let state: Locked<State>

    /// Increased whenever fewer objects count as unchanged, so that older files are not used.
    private static let format = "nest-bootstrap verified objects 5"

    /// The minimum time between the two requests that verify an object, in milliseconds.
    ///
    /// An idle server applies a change in less than half a second.
    private static let settlingTime: Int64 = 2000

    private let now: @Sendable () -> Int64

    /// Creates a record with the entries stored by an earlier run.
    ///
    /// - Parameters:
    ///   - text: The value of ``text`` in that run; any other content is ignored.
    ///   - now: Returns the milliseconds since the machine started, because the clock may be set between two runs.
    public init(text: [UInt8]? = nil, now: @escaping @Sendable () -> Int64 = Timestamp.uptimeMilliseconds) {
        self.now = now
        var known: [String: Entry] = [:]
        if let text {
            _ = DigestedLines.read(text, Self.format) { fields in
                guard fields.count == 7, let entry = Entry(fields[1...]), known[fields[0]] == nil else { return }
                known[fields[0]] = entry
            }
        }
        state = Locked(State(known: known))
    }

    /// The content of the file for the next run, `nil` if nothing has changed.
    public var text: [UInt8]? {
        let (known, current) = state.withLock { ($0.known, $0.current) }
        guard known != current else { return nil }
        let lines = current.sorted { $0.key < $1.key }.map { [$0.key] + $0.value.fields }
        return DigestedLines.text(Self.format, lines.filter { $0.allSatisfy(DigestedLines.isField) })
    }

    /// Returns the key of an object from the identity in the object's manifest.
    static func key(of identity: ObjectIdentity, defaultNamespace: String) -> String {
        let (type, namespace) = (identity.type, identity.namespace ?? defaultNamespace)
        return "\(type.apiVersion) \(type.kind) \(namespace)/\(identity.name)"
    }

    /// Returns the entry of an object from earlier runs.
    func entry(for key: String) -> Entry? { state.withLock { $0.known[key] } }

    /// The time at which a request begins, for ``record(_:for:requestedAt:)``.
    var time: Int64 { now() }

    /// Keeps the entry of an object from earlier runs.
    func keep(_ key: String) {
        state.withLock { state in
            if let entry = state.known[key] { state.current[key] = entry.withoutFirstRequest }
        }
    }

    /// Records that an object matches its manifest, either before a request or because of it.
    ///
    /// - Parameters:
    ///   - entry: The state of the object.
    ///   - key: The key of the object.
    ///   - begin: The time at which the request began; see ``time``.
    func record(_ entry: Entry, for key: String, requestedAt begin: Int64) {
        let end = now()
        state.withLock { state in
            let known = state.known[key]
            guard entry.serverDigest != nil || !entry.hasSameObject(as: known) else {
                // A verification from a time when all inputs were known is still valid.
                state.current[key] = known?.withoutFirstRequest
                return
            }
            var entry = entry
            entry.firstFound = end
            if let known, entry.hasSameInputs(as: known) {
                // A time in the future means that the machine has been restarted since.
                let first = known.firstFound.map { $0 > end ? end : $0 }
                entry.firstFound = first.flatMap { begin - $0 >= Self.settlingTime ? nil : $0 }
            }
            state.current[key] = entry
        }
    }
}

extension VerifiedObjects.Entry {
    /// Reads the value of ``fields``, or returns `nil` if it is another text.
    fileprivate init?(_ fields: ArraySlice<String>) {
        let fields = Array(fields)
        guard fields.count == 6, ObjectIdentifiers.isKind(fields[0]), let objectDigest = SHA256Digest(fields[2]) else {
            return nil
        }
        let (metadataDigest, serverDigest, firstFound) = (
            SHA256Digest(fields[3]), SHA256Digest(fields[4]), Int64(fields[5])
        )
        guard fields[3].isEmpty == (metadataDigest == nil), fields[4].isEmpty == (serverDigest == nil),
            fields[5].isEmpty || firstFound.map({ $0 >= 0 }) == true
        else { return nil }
        self.init(
            plural: fields[0],
            isNamespaced: fields[1] == "namespaced",
            objectDigest: objectDigest,
            metadataDigest: metadataDigest,
            serverDigest: serverDigest,
            firstFound: firstFound
        )
    }

    fileprivate var fields: [String] {
        [
            plural, isNamespaced ? "namespaced" : "", objectDigest.description, metadataDigest?.description ?? "",
            serverDigest?.description ?? "", firstFound.map { "\($0)" } ?? "",
        ]
    }
}
