import Base

/// The addresses that the tasks of a plan connect to, if the task file contains addresses and no names.
struct ServerAddresses {
    /// The API server of each kubeconfig that a task of the plan writes.
    private let servers: [ExactText: String]

    init(_ plan: Plan) {
        // A server at the address of the node is not known yet.
        let tasks = plan.steps.lazy.map(\.task).filter { $0.addressUse == .none }
        let kubeconfigs = tasks.flatMap(\.footprint.writes).compactMap { write in
            write.kubeconfig.map { (ExactText(located(write.path.path)), $0.server) }
        }
        servers = Dictionary(kubeconfigs) { first, _ in first }
    }

    /// Returns all addresses of a task, in the syntax of systemd.
    ///
    /// - Returns: The addresses without duplicates, or `nil` if one is unknown, for example because it needs a name
    ///   server.
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
        // A URL may be redirected.
        case .url, .systemBus, .anywhere: nil
        }
    }

    /// Returns a host in the syntax of systemd, or `nil` for a name.
    private static func address(_ host: String) -> String? {
        // The name `localhost` can mean either loopback address.
        if host == "localhost" { return "localhost" }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        let isVersion4 =
            parts.count == 4 && parts.allSatisfy { part in UInt8(part).map { String($0) == part } ?? false }
        // systemd does not accept a zone, as in fe80::1%eth0.
        let isVersion6 = host.contains(":") && host.allSatisfy { $0.isHexDigit || $0 == ":" }
        return isVersion4 || isVersion6 ? host : nil
    }
}
