import Base

/// The addresses that the tasks of a plan connect to, known only for servers given as addresses, not host names.
struct ServerAddresses {
    /// The URLs of API servers, by the paths of the kubeconfigs that tasks of the plan write.
    private let servers: [ExactText: String]

    init(_ plan: Plan) {
        // Tasks that use the node's address are left out, because the address is not known yet.
        let tasks = plan.steps.lazy.map(\.task).filter { $0.addressUse == .none }
        let kubeconfigs = tasks.flatMap(\.footprint.writes).compactMap { write in
            write.kubeconfig.map { (ExactText(located(write.path.path)), $0.server) }
        }
        servers = Dictionary(kubeconfigs) { first, _ in first }
    }

    /// Returns all addresses of a task, in the syntax of systemd.
    ///
    /// - Returns: The addresses without duplicates, or `nil` if there are none or one is unknown, for example because a
    ///   host name must be resolved.
    func all(of footprint: Footprint) -> [String]? {
        var addresses: [String] = []
        for connection in footprint.connections where connection != .systemBus {
            guard let address = host(of: connection, footprint).flatMap(Self.address) else { return nil }
            if !addresses.contains(address) { addresses.append(address) }
        }
        return addresses.isEmpty ? nil : addresses
    }

    private func host(of connection: Footprint.Connection, _ footprint: Footprint) -> String? {
        switch connection {
        case .apiServer:
            footprint.kubeconfig.flatMap { servers[ExactText(located($0.path))] }.flatMap { try? WebAddress($0).host }
        // The host may be the address of the node, which is not known yet.
        case .endpoint(let host, _): footprint.watchesInterfaces ? nil : host
        // A server may redirect a URL to any address.
        case .url, .systemBus, .anywhere: nil
        }
    }

    /// Returns a host in the syntax of systemd, or `nil` for a name.
    private static func address(_ host: String) -> String? {
        // The name `localhost` can mean either loopback address. systemd does not accept a zone, as in fe80::1%eth0.
        host == "localhost" || IPAddress(host) != nil ? host : nil
    }
}
