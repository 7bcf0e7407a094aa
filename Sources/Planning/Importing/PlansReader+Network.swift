import Base
import YAML

/// The file `network.yaml`.
extension PlansReader {
    /// The keys of `network.yaml`.
    private enum Keys {
        static let subnet = "subnet"
        static let gateway = "gateway"
        static let nameservers = "nameservers"
        static let vip = "vip"
        static let name = "name"
    }

    /// Reads the values of the network.
    mutating func readNetwork(_ file: SourceFile) {
        let documents: [Document]
        do throws(Problems) {
            documents = try readDocuments(file.bytes, file: file.path, limits: .taskFile)
        } catch {
            problems.add(error.all)
            return
        }
        let roots = documents.compactMap(\.root)
        if roots.count > 1 {
            problems.add(roots[1].location, "the file has more than one YAML document", hint: "remove the line ---")
        }
        let root = roots.first ?? .null(location: SourceLocation(file: file.path))
        guard let mapping = root.isNull ? Mapping() : root.mapping else {
            let message = "network.yaml must be a mapping, found \(describe(root))"
            problems.add(root.location, message, hint: "write subnet: 10.0.100.0/24")
            return
        }
        let entries = mapping.entries.map { entry in
            Mapping.Entry(key: entry.key, location: entry.location, value: trimmedStrings(entry.value))
        }
        var fields = MappingReader(
            entries,
            at: root.location,
            MappingName(owner: "network.yaml"),
            Variables(),
            problems
        )
        readSubnet(&fields)
        readGateway(&fields)
        readNameservers(&fields)
        if let (address, location) = address(Keys.vip, &fields) {
            cluster.virtualAddress = address
            used.add(address, of: "'vip'", at: location)
            checkIsInNetwork(address, of: "'vip'", at: location)
        }
        if let entry = fields.take(Keys.name) {
            cluster.name = fields.value(of: entry).string(expected: "the name of the cluster")
        }
        fields.finish()
    }

    private mutating func readSubnet(_ fields: inout MappingReader) {
        guard let entry = fields.take(Keys.subnet) else {
            fields.reportMissing(Keys.subnet, "10.0.100.0/24")
            return
        }
        let value = fields.value(of: entry)
        guard let range = value.addressRange() else { return }
        guard !range.isOneAddress else {
            value.reportTypeMismatch("a range of addresses such as 10.0.100.0/24")
            return
        }
        subnet = range
        set("subnet", "\(range)")
        set("prefixLength", "\(range.prefixLength)")
    }

    private mutating func readGateway(_ fields: inout MappingReader) {
        guard let (address, location) = address(Keys.gateway, &fields) else { return }
        used.add(address, of: "'gateway'", at: location)
        checkIsInNetwork(address, of: "'gateway'", at: location)
        set("gateway", "\(address)")
    }

    private mutating func readNameservers(_ fields: inout MappingReader) {
        guard let entry = fields.take(Keys.nameservers),
            let items = fields.value(of: entry).items(of: "IP addresses", limit: Limit.nameserverCount)
        else { return }
        let addresses = items.compactMap { $0.address() }
        if !addresses.isEmpty { set("nameservers", addresses.map(\.description).joined(separator: ",")) }
    }

    private mutating func set(_ name: String, _ value: String) {
        networkVariables.append(.init(name: name, value: value))
    }

    private func address(_ key: String, _ fields: inout MappingReader) -> (IPAddress, SourceLocation)? {
        guard let entry = fields.take(key), let address = fields.value(of: entry).address() else { return nil }
        return (address, entry.value.location)
    }

    /// Values are without the spaces around them, as those of the tables are.
    private func trimmedStrings(_ node: Node) -> Node {
        var node = node
        switch node.content {
        case .string(let text): node.content = .string(trimmed(text.unicodeScalars))
        case .sequence(let items): node.content = .sequence(items.map(trimmedStrings))
        case .null, .boolean, .number, .mapping: break
        }
        return node
    }

    /// Reports an address that no machine of the network can have.
    func checkIsInNetwork(_ address: IPAddress, of owner: String, at location: SourceLocation) {
        guard let subnet else { return }
        guard subnet.contains(address) else {
            let message = "address \(address) of \(owner) is outside of the network \(subnet)"
            problems.add(
                location,
                message,
                hint: "write an address of the network, or correct 'subnet' in network.yaml"
            )
            return
        }
        guard !subnet.isReserved(address) else {
            let message =
                "address \(address) of \(owner) is that of the network \(subnet) itself, or its broadcast address"
            problems.add(location, message, hint: "write another address of the network")
            return
        }
    }
}

extension AddressRange {
    /// Whether an address is that of the network as a whole: the first one, and in IPv4 the last one.
    fileprivate func isReserved(_ address: IPAddress) -> Bool {
        // RFC 3021 and RFC 6164: networks of two addresses are links between two machines.
        guard first.bytes.count * 8 - prefixLength > 1 else { return false }
        guard address != first else { return true }
        let suffix = address.bytes.enumerated().allSatisfy { index, byte in
            let bits = max(0, min(8, prefixLength - index * 8))
            return byte | ~UInt8(truncatingIfNeeded: 0xff >> bits) == 0xff || bits == 8
        }
        return !address.isVersion6 && suffix
    }
}
