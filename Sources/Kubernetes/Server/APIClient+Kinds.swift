import Base
import HTTP
import YAML

/// Kinds that the server does not have.
extension APIClient {
    /// Returns why waiting for an object is useless, because the server does not have its kind and never will.
    ///
    /// - Returns: A message with the missing kind and a suggestion, or `nil` if the server has the kind, may get it, or
    ///   does not answer.
    public func mistake(in identity: ObjectIdentity, until deadline: ContinuousClock.Instant) async -> String? {
        do throws(APIError) {
            _ = try await catalog.resource(of: identity.type, on: self, until: deadline)
            return nil
        } catch .refused(let refusal) where refusal.status.isUnknownResource {
            return try? await mistake(in: identity.type, until: deadline)
        } catch {
            return nil
        }
    }

    /// Returns whether the server has a type although a reply said that it does not.
    ///
    /// A proxy, a load balancer or another server may have sent that reply, so discovery is queried again. The server
    /// has the type if discovery lists it, or if it lists the group and version but not their kinds.
    func hasKind(_ type: GroupVersionKind, until deadline: ContinuousClock.Instant) async throws(APIError) -> Bool {
        do throws(APIError) {
            let types = try await catalog.types(inVersionOf: type, on: self, until: deadline)
            guard types.isEmpty else { return types.contains(type) }
        } catch .refused(let refusal) where refusal.code == 404 {
            // Either the group does not exist, or this reply is wrong.
        }
        return try await groups(until: deadline)[type.group]?.contains(type.version) == true
    }

    /// Creates the error for a reply that wrongly denies that the server has a kind.
    func contradiction(about type: GroupVersionKind) -> APIError {
        let words =
            "'\(kubeconfig.address)' answered 404, as if it had no kind '\(type.kind)' in '\(type.apiVersion)', which it has"
        return .pending("\(words); \(ForeignReply.advice(from: []))", .retry)
    }

    /// Returns why the use of a type that the server does not have is an error.
    ///
    /// The result is `nil` if the server has the type after all, or if the type may have been removed: a custom kind is
    /// removed together with its CustomResourceDefinition, and a built-in kind with its last version.
    func mistake(in type: GroupVersionKind, until deadline: ContinuousClock.Instant) async throws(APIError) -> String? {
        let message = ServerStatus(missing: type).message
        // The replies contradict each other: another server or a proxy sent one of them.
        if try await hasKind(type, until: deadline) { return nil }
        if let near = catalog.nearKind(to: type) { return "\(message); did you mean 'kind: \(near)'?" }
        guard KubernetesSchemas.own.schema(of: type) == nil else { return nil }
        if let hint = ObjectCheck.versionHint(type) { return "\(message); \(hint)" }
        return KubernetesSchemas.own.kinds(in: type.apiVersion).isEmpty ? nil : message
    }

    /// Returns the versions of each API group on the server.
    func groups(until deadline: ContinuousClock.Instant) async throws(APIError) -> [String: [String]] {
        let (reply, response) = try await object("GET", "/apis", until: deadline)
        if let difference = ForeignReply.Content.difference([("kind", "APIGroupList", reply["kind"])]) {
            throw .foreign(ForeignReply(response, difference, "GET /apis", kubeconfig.address))
        }
        let list = reply["groups"]?.sequence ?? []
        let pairs = list.map { group in
            (
                group["name"]?.string ?? "",
                (group["versions"]?.sequence ?? []).compactMap { $0["version"]?.string }
            )
        }
        return Dictionary(pairs + [("", ["v1"])]) { first, _ in first }
    }
}

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
