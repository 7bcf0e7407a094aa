import Base
import HTTP
import YAML

/// Kinds that the server does not have.
extension APIClient {
    /// Why waiting for an object is of no use, because the server does not have its kind and never will.
    ///
    /// - Returns: The kind with the right one, `nil` if the server has it, may get it, or does not answer.
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

    /// Why a type that the server does not have is a mistake, and what to write; `nil` if it may have been removed.
    ///
    /// A kind of a CustomResourceDefinition is gone with its definition, and a built-in kind with its last version. It is
    /// misspelt if the server has a similar one in the same group, or the same one in a similar group.
    func mistake(in type: GroupVersionKind, until deadline: ContinuousClock.Instant) async throws(APIError) -> String? {
        let message = ServerStatus(missing: type).message
        let groups = try await groups(until: deadline)
        if let versions = groups[type.group] {
            // A reply that contradicts the list of groups: another server or a proxy answered one of them.
            if versions.contains(type.version), try await !isServed(type, until: deadline) { return nil }
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
            // A group that only other versions of Kubernetes have.
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

    /// The versions of each API group that the server has.
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

    /// Whether the server has a type's group and version.
    private func isServed(
        _ type: GroupVersionKind,
        until deadline: ContinuousClock.Instant
    ) async throws(APIError) -> Bool {
        do throws(APIError) {
            return try await !catalog.types(inVersionOf: type, on: self, until: deadline).isEmpty
        } catch .refused(let refusal) where refusal.code == 404 {
            return false
        }
    }

    /// The types of a group in all its versions, the preferred version last.
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
                // The API of another server, which is down.
            }
        }
        return types
    }
}
