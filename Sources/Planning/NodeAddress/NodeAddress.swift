public import Base
import YAML

/// The state of a node's own address when its task files are read.
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

    /// Advice where no address can be chosen.
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
    /// The declaration in the task file.
    case declaration
}

/// The address of a node, with why it is this one.
public struct AddressChoice: Sendable, Hashable {
    /// An address, or an interface of which no address was looked at.
    public struct Candidate: Sendable, Hashable {
        /// The name of the interface.
        public var interface: String

        /// The address, `nil` if the interface itself was left out.
        public var address: IPAddress?

        /// Why it was not chosen.
        public var reason = ""

        /// The address with its interface, or the interface alone, as messages name them.
        public var subject: String {
            guard let address else { return "'\(interface)'" }
            return "\(address) on '\(interface)'"
        }
    }

    /// The address that was chosen, if there is one.
    public let chosen: Candidate?

    /// The addresses that were not chosen, in the order of the kernel.
    public let others: [Candidate]

    /// The address, `nil` if there is none.
    public var address: IPAddress? { chosen?.address }

    /// Creates a choice; candidates without a reason are left behind because of the one that is chosen.
    init(_ candidates: [Candidate], chosen index: Int?) {
        let chosen = index.map { candidates[$0] }
        self.chosen = chosen
        others = candidates.indices.filter { $0 != index }.map { other in
            var candidate = candidates[other]
            guard candidate.reason.isEmpty, let chosen, let address = chosen.address else { return candidate }
            let isSibling = candidate.interface == chosen.interface
            candidate.reason = "\(isSibling ? "\(address)" : "'\(chosen.interface)'") comes first"
            return candidate
        }
    }

    /// The addresses that were not chosen, all with the same reason together: a node has an interface for each pod.
    public var reasons: [String] {
        var order: [String] = []
        var subjects: [String: [String]] = [:]
        for other in others {
            if subjects[other.reason] == nil { order.append(other.reason) }
            subjects[other.reason, default: []].append(other.subject)
        }
        return order.map { "\(shortList(subjects[$0] ?? [])) (\($0))" }
    }

    /// The addresses that were not chosen, in one sentence.
    public var summary: String {
        others.isEmpty ? "there is no interface" : reasons.joined(separator: ", ")
    }
}
