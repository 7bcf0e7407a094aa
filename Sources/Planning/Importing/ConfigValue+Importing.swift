import Base
import YAML

extension ValueReader where Value == String {
    /// The name of a node, in the format that Kubernetes allows.
    static var nodeName: Self {
        string(
            "a host name of lower-case letters, digits, '-' and '.'",
            where: { isNodeName($0) },
            meant: { text in
                let meant = text.lowercased().replacing("_", with: "-")
                return isNodeName(meant) ? meant : nil
            }
        )
    }

    /// The name of one network interface.
    static var interfaceName: Self {
        interface.then { name, value in
            name.utf8.contains(UInt8(ascii: "*")) ? value.mismatch("the name of one network interface") : name
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
