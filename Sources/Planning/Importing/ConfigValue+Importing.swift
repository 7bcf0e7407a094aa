import Base
import YAML

/// Values of inventories.
extension ConfigValue {
    /// Reads the name of a node, in the format that Kubernetes allows.
    func nodeName() -> String? {
        let expected = "a host name of lower-case letters, digits, '-' and '.'"
        guard let text = string(expected: expected) else { return nil }
        guard isNodeName(text) else {
            let meant = text.lowercased().replacing("_", with: "-")
            return mismatch(expected, hint: isNodeName(meant) ? write(meant) : nil)
        }
        return text
    }

    /// Reads the name of one network interface.
    func interfaceName() -> String? {
        guard let name = interface() else { return nil }
        guard !name.utf8.contains(UInt8(ascii: "*")) else { return mismatch("the name of one network interface") }
        return name
    }
}

extension MappingReader {
    /// Reports every key besides those that are known.
    func reportUnknownKeys(besides known: [String]) {
        for entry in entries where !known.contains(entry.key) {
            problems.add(
                entry.location,
                "unknown key \(quoted(entry.key)) in \(subject.name)",
                hint: problems.hint(for: entry.key, in: known, else: "expected one of \(few(known))")
            )
        }
    }
}

/// The names and addresses already used in an inventory.
struct UsedValues {
    private var names: [String: SourceLocation] = [:]
    private var addresses: [IPAddress: (owner: String, location: SourceLocation)] = [:]
    let problems: ProblemCollector

    init(_ problems: ProblemCollector) { self.problems = problems }

    /// Adds a name, or reports that the name is already used.
    mutating func add(_ name: String, at location: SourceLocation) {
        guard let first = names[name] else {
            names[name] = location
            return
        }
        problems.add(
            location,
            "name \(quoted(name)) is used twice, the first time at \(first)",
            hint: "write another name"
        )
    }

    /// Adds an address, or reports that the address is already used.
    mutating func add(_ address: IPAddress, of owner: String, at location: SourceLocation) {
        guard let first = addresses[address] else {
            addresses[address] = (owner, location)
            return
        }
        problems.add(
            location,
            "address \(address) of \(owner) is that of \(first.owner) at \(first.location) as well",
            hint: "write another address"
        )
    }
}
