public import Base
import YAML

/// The version of a task, which is recorded at every object that the task applies.
///
/// A file with an older version changes none of these objects.
public struct AppliedVersion: Sendable {
    static let annotation = "nest-bootstrap/version"
    static let nodeAnnotation = "nest-bootstrap/version-node"

    /// The annotation with the time of the version, which only the parent of a set has: other changes of the parent
    /// change the time in its managed fields.
    private static let timeAnnotation = "nest-bootstrap/version-time"

    /// The names of all annotations that record a version.
    static let annotations = [annotation, nodeAnnotation, timeAnnotation]

    /// The version of the task in the file.
    public var version: OrderedVersion

    /// The node that has the file.
    public var node: String

    /// Whether the task replaces newer versions too.
    public var allowsOlder: Bool

    /// Creates the version of a task.
    public init(_ version: OrderedVersion, node: String, allowsOlder: Bool) {
        (self.version, self.node, self.allowsOlder) = (version, node, allowsOlder)
    }

    /// Why a file may not replace what is on the server.
    public struct Refusal: Sendable, Hashable {
        public var message: String
        public var hint: String
    }

    /// Returns the annotations of an object.
    ///
    /// An equal version that is on the server stays as it is, with the node that was the first to apply it. Otherwise
    /// every node would change the objects of the others.
    func annotations(over live: Node?) -> [String: String] {
        let recorded = live.flatMap(Record.init)
        if let recorded, recorded.version?.order(comparedWith: version) == .equal {
            return [Self.annotation: recorded.text, Self.nodeAnnotation: recorded.node ?? node]
        }
        return [Self.annotation: version.description, Self.nodeAnnotation: node]
    }

    /// Returns the annotations of the parent of a set.
    func parentAnnotations(over live: Node?, at now: Timestamp) -> [String: String] {
        var annotations = annotations(over: live)
        let recorded = live?["metadata"]?["annotations"]
        let isSame = recorded?[Self.annotation]?.string == annotations[Self.annotation]
        annotations[Self.timeAnnotation] = (isSame ? recorded?[Self.timeAnnotation]?.string : nil) ?? "\(now)"
        return annotations
    }

    /// Compares the version with that of an object on the server.
    ///
    /// - Parameters:
    ///   - live: The object.
    ///   - now: The current time, for the age of the version.
    /// - Returns: Why this version may not replace that of the object, `nil` if it may.
    func refusal(of live: Node, at now: Timestamp) -> Refusal? {
        guard !allowsOlder, let recorded = Record(live) else { return nil }
        let order = recorded.version.flatMap { version.order(comparedWith: $0) }
        guard order == nil || order == .older else { return nil }
        let found = "applied at \(recorded.text)\(recorded.origin(at: now)); this file has \(version)"
        if order == .older {
            return Refusal(message: found, hint: "update this node's files, or write 'allowOlder: true'")
        }
        let hint = "write the version as \(OrderedVersion.forms), as before, or write 'allowOlder: true' once"
        return Refusal(message: "\(found), which cannot be compared", hint: hint)
    }
}

extension AppliedVersion {
    /// The version recorded at an object.
    struct Record {
        let text: String
        let node: String?
        /// The field manager that owns the record, with the time of its last change.
        private let owner: (manager: String, time: Timestamp?)?

        var version: OrderedVersion? { OrderedVersion(text) }

        /// Reads the record of an object, `nil` if the object has none.
        init?(_ live: Node) {
            let annotations = live["metadata"]?["annotations"]
            guard let text = annotations?[AppliedVersion.annotation]?.string else { return nil }
            self.text = text.utf8.count <= OrderedVersion.sizeLimit ? text : String(text.prefix(20)) + "…"
            // Anyone who may change the object can write a long text.
            node = annotations?[AppliedVersion.nodeAnnotation]?.string.map { String($0.prefix(253)) }
            let entries = live["metadata"]?["managedFields"]?.sequence ?? []
            let owners = entries.filter { entry in
                let annotations = entry["fieldsV1"]?["f:metadata"]?["f:annotations"]
                return annotations?["f:\(AppliedVersion.annotation)"] != nil
            }
            let entry = owners.first { !ManagedMetadata.isOwn($0) } ?? owners.first
            let written = annotations?[AppliedVersion.timeAnnotation]?.string
            owner = entry.map { entry in
                let time = written ?? entry["time"]?.string
                return (entry["manager"]?.string ?? "", time.flatMap { Timestamp(rfc3339: $0) })
            }
        }

        /// The node, the field manager and the age, as the end of a phrase.
        func origin(at now: Timestamp) -> String {
            let seconds = owner?.time.map { now.seconds - $0.seconds }
            let age = seconds.map { $0 < 1 ? " just now" : " \(Duration.seconds($0).humanReadable) ago" }
            let manager = owner.map { " (field manager '\($0.manager)')" } ?? ""
            return (node.map { " by node \($0)" } ?? "") + (age ?? "") + manager
        }
    }
}
