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

    /// Returns whether the server has a type after all, although a reply said that it does not.
    ///
    /// A proxy, a load balancer or another server may have sent that reply. Discovery is asked again: it lists the type, or the
    /// server lists the group and version of which it does not list the kinds.
    func hasKind(_ type: GroupVersionKind, until deadline: ContinuousClock.Instant) async throws(APIError) -> Bool {
        do throws(APIError) {
            let types = try await catalog.types(inVersionOf: type, on: self, until: deadline)
            guard types.isEmpty else { return types.contains(type) }
        } catch .refused(let refusal) where refusal.code == 404 {
            // Not even the group, or only this reply.
        }
        return try await groups(until: deadline)[type.group]?.contains(type.version) == true
    }

    /// The error of a request for an object of a kind that the server has, although a reply says that it does not.
    func contradiction(about type: GroupVersionKind) -> APIError {
        let words =
            "'\(kubeconfig.address)' answered 404, as if it had no kind '\(type.kind)' in '\(type.apiVersion)', which it has"
        return .pending("\(words); \(ForeignReply.advice(from: []))", .retry)
    }

    /// Why a type that the server does not have is a mistake, and what to write; `nil` if it may have been removed.
    ///
    /// A kind of a CustomResourceDefinition is gone with its definition, and a built-in kind with its last version. It is
    /// misspelt if the server has a similar one in the same group, or the same one in a similar group.
    func mistake(in type: GroupVersionKind, until deadline: ContinuousClock.Instant) async throws(APIError) -> String? {
        let message = ServerStatus(missing: type).message
        // A reply that contradicts others: another server or a proxy answered one of them.
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
