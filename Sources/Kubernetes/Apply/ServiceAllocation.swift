import YAML

/// The IP addresses and ports that a Service asks for.
///
/// An interrupted request may leave an address allocated to a Service that was never written. The server notices this
/// after a while; until then it refuses the Service as if another Service had the address.
struct ServiceAllocation {
    let addresses: Set<String>
    let ports: Set<Int>

    /// Reads the addresses and ports of a Service, as requested or as allocated.
    init(_ service: Node) {
        let spec = service["spec"]
        let several = (spec?["clusterIPs"]?.sequence ?? []).compactMap(\.string)
        addresses = Set(several + [spec?["clusterIP"]?.string].compactMap(\.self)).subtracting(["", "None"])
        let nodePorts = (spec?["ports"]?.sequence ?? []).compactMap { $0["nodePort"]?.integer }
        ports = Set(nodePorts + [spec?["healthCheckNodePort"]?.integer].compactMap(\.self)).subtracting([0])
    }

    /// Returns the first Service that has any of the addresses or ports, as `NAMESPACE/NAME`.
    ///
    /// The Service with the given identity is skipped, because an earlier request may have created it.
    func holder(among services: [Node], for identity: ObjectIdentity) -> String? {
        let holder = services.first { service in
            let metadata = service["metadata"]
            if metadata?["name"]?.string == identity.name, metadata?["namespace"]?.string == identity.namespace {
                return false
            }
            let other = Self(service)
            return !addresses.isDisjoint(with: other.addresses) || !ports.isDisjoint(with: other.ports)
        }
        guard let metadata = holder?["metadata"], let name = metadata["name"]?.string else { return nil }
        return "\(metadata["namespace"]?.string ?? "")/\(name)"
    }
}

extension ObjectApplication {
    /// Returns the error for a Service whose address or port is taken: a refusal if another Service has it.
    func allocationError(_ refusal: APIError.Refusal, of identity: ObjectIdentity) async -> APIError {
        let words = "the server answered \(refusal.code): \(refusal.status.line)"
        guard
            let list = try? await applier.client.object(
                "GET",
                "/api/v1/services",
                until: applier.retryPolicy.deadline
            ).node,
            let services = list["items"]?.sequence
        else { return .pending(words, .transient) }
        guard let holder = ServiceAllocation(manifest.root).holder(among: services, for: identity) else {
            return .pending("\(words) (but no Service has it: the server frees it within some minutes)", .retry)
        }
        var refusal = refusal
        for index in refusal.status.causes.indices {
            refusal.status.causes[index].message += ": Service/\(holder) has it"
        }
        return .refused(refusal)
    }
}
