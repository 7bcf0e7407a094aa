public import Base
import YAML

/// How a node's own address is chosen among those of its interfaces.
public struct AddressRule: Sendable, Hashable {
    /// The versions of the internet protocol.
    public enum Family: String, Sendable, Hashable, CaseIterable {
        case ipv4
        case ipv6

        /// The name, as messages write it.
        var name: String { self == .ipv4 ? "IPv4" : "IPv6" }
    }

    /// The interfaces by name or pattern, the preferred first; every interface if there is none.
    public var interfaces: [String]

    /// The interfaces that are left out, by name or pattern.
    public var skip: [String]

    /// Where the address must be, if not anywhere.
    public var range: AddressRange?

    /// The version of the address.
    public var family: Family

    /// Where the task file has the rule.
    public var location: SourceLocation

    /// Creates a rule.
    ///
    /// - Parameters:
    ///   - interfaces: The interfaces by name or pattern, the preferred first; every interface if there is none.
    ///   - skip: The interfaces that are left out, ``defaultSkip`` if this is `nil` and no interface is named.
    ///   - range: Where the address must be, if not anywhere.
    ///   - family: The version of the address, that of the range if this is `nil`.
    ///   - location: Where the task file has the rule.
    public init(
        interfaces: [String] = [],
        skip: [String]? = nil,
        range: AddressRange? = nil,
        family: Family? = nil,
        location: SourceLocation = SourceLocation(file: ""),
    ) {
        self.interfaces = interfaces
        self.skip = skip ?? (interfaces.isEmpty ? Self.defaultSkip : [])
        self.range = range
        self.family = family ?? (range?.first.isVersion6 == true ? .ipv6 : .ipv4)
        self.location = location
    }

    /// The interfaces of loopback, of containers and of network plugins.
    public static let defaultSkip = [
        "lo", "br-*", "cali*", "cbr*", "cilium*", "cni*", "docker*", "dummy*", "flannel*", "kube-ipvs*", "lxc*",
        "nodelocaldns", "podman*", "tunl*", "veth*", "virbr*", "vxlan*calico",
    ]

    /// Chooses an address.
    ///
    /// It is a stable one of the family and the range, on an interface that is up and running: of the interfaces that the
    /// rule prefers, then of those that the kernel lists first, the first.
    ///
    /// - Parameter interfaces: The interfaces of the node, in the order of the kernel.
    /// - Returns: The address, and why the others were not chosen.
    public func choose(among interfaces: [NetworkInterface]) -> AddressChoice {
        var candidates: [AddressChoice.Candidate] = []
        var best: (index: Int, rank: Int)?
        for interface in interfaces {
            if let reason = objection(to: interface) {
                candidates.append(.init(interface: interface.name, reason: reason))
                continue
            }
            let rank = self.interfaces.firstIndex(where: interface.isNamed) ?? 0
            for address in interface.addresses {
                let reason = objection(to: address)
                if reason == nil, rank < best?.rank ?? .max { best = (candidates.count, rank) }
                candidates.append(
                    .init(interface: interface.name, address: address.address, reason: reason ?? "")
                )
            }
        }
        return AddressChoice(candidates, chosen: best?.index)
    }

    /// Why no address of an interface is chosen, `nil` if one may be.
    private func objection(to interface: NetworkInterface) -> String? {
        if let pattern = skip.first(where: interface.isNamed) {
            return pattern == interface.name ? "skipped" : "skipped by '\(pattern)'"
        }
        if !interfaces.isEmpty, !interfaces.contains(where: interface.isNamed) {
            return "not in 'interfaces'"
        }
        if !interface.isUp { return "down" }
        if !interface.isRunning { return "no carrier" }
        return interface.addresses.isEmpty ? "no address" : nil
    }

    /// Why an address is not chosen, `nil` if it may be.
    private func objection(to address: NetworkInterface.Address) -> String? {
        if address.address.isVersion6 != (family == .ipv6) { return "not \(family.name)" }
        if address.address.isLoopback { return "loopback" }
        if address.address.isLinkLocal { return "link-local" }
        switch address.state {
        case .temporary: return "temporary"
        case .deprecated: return "deprecated"
        case .tentative: return "still checked for duplicates"
        case .stable: break
        }
        guard let range, !range.contains(address.address) else { return nil }
        return "not \(range.isOneAddress ? "" : "in ")\(range)"
    }
}

extension ValueReader where Value == AddressRule {
    private enum Keys {
        static let interfaces = Key.optional(
            "interfaces",
            .list(of: .interface, "interfaces"),
            default: "every interface",
            "the interfaces that may have the address, the preferred first; `*` in a name matches any text"
        )
        static let skip = Key.optional(
            "skip",
            .list(of: .interface, "interfaces"),
            default: "with `interfaces` none, else \(defaultSkipNames)",
            "the interfaces that are left out"
        )
        static let range = Key.optional("range", .addressRange, default: "any", "where the address must be")
        static let family = Key.optional(
            "family",
            ValueReader<String>.word(AddressRule.Family.allCases.map(\.rawValue)),
            default: "that of `range`, else `ipv4`",
            "the version of the address"
        )
    }

    /// A rule by which a node's address is chosen.
    static var addressRule: Self {
        let keys = [
            Keys.interfaces.description, Keys.skip.description, Keys.range.description, Keys.family.description,
        ]
        return Self(type: .mapping(keys)) { value in
            guard var fields = value.mapping("a mapping such as {interfaces: [eth0]}") else { return nil }
            let rule = AddressRule(
                interfaces: fields.value(Keys.interfaces) ?? [],
                skip: fields.value(Keys.skip),
                range: fields.value(Keys.range),
                family: fields.value(Keys.family).flatMap { AddressRule.Family(rawValue: $0) },
                location: value.location,
            )
            fields.finish()
            if let range = rule.range, range.first.isVersion6 != (rule.family == .ipv6) {
                value.problems.add(
                    value.location,
                    "\(value.label) has the range \(range), which has no \(rule.family.name) address",
                    hint: "remove family:"
                )
                return nil
            }
            return rule
        }
    }
}

private let defaultSkipNames = list(AddressRule.defaultSkip.map { "`\($0)`" })
