import YAML

/// Finds kinds on the server, and requests the server's groups and each version of a group only once.
struct KindSearch {
    let client: APIClient
    /// The instant after which the search is given up.
    let deadline: ContinuousClock.Instant

    private var groups: [String: [String]]?
    /// The types by the path of their group and version.
    private var types: [String: Set<GroupVersionKind>] = [:]

    init(_ client: APIClient, until deadline: ContinuousClock.Instant) {
        (self.client, self.deadline) = (client, deadline)
    }

    /// Returns the type in which the server has a kind, or `nil` if the server does not have the kind.
    ///
    /// - Parameters:
    ///   - kind: The kind.
    ///   - type: The type to use if the server has it.
    /// - Returns: The preferred type, or else the type in the version that the server prefers.
    /// - Throws: ``APIError`` if the server does not answer, for example because an aggregated API is down.
    mutating func type(
        of kind: DefinedKind,
        preferring type: GroupVersionKind?
    ) async throws(APIError) -> GroupVersionKind? {
        if let type, try await isKnown(type) { return type }
        let groups: [String: [String]]
        if let known = self.groups { groups = known } else { groups = try await client.groups(until: deadline) }
        self.groups = groups
        for version in groups[kind.group] ?? [] {
            let type = GroupVersionKind(group: kind.group, version: version, kind: kind.kind)
            if try await types(inVersionOf: type).contains(type) { return type }
        }
        return nil
    }

    /// Returns whether the server has a type; the answer is already known if an object of the type was applied.
    private func isKnown(_ type: GroupVersionKind) async throws(APIError) -> Bool {
        do throws(APIError) {
            _ = try await client.catalog.resource(of: type, on: client, until: deadline)
            return true
        } catch .refused(let refusal) where refusal.status.isUnknownResource {
            return false
        }
    }

    private mutating func types(inVersionOf type: GroupVersionKind) async throws(APIError) -> Set<GroupVersionKind> {
        if let known = types[type.path] { return known }
        // A refused version that the server lists may still exist, so the refusal is not kept for the next search.
        let found = Set(try await client.catalog.types(inVersionOf: type, on: client, until: deadline))
        types[type.path] = found
        return found
    }
}
