public import Base

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

    /// What was chosen, if anything.
    public let chosen: Candidate?

    /// What was not chosen, in the order of the kernel.
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

    /// What was not chosen, with everything that has the same reason together: a node has an interface for each pod.
    public var reasons: [String] {
        var order: [String] = []
        var subjects: [String: [String]] = [:]
        for other in others {
            if subjects[other.reason] == nil { order.append(other.reason) }
            subjects[other.reason, default: []].append(other.subject)
        }
        return order.map { "\(shortList(subjects[$0] ?? [])) (\($0))" }
    }

    /// What was not chosen, in one sentence.
    public var summary: String {
        others.isEmpty ? "there is no interface" : reasons.joined(separator: ", ")
    }
}
