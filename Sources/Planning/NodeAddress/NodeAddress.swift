public import Base

/// The address that a rule chooses, if it is known when the task files are read.
public enum NodeAddress: Sendable, Hashable {
    /// The address is not known, for example when units are generated at boot or on another machine.
    ///
    /// An address reserved for documentation is used instead, with `number` as its last part. Readings with different
    /// numbers differ only in values that contain the address.
    case unknown(number: UInt8 = 1)

    case known(IPAddress)

    /// No address matches the rule; the text is the reason. Every use of the address is a problem.
    case missing(String)

    /// Returns the value of `node.address`.
    func value(_ rule: AddressRule) -> Variables.Value {
        switch self {
        case .known(let address): return .scalar(.string("\(address)"))
        case .missing(let reason):
            return .missing(message: "no address matches: \(reason)", hint: Self.advice(rule))
        case .unknown(let number):
            // RFC 5737 and RFC 3849 reserve these addresses for documentation.
            return .scalar(.string(rule.version == .ipv4 ? "192.0.2.\(number)" : "2001:db8::\(number)"))
        }
    }

    /// Returns the hint for a rule that matches no address.
    public static func advice(_ rule: AddressRule) -> String {
        "see 'ip address', or change the rule at \(rule.location)"
    }
}

/// The address that a rule chooses, if any, and the reasons why the other candidates were not chosen.
public struct AddressChoice: Sendable, Hashable {
    /// An address, or an interface that was ignored as a whole.
    public struct Candidate: Sendable, Hashable {
        public var interface: String

        /// The address, or `nil` if the interface was ignored.
        public var address: IPAddress?

        /// The reason why the candidate was not chosen; meaningless for the chosen one.
        public var reason: String

        /// The candidate as shown in messages: `10.0.0.5 on 'eth0'` or `'eth0'`.
        public var subject: String {
            guard let address else { return "'\(interface)'" }
            return "\(address) on '\(interface)'"
        }
    }

    public let chosen: Candidate?

    /// The other candidates, in the kernel's order.
    public let others: [Candidate]

    public var address: IPAddress? { chosen?.address }

    /// The reasons, each once with all its candidates; a node may have an interface for each pod.
    public var reasons: [String] {
        var order: [String] = []
        var subjects: [String: [String]] = [:]
        for other in others {
            if subjects[other.reason] == nil { order.append(other.reason) }
            subjects[other.reason, default: []].append(other.subject)
        }
        return order.map { "\(shortList(subjects[$0] ?? [])) (\($0))" }
    }

    /// The reasons why no address was chosen, on one line.
    public var summary: String {
        others.isEmpty ? "there is no interface" : reasons.joined(separator: ", ")
    }
}
