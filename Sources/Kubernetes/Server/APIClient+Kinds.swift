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

    /// Returns why the use of a type that the server does not have is an error, and what to write instead.
    ///
    /// The result is `nil` if the server has the type after all, or if the type may have been removed.
    ///
    /// A custom kind is removed together with its CustomResourceDefinition, and a built-in kind with its last version.
    /// A type is misspelt if the server has a similar kind in the same group, or the same kind in a similar group.
    func mistake(in type: GroupVersionKind, until deadline: ContinuousClock.Instant) async throws(APIError) -> String? {
        let message = ServerStatus(missing: type).message
        // The replies contradict each other: another server or a proxy sent one of them.
        if try await hasKind(type, until: deadline) { return nil }
        let groups = try await groups(until: deadline)
        if let versions = groups[type.group] {
            let types = try await types(in: type.group, versions, until: deadline)
            if let served = type.replacement(among: types.filter { $0.kind == type.kind }) {
                return "\(message); it is served as '\(served.apiVersion)'"
            }
            if let near = nearestName(to: type.kind, in: types.map(\.kind)) {
                return "\(message); did you mean 'kind: \(near)'?"
            }
        }
        guard !type.isBuiltIn || RemovedAPI.api(of: type) != nil else {
            guard groups[type.group] == nil else { return message }
            // At least one version of Kubernetes has the group.
            guard !type.isKnownGroup else { return nil }
            let near = nearestName(to: type.group, in: groups.keys.sorted())
            return message + (near.map { "; did you mean group '\($0)'?" } ?? "")
        }
        if let removed = RemovedAPI.api(of: type), let successor = removed.successorVersion {
            return "\(message), which was removed in Kubernetes \(removed.removedIn); it is served as '\(successor)'"
        }
        guard groups[type.group] == nil, let near = nearestName(to: type.group, in: groups.keys.sorted()),
            !near.hasSuffix(".\(type.group)"), !type.group.hasSuffix(".\(near)"), let versions = groups[near],
            let other = try await types(in: near, versions, until: deadline).last(where: { $0.kind == type.kind })
        else { return nil }
        return "\(message); did you mean 'apiVersion: \(other.apiVersion)'?"
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

    /// Returns the types of a group in all its versions, the preferred version last.
    private func types(
        in group: String,
        _ versions: [String],
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> [GroupVersionKind] {
        var types: [GroupVersionKind] = []
        // The server lists the preferred version first.
        for version in versions.reversed() {
            let type = GroupVersionKind(group: group, version: version, kind: "")
            do throws(APIError) {
                types += try await catalog.types(inVersionOf: type, on: self, until: deadline)
            } catch .refused(let refusal) where refusal.code == 503 || refusal.code == 404 {
                // The group belongs to an aggregated API server that is down.
            }
        }
        return types
    }
}
