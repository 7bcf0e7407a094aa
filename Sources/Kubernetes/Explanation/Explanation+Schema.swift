import Base
import YAML

/// Objects that do not match their kind's schema.
extension Explanation {
    /// A schema error: every fault that the schema shows, otherwise those that the server reports.
    func schemaFailure(_ status: ServerStatus) async -> ObjectFailure {
        var faults: [ObjectFailure.Fault] = []
        let type = manifest.identity.type
        if let schema = await client.schemas.schema(of: type, on: client, until: deadline) {
            faults = SchemaCheck(manifest.root, of: type, against: schema).faults.map { found in
                fault(at: found.location, found.message, hint: found.hint)
            }
        }
        let named = NamedFault.all(in: status.message)
        faults += named.filter(\.isRepetition).map(repetition)
        if faults.isEmpty { faults = named.map(serverFault) }
        if faults.isEmpty { faults = [fault(at: nil, "the server refuses it: \(status.line)", hint: nil)] }
        return ObjectFailure(object: manifest.identity, cause: .invalid, faults: faults)
    }

    /// A fault in the server's words, if the schema is not available or does not show it.
    private func serverFault(_ named: NamedFault) -> ObjectFailure.Fault {
        let target = named.path.resolve(in: manifest.root)
        guard !named.isUnknownField else {
            return fault(at: target.location, "\(named.path.name) is not known to the server", hint: "remove it")
        }
        if let key = named.omittedKey {
            let hint = key == "protocol" ? "write 'protocol: TCP' in it" : "write '\(key):' in it"
            let message = "\(named.path.name) has an item without '\(key)', which has no default on this server"
            return fault(at: target.location, message, hint: hint)
        }
        let value = target.node.map { _ in ": \(shown(named.path, in: manifest.root))" } ?? ""
        return fault(at: target.location, "\(named.path.name): \(named.message)\(value)", hint: nil)
    }

    /// Two items of an associative list with the same keys, with both locations.
    private func repetition(_ named: NamedFault) -> ObjectFailure.Fault {
        let target = named.path.resolve(in: manifest.root)
        let keys = named.message.dropFirst(NamedFault.repetition.count).trimmingPrefix(" ")
        let selector = ItemSelector(String(keys.dropFirst().dropLast()))
        let places = selector.items(of: target.node?.sequence ?? []).map(\.location).sorted()
        let list = places.map(\.description).joined(separator: " and at ")
        return fault(
            at: places.dropFirst().first ?? target.location,
            "\(named.path.name) has more than one item \(keys)\(list.isEmpty ? "" : ": at \(list)")",
            hint: "remove one of them",
        )
    }
}
