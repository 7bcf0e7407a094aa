public import Base

/// A rule that chooses a node's own address from the addresses of its interfaces.
public struct AddressRule: Sendable, Hashable {
    enum Family: String, Sendable, Hashable, CaseIterable {
        case ipv4
        case ipv6

        var name: String { self == .ipv4 ? "IPv4" : "IPv6" }
    }

    /// Names or patterns of the allowed interfaces in order of preference; if empty, every interface is allowed.
    public var interfaces: [String] = []

    /// Names or patterns of ignored interfaces.
    ///
    /// If `nil`, ``defaultSkip`` applies unless ``interfaces`` has items.
    var skip: [String]?

    var range: AddressRange?

    /// The IP version as written, or `nil` for the default of ``version``.
    var family: Family?

    public var location = SourceLocation(file: "")

    /// The IP version of the address, by default that of the range or else IPv4.
    var version: Family { family ?? (range?.first.isVersion6 == true ? .ipv6 : .ipv4) }

    /// Names and patterns of the interfaces of loopback, containers and network plugins.
    static let defaultSkip = [
        "lo", "br-*", "cali*", "cbr*", "cilium*", "cni*", "docker*", "dummy*", "flannel*", "kube-ipvs*", "lxc*",
        "nodelocaldns", "podman*", "tunl*", "veth*", "virbr*", "vxlan*calico",
    ]

    /// Chooses an address from the node's interfaces, which are in the kernel's order.
    ///
    /// The address is stable, neither loopback nor link-local, and matches the version and the range. Its interface is
    /// allowed, not skipped, up and running. If several addresses qualify, the order of ``AddressRule/interfaces``
    /// decides first, then the kernel's order.
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
                    .init(
                        interface: interface.name,
                        address: address.address,
                        reason: reason ?? "another comes first"
                    )
                )
            }
        }
        let chosen = best.map { candidates.remove(at: $0.index) }
        return AddressChoice(chosen: chosen, others: candidates)
    }

    /// Returns the reason to ignore an interface as a whole, or `nil` if its addresses are considered.
    private func objection(to interface: NetworkInterface) -> String? {
        let skipped = skip ?? (interfaces.isEmpty ? Self.defaultSkip : [])
        if let pattern = skipped.first(where: interface.isNamed) {
            return pattern == interface.name ? "skipped" : "skipped by '\(pattern)'"
        }
        if !interfaces.isEmpty, !interfaces.contains(where: interface.isNamed) {
            return "not in 'interfaces'"
        }
        if !interface.isUp { return "down" }
        if !interface.isRunning { return "no carrier" }
        return interface.addresses.isEmpty ? "no address" : nil
    }

    /// Returns the reason to ignore an address, or `nil` if the address can be used.
    private func objection(to address: NetworkInterface.Address) -> String? {
        if address.address.isVersion6 != (version == .ipv6) { return "not \(version.name)" }
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

extension AddressRule {
    fileprivate static let keys: [Key<Self>] = [
        Key("interfaces", \.interfaces, .list(of: .interface, "interfaces"), default: "every interface")
            .meaning("the interfaces that may have the address, the preferred first; `*` in a name matches any text"),
        Key(
            "skip",
            \.skip,
            .list(of: .interface, "interfaces"),
            default: "with `interfaces` none, else \(list(defaultSkip.map { "`\($0)`" }))"
        )
        .meaning("the interfaces that are left out"),
        Key("range", \.range, .addressRange, default: "any").meaning("where the address must be"),
        Key("family", \.family, .word, default: "that of `range`, else `ipv4`").meaning("the version of the address"),
    ]
}

extension ValueReader where Value == AddressRule {
    static var addressRule: Self {
        mapping(Value.keys, "a mapping such as {interfaces: [eth0]}", into: Value()).then { rule, value in
            var rule = rule
            rule.location = value.location
            guard let range = rule.range, range.first.isVersion6 != (rule.version == .ipv6) else { return rule }
            value.problems.add(
                value.location,
                "\(value.label) has the range \(range), which has no \(rule.version.name) address",
                hint: "remove family:"
            )
            return nil
        }
    }
}
