import YAML

/// Objects that are not what their kind's schema describes.
extension Explanation {
    /// A schema error: every fault that the schema shows, else what the server named.
    func schemaFailure(_ status: ServerStatus) async -> ObjectFailure {
        var problems: [Diagnostic] = []
        let type = manifest.identity.type
        if let schema = await client.schemas.schema(of: type, on: client, until: deadline) {
            problems = SchemaCheck(manifest.root, of: type, against: schema).faults.map { fault in
                problem(at: fault.place, fault.message, hint: fault.hint)
            }
        }
        let named = NamedFault.all(in: status.message)
        problems += named.filter(\.isRepetition).map(repetition)
        if problems.isEmpty { problems = named.map(serverFault) }
        if problems.isEmpty { problems = [problem(at: nil, "the server refuses it: \(status.line)", hint: nil)] }
        return ObjectFailure(object: manifest.identity, cause: .invalid, problems: problems)
    }

    /// A fault in the server's own words, where the schema is not to be had or does not show it.
    private func serverFault(_ fault: NamedFault) -> Diagnostic {
        let target = fault.path.resolve(in: manifest.root)
        guard !fault.isUnknownField else {
            return problem(at: target.place, "\(fault.path.name) is not known to the server", hint: "remove it")
        }
        if let key = fault.omittedKey {
            let hint = key == "protocol" ? "write 'protocol: TCP' in it" : "write '\(key):' in it"
            let message = "\(fault.path.name) has an item without '\(key)', which this server does not fill in"
            return problem(at: target.place, message, hint: hint)
        }
        let value = target.node.map { ": \(shown($0, of: fault.path))" } ?? ""
        return problem(at: target.place, "\(fault.path.name): \(fault.message)\(value)", hint: nil)
    }

    /// Two items of an associative list with the same keys; both places are told.
    private func repetition(_ fault: NamedFault) -> Diagnostic {
        let target = fault.path.resolve(in: manifest.root)
        let keys = fault.message.dropFirst(NamedFault.repetition.count).trimmingPrefix(" ")
        let selector = ItemSelector(String(keys.dropFirst().dropLast()))
        let places = selector.items(of: target.node?.sequence ?? []).map(\.place).sorted()
        let list = places.map(\.description).joined(separator: " and at ")
        return problem(
            at: places.dropFirst().first ?? target.place,
            "\(fault.path.name) has more than one item \(keys)\(list.isEmpty ? "" : ": at \(list)")",
            hint: "remove one of them",
        )
    }
}
