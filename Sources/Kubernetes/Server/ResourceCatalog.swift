import Base
import YAML

/// A resource of the server: how a kind is addressed in paths.
struct APIResource: Sendable, Hashable {
    /// The plural name, such as `daemonsets`.
    var plural: String
    /// Whether objects of the resource belong to namespaces.
    var isNamespaced: Bool
    /// Whether objects of the resource have a status subresource, which only controllers write.
    var hasStatusSubresource = false
    /// The verbs that the resource supports: `get`, `list`, `patch` and so on; empty if the server lists none.
    var verbs: [String] = []

    /// Whether objects of the resource can be applied.
    var isAppliable: Bool { verbs.isEmpty || verbs.contains("patch") }

    /// Whether the server only lets objects of the resource end, because it deletes their CustomResourceDefinition.
    var isOfDeletedDefinition: Bool { verbs.contains("deletecollection") && !verbs.contains("create") }
}

/// The resources of the server, fetched one group and version at a time.
///
/// Full discovery fails if any aggregated API is down, so only the groups that are used are requested.
final class ResourceCatalog: Sendable {
    private typealias Resources = [GroupVersionKind: APIResource]

    private let known = Locked<Resources>([:])
    private let requests = SharedRequests<String, Resources>()
    /// Requests that are made after a pause.
    private let delayedRequests = SharedRequests<String, Resources>()
    /// The time that the last request of ``isListed(_:_:on:after:until:)`` took, by path.
    private let replyTimes = Locked<[String: Duration]>([:])

    /// The paths of collections whose metadata the server has refused to list.
    let unlistedCollections = Locked<Set<String>>([])

    /// The number of definitions that tasks are waiting for the server to serve.
    let awaitedDefinitions = Locked(0)

    /// The shortest next pause as a multiple of the last reply time, up to a limit, because a slow server should get
    /// fewer requests.
    private static let slowedPause = (factor: 2, limit: Duration.seconds(3))

    /// Returns the resource of a kind.
    ///
    /// - Throws: A refusal with status 404 if the server does not have the group, the version or the kind, and with 405
    ///   if its objects cannot be applied, such as objects of kind `Binding` and reviews.
    func resource(
        of type: GroupVersionKind,
        on client: APIClient,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> APIResource {
        if let resource = known.withLock({ $0[type] }), resource.isAppliable { return resource }
        let found = try await requests.answer(for: type.path) { () async throws(APIError) in
            // The answer to another caller's request may have arrived since.
            if let resource = known.withLock({ $0[type] }), resource.isAppliable { return [type: resource] }
            let list = try await Self.list(type, on: client, until: deadline)
            let found = Self.resources(in: list, of: type)
            known.withLock { $0.merge(found) { _, new in new } }
            return found
        }
        // The shared request may have been made for another kind of the group, and answered from the known resources.
        guard let resource = found[type] ?? known.withLock({ $0[type] }) else {
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

    /// Returns whether the server lists a kind, and asks the server only if that is not known.
    ///
    /// - Parameters:
    ///   - type: The kind.
    ///   - plural: The expected plural name, which distinguishes two definitions of the same kind.
    ///   - client: The server.
    ///   - pause: The pause before the request, longer if the server was slow. Callers that wait for the same group and
    ///     version share the pause and the request.
    ///   - deadline: The instant at which the request is given up.
    /// - Returns: Whether the kind is listed and its objects can be applied; `false` while its definition is being
    ///   deleted.
    /// - Throws: ``APIError`` if the server does not answer.
    func isListed(
        _ type: GroupVersionKind,
        _ plural: String,
        on client: APIClient,
        after pause: Duration,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> Bool {
        func isServed(_ resource: APIResource?) -> Bool { resource?.plural == plural && resource?.isAppliable == true }
        if isServed(known.withLock({ $0[type] })) { return true }
        let requests = pause > .zero ? delayedRequests : requests
        do throws(APIError) {
            let found = try await requests.answer(for: type.path) { () async throws(APIError) in
                if pause > .zero {
                    let reply = replyTimes.withLock { $0[type.path] } ?? .zero
                    let slowed = max(pause, min(reply * Self.slowedPause.factor, Self.slowedPause.limit))
                    // Leaves time for one more attempt.
                    let longest = max(pause, deadline - .now - .seconds(1))
                    if await !sleep(min(slowed, longest)) { throw .interrupted }
                }
                let begin = ContinuousClock.now
                let list = try await Self.list(type, on: client, until: deadline)
                replyTimes.withLock { $0[type.path] = begin.duration(to: .now) }
                let found = Self.resources(in: list, of: type)
                known.withLock { $0.merge(found) { _, new in new } }
                return found
            }
            return isServed(found[type])
        } catch .refused(let refusal) where refusal.code == 404 {
            return false
        }
    }

    /// Returns the time that the server last took to list the kinds of a group and version; zero if never asked.
    func replyTime(of type: GroupVersionKind) -> Duration { replyTimes.withLock { $0[type.path] } ?? .zero }

    /// Forgets the resource of a kind, so that the server is asked again.
    func forget(_ type: GroupVersionKind) {
        known.withLock { $0[type] = nil }
    }

    /// Returns all types in the group and version of a type.
    func types(
        inVersionOf type: GroupVersionKind,
        on client: APIClient,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> [GroupVersionKind] {
        let found = Self.resources(in: try await Self.list(type, on: client, until: deadline), of: type)
        known.withLock { $0.merge(found) { _, new in new } }
        return found.keys.sorted { $0.kind < $1.kind }
    }

    /// Reads the resources of a group and version.
    ///
    /// - Throws: A refusal with status 404 if the server does not have the group and version;
    ///   ``APIError/foreign(_:)`` if the reply is not a resource list, which would hide every kind of the group.
    private static func list(
        _ type: GroupVersionKind,
        on client: APIClient,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> Node {
        do throws(APIError) {
            let (list, response) = try await client.object("GET", type.path, until: deadline)
            let difference = ForeignReply.Content.difference([
                ("kind", "APIResourceList", list["kind"]), ("groupVersion", type.apiVersion, list["groupVersion"]),
            ])
            if let difference {
                let address = client.kubeconfig.address
                throw .foreign(ForeignReply(response, difference, "GET \(type.path)", address))
            }
            return list
        } catch .refused(let refusal) where refusal.code == 404 {
            // The reply is plain text that does not name the missing resource.
            throw .refused(APIError.Refusal(request: refusal.request, status: ServerStatus(missing: type)))
        }
    }

    /// Returns the kind of the same group and version with the name most similar to a missing kind.
    func nearKind(to type: GroupVersionKind) -> String? {
        let siblings = known.withLock { $0.keys.filter { $0.group == type.group && $0.version == type.version } }
        return nearestName(to: type.kind, in: siblings.map(\.kind).filter { $0 != type.kind })
    }

    private static func resources(in list: Node, of type: GroupVersionKind) -> Resources {
        var result: Resources = [:]
        let items = list["resources"]?.sequence ?? []
        let names = Set(items.compactMap { $0["name"]?.string })
        for item in items {
            guard let name = item["name"]?.string, let kind = item["kind"]?.string, ObjectIdentifiers.isKind(name)
            else {
                continue
            }
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
    /// Returns the path of the collection that an object belongs to.
    func collectionPath(of type: GroupVersionKind, namespace: String?) -> String {
        guard isNamespaced, let namespace else { return "\(type.path)/\(plural)" }
        return "\(type.path)/namespaces/\(APIClient.percentEncoded(namespace))/\(plural)"
    }

    func path(of identity: ObjectIdentity) -> String {
        let name = APIClient.percentEncoded(identity.name)
        return "\(collectionPath(of: identity.type, namespace: identity.namespace))/\(name)"
    }
}
