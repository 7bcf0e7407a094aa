public import Base
import YAML

/// What is known of a node's own address when its task files are read.
public enum NodeAddress: Sendable, Hashable {
    /// Nothing yet, as when units are made at boot or elsewhere: an address for documentation takes its place.
    ///
    /// Two readings with different numbers differ in what depends on the address.
    case unknown(number: UInt8 = 1)

    /// It was chosen.
    case known(IPAddress)

    /// None could be chosen, with the reason; every use is a problem.
    case missing(String)

    /// The value of the variable `node.address`.
    func value(_ rule: AddressRule) -> Variables.Value {
        switch self {
        case .known(let address): return .scalar(.string("\(address)"))
        case .missing(let reason):
            return .missing(message: "no address matches: \(reason)", hint: Self.advice(rule))
        case .unknown(let number):
            // RFC 5737 and RFC 3849.
            return .scalar(.string(rule.family == .ipv4 ? "192.0.2.\(number)" : "2001:db8::\(number)"))
        }
    }

    /// What to do where no address can be chosen.
    public static func advice(_ rule: AddressRule) -> String {
        "see 'ip address', or change the rule at \(rule.location)"
    }
}

/// Whether a task depends on the address of its node.
public enum AddressUse: Sendable, Hashable {
    /// It does not.
    case none
    /// Its manifests may.
    case manifests
    /// What the task file says of it does.
    case declaration
}
