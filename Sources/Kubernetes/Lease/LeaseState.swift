import Base

/// A Lease as the server stores it.
struct LeaseState: Sendable, Hashable {
    /// The whole object; a change keeps the fields that it does not set.
    let object: Node

    init(_ object: Node) {
        self.object = object
    }

    /// The holder's identity, empty if there is no holder.
    var holder: String { object["spec"]?["holderIdentity"]?.string ?? "" }

    /// The time at which the holder acquired the Lease, by the holder's clock.
    var acquired: Timestamp? { object["spec"]?["acquireTime"]?.string.flatMap { Timestamp(rfc3339: $0) } }

    /// The time for which the Lease is valid after a change, `nil` if the object specifies no positive time.
    var duration: Duration? {
        object["spec"]?["leaseDurationSeconds"]?.integer.flatMap { $0 > 0 ? .seconds($0) : nil }
    }

    var resourceVersion: String { object["metadata"]?["resourceVersion"]?.string ?? "" }

    enum Change {
        /// A new holder takes the Lease.
        case take(String, LeaseTiming)
        case renew, release
    }

    /// Returns the object after a change.
    ///
    /// The object keeps the resource version that was read, so that the server refuses a change to an outdated state.
    func changed(_ change: Change, at time: Int64 = Timestamp.millisecondsNow()) -> Node {
        let now = Node.string(Self.microTime(time))
        let transitions = object["spec"].map { ($0["leaseTransitions"]?.integer ?? 0) + 1 } ?? 0
        var fields: [(String, Node)] = [("renewTime", now)]
        switch change {
        case .take(let holder, let timing):
            fields += [
                ("holderIdentity", .string(holder)), ("acquireTime", now),
                ("leaseDurationSeconds", .number(Int(timing.duration.components.seconds))),
                ("leaseTransitions", .number(transitions)),
            ]
        case .renew: break
        case .release: fields.append(("holderIdentity", .string("")))
        }
        let spec = Self.replacing(fields, in: object["spec"])
        return Self.replacing([("spec", spec)], in: object)
    }

    /// Creates a Lease without a holder.
    init(new identity: ObjectIdentity) {
        let metadata = Node.mapping([
            ("name", .string(identity.name)), ("namespace", .string(identity.namespace ?? "")),
            ("labels", .mapping([(ManagedMetadata.managedByLabel, .string(ManagedMetadata.manager))])),
        ])
        let type = identity.type
        object = .mapping([
            ("apiVersion", .string(type.apiVersion)), ("kind", .string(type.kind)), ("metadata", metadata),
        ])
    }

    /// Formats a time as the API's `MicroTime`, with six decimal digits of the second.
    static func microTime(_ milliseconds: Int64) -> String {
        Timestamp.text(milliseconds: milliseconds).dropLast() + "000Z"
    }

    private static func replacing(_ fields: [(String, Node)], in object: Node?) -> Node {
        let names = fields.map(\.0)
        let kept = (object?.mapping?.entries ?? []).filter { !names.contains($0.key) }.map { ($0.key, $0.value) }
        return .mapping(kept + fields)
    }
}
