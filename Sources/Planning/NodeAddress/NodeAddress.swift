public import Base

/// The state of a node's own address when its task files are read.
public enum NodeAddress: Sendable, Hashable {
    /// The address is not known yet, for example when units are generated at boot or on another machine.
    ///
    /// An address reserved for documentation is used instead, with `number` as its last part. Readings with different
    /// numbers differ only in values that depend on the address.
    case unknown(number: UInt8 = 1)

    /// The rule chose this address.
    case known(IPAddress)

    /// No address could be chosen; the text is the reason. Every use of the address is a problem.
    case missing(String)

    /// Returns the value of the variable `node.address`.
    func value(_ rule: AddressRule) -> Variables.Value {
        switch self {
        case .known(let address): return .scalar(.string("\(address)"))
        case .missing(let reason):
            return .missing(message: "no address matches: \(reason)", hint: Self.advice(rule))
        case .unknown(let number):
            // RFC 5737 and RFC 3849.
            return .scalar(.string(rule.version == .ipv4 ? "192.0.2.\(number)" : "2001:db8::\(number)"))
        }
    }

    /// Returns the hint for a rule that matches no address.
    public static func advice(_ rule: AddressRule) -> String {
        "see 'ip address', or change the rule at \(rule.location)"
    }
}

/// The chosen address of a node and the reasons for the choice.
public struct AddressChoice: Sendable, Hashable {
    /// An address, or an interface whose addresses were not considered.
    public struct Candidate: Sendable, Hashable {
        /// The name of the interface.
        public var interface: String

        /// The address, `nil` if the interface itself was ignored.
        public var address: IPAddress?

        /// The reason why the candidate was not chosen.
        public var reason: String

        /// The address with its interface, or the interface alone, for messages.
        public var subject: String {
            guard let address else { return "'\(interface)'" }
            return "\(address) on '\(interface)'"
        }
    }

    /// The candidate that was chosen, if any.
    public let chosen: Candidate?

    /// The candidates that were not chosen, in the order of the kernel.
    public let others: [Candidate]

    /// The chosen address, `nil` if no address was chosen.
    public var address: IPAddress? { chosen?.address }

    /// The candidates that were not chosen, grouped by reason because a node has an interface for each pod.
    public var reasons: [String] {
        var order: [String] = []
        var subjects: [String: [String]] = [:]
        for other in others {
            if subjects[other.reason] == nil { order.append(other.reason) }
            subjects[other.reason, default: []].append(other.subject)
        }
        return order.map { "\(shortList(subjects[$0] ?? [])) (\($0))" }
    }

    /// The candidates that were not chosen, in one sentence.
    public var summary: String {
        others.isEmpty ? "there is no interface" : reasons.joined(separator: ", ")
    }
}
