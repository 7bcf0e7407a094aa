import Base
import Host

/// The reasons why network interfaces do not meet the condition of a task.
extension [NetworkInterface] {
    /// Returns the reason why no interface that is up has an address in a range, or `nil` if an interface has one.
    func reasonForNoAddress(in range: AddressRange) -> String? {
        let matching = filter { interface in
            interface.addresses.contains { $0.state != .tentative && range.contains($0.address) }
        }
        if matching.contains(where: \.isUp) { return nil }
        if let interface = matching.first {
            return "interface '\(interface.name)' has it, and is down"
        }
        let addresses = flatMap { interface in
            interface.addresses.map(\.address)
                .filter { $0.isVersion6 == range.first.isVersion6 && !$0.isLoopback && !$0.isLinkLocal }
                .map { "\($0) on '\(interface.name)'" }
        }
        guard !addresses.isEmpty else { return "the node has no \(range.first.isVersion6 ? "IPv6" : "IPv4") address" }
        return "the node has \(shortList(addresses))"
    }

    /// Returns the reason why no interface with a name is up and running, or `nil` if an interface is.
    func reasonForNoneUp(named pattern: String) -> String? {
        let matching = filter { $0.isNamed(pattern) }
        if matching.contains(where: { $0.isUp && $0.isRunning }) { return nil }
        if let interface = matching.first(where: \.isUp) {
            return interface.name == pattern ? "it has no carrier" : "'\(interface.name)' has no carrier"
        }
        if let interface = matching.first {
            return interface.name == pattern ? "it is down" : "'\(interface.name)' is down"
        }
        let names = map(\.name).filter { $0 != "lo" }
        return "it does not exist" + (names.isEmpty ? "" : "; there is \(shortList(names.map { "'\($0)'" }))")
    }
}
