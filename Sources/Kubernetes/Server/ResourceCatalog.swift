import Base

/// The resource by which requests address the objects of a kind.
struct APIResource: Sendable, Hashable {
    /// The plural name, such as `daemonsets`.
    var plural: String
    var isNamespaced: Bool
    var hasStatusSubresource = false
    /// The supported verbs, such as `get` and `patch`; empty if the server lists none.
    var verbs: [String] = []

    var isAppliable: Bool { verbs.isEmpty || verbs.contains("patch") }

    /// Whether the verbs are those of a kind whose CustomResourceDefinition is being deleted.
    var isOfDeletedDefinition: Bool { verbs.contains("deletecollection") && !verbs.contains("create") }
}

/// The resources of the server, requested separately for each group and version.
///
/// Discovery of all groups at once would fail if any aggregated API were unavailable.
final class ResourceCatalog: Sendable {
    private typealias Resources = [GroupVersionKind: APIResource]

    private struct State {
        var known: Resources = [:]
        /// The requests in progress, by path.
        var requests: [String: Task<Result<Resources, APIError>, Never>] = [:]
        /// The resources in the last response for each path, with the instant at which the request began.
        var answers: [String: (instant: ContinuousClock.Instant, resources: Resources)] = [:]
    }

    private let state = Locked(State())

    /// The time for which ``serves(_:_:on:until:)`` reuses a response that does not list the kind.
    private static let sharedTime = Duration.milliseconds(100)

    /// Returns the resource of a kind.
    ///
    /// - Throws: A refusal with status 404 if the server does not have the group, the version or the kind, and with
    ///   status 405 if objects of the kind cannot be applied, such as those of kind `Binding` or `TokenReview`.
    func resource(
        of type: GroupVersionKind,
        on client: APIClient,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> APIResource {
        if let resource = state.withLock({ $0.known[type] }), resource.isAppliable { return resource }
        guard let resource = try await resources(inVersionOf: type, on: client, until: deadline)[type] else {
            throw .refused(APIError.Refusal(request: "GET \(type.path)", status: ServerStatus(missing: type)))
        }
        guard resource.isAppliable else {
            let status = ServerStatus(unappliable: type, resource)
            var refusal = APIError.Refusal(request: "GET \(type.path)", status: status)
            if resource.isOfDeletedDefinition { refusal.disposition = .retry }
            throw .refused(refusal)
        }
        return resource
    }

    /// Returns whether discovery lists a kind with the given plural, and objects of the kind can be applied.
    ///
    /// The plural distinguishes two CustomResourceDefinitions of the same kind.
    func serves(
        _ type: GroupVersionKind,
        _ plural: String,
        on client: APIClient,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> Bool {
        func lists(_ found: Resources) -> Bool { found[type].map { $0.plural == plural && $0.isAppliable } ?? false }
        if let answer = state.withLock({ $0.answers[type.path] }) {
            if lists(answer.resources) { return true }
            if answer.instant + Self.sharedTime > .now { return false }
        }
        do throws(APIError) {
            return lists(try await resources(inVersionOf: type, on: client, until: deadline))
        } catch .refused(let refusal) where refusal.status.isUnknownResource {
            return false
        }
    }

    /// Returns a kind in a version that the server has, or `nil` if the server does not have the kind.
    func type(
        of kind: DefinedKind,
        on client: APIClient,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> GroupVersionKind? {
        if let known = state.withLock({ $0.known.keys.first { DefinedKind($0) == kind } }) { return known }
        for version in try await Self.versions(of: kind.group, on: client, until: deadline) {
            let type = GroupVersionKind(group: kind.group, version: version, kind: kind.kind)
            if try await resources(inVersionOf: type, on: client, until: deadline)[type] != nil { return type }
        }
        return nil
    }

    /// Returns the most similar known kind of the same group and version, or `nil` if no kind is similar.
    func nearKind(to type: GroupVersionKind) -> String? {
        let siblings = state.withLock { state in
            state.known.keys.filter { $0.group == type.group && $0.version == type.version }
        }
        return nearestName(to: type.kind, in: siblings.map(\.kind).filter { $0 != type.kind })
    }

    /// Requests the resources of a group and version, or shares the request of another caller.
    private func resources(
        inVersionOf type: GroupVersionKind,
        on client: APIClient,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> Resources {
        while true {
            let request = state.withLock { state in
                if let running = state.requests[type.path] { return running }
                let request = Task { await self.request(type, on: client, until: deadline) }
                state.requests[type.path] = request
                return request
            }
            let result = await withTaskCancellationHandler {
                await request.value
            } onCancel: {
                request.cancel()
            }
            // Another caller was cancelled, which also cancelled the shared request.
            if case .failure(.interrupted) = result, !Task.isCancelled { continue }
            return try result.get()
        }
    }

    private func request(
        _ type: GroupVersionKind,
        on client: APIClient,
        until deadline: ContinuousClock.Instant,
    ) async -> Result<Resources, APIError> {
        let start = ContinuousClock.now
        let result: Result<Resources, APIError>
        do throws(APIError) {
            result = .success(Self.resources(in: try await Self.list(type, on: client, until: deadline), of: type))
        } catch {
            result = .failure(error)
        }
        state.withLock { state in
            state.requests[type.path] = nil
            guard case .success(let found) = result else { return }
            state.known.merge(found) { $1 }
            state.answers[type.path] = (start, found)
        }
        return result
    }

    /// Reads the `APIResourceList` of a group and version.
    ///
    /// - Throws: A refusal with status 404 if the server does not have the group and version.
    private static func list(
        _ type: GroupVersionKind,
        on client: APIClient,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> Node {
        do throws(APIError) {
            let (list, response) = try await client.object("GET", type.path, until: deadline)
            let difference = ForeignReply.difference([
                ("kind", "APIResourceList", list["kind"]), ("groupVersion", type.apiVersion, list["groupVersion"]),
            ])
            if let difference { throw client.foreign(response, difference, "GET \(type.path)") }
            return list
        } catch .refused(let refusal) where refusal.code == 404 {
            // A proxy may have sent the 404, so the list of groups decides.
            guard try await !versions(of: type.group, on: client, until: deadline).contains(type.version) else {
                let words = "'\(client.kubeconfig.address)' answered 404 to \(refusal.request), which it has"
                throw .pending("\(words); \(ForeignReply.advice(from: []))", .retry)
            }
            throw .refused(APIError.Refusal(request: refusal.request, status: ServerStatus(missing: type)))
        }
    }

    /// Returns the versions of an API group in order of preference, or none if the server does not have the group.
    private static func versions(
        of group: String,
        on client: APIClient,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> [String] {
        guard !group.isEmpty else { return ["v1"] }
        let (list, response) = try await client.object("GET", "/apis", until: deadline)
        if let difference = ForeignReply.difference([("kind", "APIGroupList", list["kind"])]) {
            throw client.foreign(response, difference, "GET /apis")
        }
        let found = (list["groups"]?.sequence ?? []).first { $0["name"]?.string == group }
        return (found?["versions"]?.sequence ?? []).compactMap { $0["version"]?.string }
    }

    private static func resources(in list: Node, of type: GroupVersionKind) -> Resources {
        var result: Resources = [:]
        let items = list["resources"]?.sequence ?? []
        let names = Set(items.compactMap { $0["name"]?.string })
        for item in items {
            guard let name = item["name"]?.string, let kind = item["kind"]?.string, ObjectIdentifiers.isKind(name)
            else { continue }
            let type = GroupVersionKind(group: type.group, version: type.version, kind: kind)
            result[type] = APIResource(
                plural: name,
                isNamespaced: item["namespaced"]?.boolean ?? false,
                hasStatusSubresource: names.contains("\(name)/status"),
                verbs: item["verbs"]?.sequence?.compactMap(\.string) ?? [],
            )
        }
        return result
    }
}

extension APIResource {
    /// Returns the path of the collection in a namespace, or in the whole cluster if there is no namespace.
    func collectionPath(of type: GroupVersionKind, namespace: String?) -> String {
        guard isNamespaced, let namespace else { return "\(type.path)/\(plural)" }
        return "\(type.path)/namespaces/\(APIClient.percentEncoded(namespace))/\(plural)"
    }
}
