import Base
import YAML

/// A Lease as the server has stored it.
struct LeaseState: Sendable, Hashable {
    /// The whole object, of which other fields are kept.
    let object: Node

    /// Creates the state that an object describes.
    init(_ object: Node) {
        self.object = object
    }

    /// The holder's identity, empty if nobody holds it.
    var holder: String { object["spec"]?["holderIdentity"]?.string ?? "" }

    /// Since when, by the holder's clock.
    var acquired: Timestamp? { object["spec"]?["acquireTime"]?.string.flatMap { Timestamp(rfc3339: $0) } }

    /// How long it is valid after a change, `nil` if it does not say.
    var duration: Duration? {
        object["spec"]?["leaseDurationSeconds"]?.integer.flatMap { $0 > 0 ? .seconds($0) : nil }
    }

    /// How often the holder has changed.
    var transitions: Int { object["spec"]?["leaseTransitions"]?.integer ?? 0 }

    /// The version, which every write changes.
    var resourceVersion: String { object["metadata"]?["resourceVersion"]?.string ?? "" }

    /// A change that a holder writes.
    enum Change {
        /// A new holder takes it.
        case take(String, LeaseTiming)
        /// Its holder keeps it.
        case renew
        /// Its holder releases it.
        case release
    }

    /// The object after a change; its version makes the server refuse the change if another process was faster.
    func changed(_ change: Change, at time: Int64 = Timestamp.millisecondsNow()) -> Node {
        let now = Node.string(Self.microTime(time))
        var fields: [(String, Node)] = [("renewTime", now)]
        switch change {
        case .take(let holder, let timing):
            fields += [
                ("holderIdentity", .string(holder)), ("acquireTime", now),
                ("leaseDurationSeconds", .number(Int(timing.duration.components.seconds))),
                ("leaseTransitions", .number(transitions + 1)),
            ]
        case .renew: break
        case .release: fields.append(("holderIdentity", .string("")))
        }
        let spec = Self.replacing(fields, in: object["spec"])
        return Self.replacing([("spec", spec)], in: object)
    }

    /// A new object that a holder creates.
    static func new(
        _ identity: ObjectIdentity,
        _ holder: String,
        _ timing: LeaseTiming,
        at time: Int64 = Timestamp.millisecondsNow(),
    ) -> Node {
        let metadata = Node.mapping([
            ("name", .string(identity.name)), ("namespace", .string(identity.namespace ?? "")),
            ("labels", .mapping([(ManagedMetadata.managedByLabel, .string(ManagedMetadata.manager))])),
        ])
        let spec = Node.mapping([
            ("holderIdentity", .string(holder)), ("leaseTransitions", .number(0)),
            ("leaseDurationSeconds", .number(Int(timing.duration.components.seconds))),
            ("acquireTime", .string(microTime(time))), ("renewTime", .string(microTime(time))),
        ])
        return .mapping([
            ("apiVersion", .string(identity.type.apiVersion)), ("kind", .string(identity.type.kind)),
            ("metadata", metadata), ("spec", spec),
        ])
    }

    /// A time as the server expects it, with six digits after the second.
    private static func microTime(_ milliseconds: Int64) -> String {
        Timestamp.text(milliseconds: milliseconds).dropLast() + "000Z"
    }

    private static func replacing(_ fields: [(String, Node)], in object: Node?) -> Node {
        let names = fields.map(\.0)
        let kept = (object?.mapping?.entries ?? []).filter { !names.contains($0.key) }.map { ($0.key, $0.value) }
        return .mapping(kept + fields)
    }
}
