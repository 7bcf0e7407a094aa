import Base
import YAML

/// What the task file says of a node's address.
enum DeclaredAddress {
    /// The address itself.
    case fixed(IPAddress)
    /// How it is chosen on the node.
    case chosen(AddressRule)
}

extension ValueReader where Value == DeclaredAddress {
    /// An address, or the rule by which it is chosen.
    static var declaredAddress: Self {
        let rule = ValueReader<AddressRule>.addressRule
        return Self(type: .either([.address, rule.type])) { value in
            guard value.node.mapping == nil else { return rule.read(value).map { .chosen($0) } }
            return value.address(", or a mapping such as {interfaces: [eth0]}").map { .fixed($0) }
        }
    }
}

extension ValueReader where Value == IPAddress {
    /// An IP address.
    static var address: Self { Self(type: .address) { $0.address() } }
}

extension ConfigValue {
    /// An IP address of a node in the network.
    ///
    /// - Parameter other: What else is expected, for messages.
    /// - Returns: The address, or `nil` after reporting that there is none.
    func address(_ other: String = "") -> IPAddress? {
        let expected = "an IP address such as 192.168.0.10\(other)"
        guard let text = node.string, let address = IPAddress(text) else {
            let isRange = node.string.flatMap { AddressRange($0) } != nil
            let single = node.string.map { String($0.prefix { $0 != "/" }) } ?? ""
            reportTypeMismatch(expected, hint: isRange ? write(single) : nil)
            return nil
        }
        guard !address.isLoopback, !address.isLinkLocal, !address.isForSeveral, !address.bytes.allSatisfy({ $0 == 0 })
        else {
            reportTypeMismatch("an IP address that other nodes can reach")
            return nil
        }
        return address
    }
}
