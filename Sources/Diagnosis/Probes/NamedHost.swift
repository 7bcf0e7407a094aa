import Base
import HTTP
import Host

/// Looks up the host of a server in the files of a node, below a root directory.
struct NamedHost {
    var root: String

    private func lines(of path: String) -> [[String]] {
        let bytes = (try? FileSystem.read(root + path, limit: 1 << 20)) ?? []
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        return lines.map { $0.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).map(String.init) }
    }

    /// Returns the line of `/etc/hosts` that has the host of a URL, `nil` if the host is an address or there is none.
    func entry(of url: String) -> ServerFacts.HostEntry? {
        guard let host = try? WebAddress(url).host, IPAddress(host) == nil else { return nil }
        for (index, words) in lines(of: "/etc/hosts").enumerated() {
            guard let address = words.first, words.dropFirst().contains(where: { $0.lowercased() == host.lowercased() })
            else { continue }
            return ServerFacts.HostEntry(host: host, address: address, place: "/etc/hosts:\(index + 1)")
        }
        return nil
    }

    /// The addresses of the DNS servers.
    var nameServers: [String] {
        lines(of: "/etc/resolv.conf").filter { $0.count > 1 && $0[0] == "nameserver" }.map { $0[1] }
    }

    /// Finds the interface that is down and through which this machine reaches a server.
    ///
    /// - Parameters:
    ///   - url: The server.
    ///   - fault: The error of the connection.
    /// - Returns: The fault, `nil` if none is seen.
    func linkFault(to url: String, _ fault: TransportError) -> LinkFault? {
        let isUnresolved = fault.kind == .resolve || fault.message.contains("no address")
        guard root.isEmpty, isUnresolved || [.unreachable, .timedOut].contains(fault.kind),
            let host = try? WebAddress(url).host
        else { return nil }
        let address = IPAddress(host) ?? entry(of: url).flatMap { IPAddress($0.address) }
        if address?.isLoopback == true { return nil }
        if let address, let found = LinkFault.onWay(to: address) { return found }
        if address == nil, let server = nameServers.lazy.compactMap({ IPAddress($0) }).first(where: { !$0.isLoopback }),
            let found = LinkFault.onWay(to: server)
        {
            return found
        }
        return fault.kind == .timedOut && !isUnresolved ? nil : LinkFault.ofOnlyInterface()
    }
}
