import Base
import Host

/// A port of this node that refuses connections.
struct RefusedPort {
    private let host: String
    private let port: UInt16
    private let address: IPAddress

    /// Looks up the host in `/etc/hosts`, without a name server; `nil` if it is not an address of this node.
    init?(_ host: String, _ port: UInt16) {
        guard let address = IPAddress(host) ?? Self.address(ofName: host),
            address.isLoopback || (try? NetworkInterface.all())?.contains(where: { $0.has(address) }) == true
        else { return nil }
        (self.host, self.port, self.address) = (host, port, address)
    }

    /// Returns what to do: the address at which a program listens at this port, or that there is none.
    ///
    /// - Parameter setting: The setting that names the address.
    /// - Returns: The advice.
    func advice(correcting setting: String = "the address") -> String {
        let name = "\(address)" == host ? "" : " ('\(host)' is \(address) in /etc/hosts)"
        guard let other = ListeningPort.addresses(at: port).first(where: { $0 != address }) else {
            return
                "no program of this node listens at port \(port)\(name): start the one that should, or correct \(setting)"
        }
        return
            "on this node the port is open at \(other) only\(name): correct \(setting), or let the program listen at "
            + "\(address)"
    }

    /// Returns the first address of a name in `/etc/hosts`, whose lines are an address and names; see hosts(5).
    static func address(ofName name: String) -> IPAddress? {
        let bytes = (try? FileSystem.read("/etc/hosts", limit: 1 << 20)) ?? []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.prefix { $0 != "#" }.split { $0 == " " || $0 == "\t" }
            guard let first = words.first, words.dropFirst().contains(where: { $0.lowercased() == name.lowercased() })
            else { continue }
            if let address = IPAddress(String(first)) { return address }
        }
        return nil
    }
}

extension NetworkInterface {
    /// Returns whether the interface has an address.
    func has(_ address: IPAddress) -> Bool { addresses.contains { $0.address == address } }
}
