import Base
import YAML

/// The key `ports` of section `cluster`.
extension ClusterReader {
    /// Reads the ports of each role.
    func readPorts(_ fields: inout MappingReader) -> [String: [PortRange]] {
        let roles = fields.entries.first { $0.key == Keys.ports.description.name }?.value.mapping?.entries ?? []
        let known = roles.isEmpty ? [] : knownRoles
        for role in roles where !known.contains(role.key) {
            problems.addMissing(
                role.location,
                "no role is named \(quoted(role.key))",
                hint: problems.hint(for: role.key, in: known, else: "expected one of \(few(known))")
            )
        }
        return fields.value(Keys.ports) ?? [:]
    }
}

extension ClusterReader.Keys {
    static let ports = Key.optional(
        "ports",
        .portsByRole,
        default: "none",
        "the ports at which nodes of a role are reached by other nodes; `check` tries those of TCP"
    )
}

extension ValueReader where Value == [String: [PortRange]] {
    /// Lists of ports by role.
    static var portsByRole: Self {
        let list = ValueReader<[PortRange]>.list(
            of: ValueReader<PortRange>(type: .portRange) { $0.portRange() },
            "ports",
            limit: Limit.portRangeCount
        )
        return Self(type: .dictionary(list.type)) { value in
            guard let entries = value.mapping("a mapping of roles to lists of ports")?.entries else { return nil }
            var ports: [String: [PortRange]] = [:]
            for entry in entries {
                let node = value.variables.replaced(entry.value, value.problems)
                ports[entry.key] = node.flatMap { list.read(value.below(entry.key, $0)) }
            }
            return ports
        }
    }
}

extension ConfigValue {
    /// A port, or several that follow each other, with their protocol.
    fileprivate func portRange() -> PortRange? {
        let text = node.content.scalarText
        if node.string != nil, let range = PortRange(text) { return range }
        let meant = PortRange("\(text)/tcp") ?? PortRange(text.lowercased())
        reportTypeMismatch(
            "ports with their protocol, such as 6443/tcp, 2379-2380/tcp or 8472/udp",
            hint: meant.map { write("\($0)") }
        )
        return nil
    }
}
