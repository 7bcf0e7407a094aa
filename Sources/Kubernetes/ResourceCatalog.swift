import Locking
import YAML

/// What the server calls a kind in its paths.
struct APIResource: Sendable, Hashable {
    /// The plural name, such as `daemonsets`.
    var plural: String
    /// Whether its objects live in namespaces.
    var isNamespaced: Bool
    /// Whether the status of its objects is written apart from them, by their controllers alone.
    var hasStatus: Bool
    /// What may be done with its objects: `get`, `list`, `patch` and so on; empty if the server does not say.
    var verbs: [String]

    /// Whether there are objects of it that could be applied.
    var isAppliable: Bool { verbs.isEmpty || verbs.contains("patch") }
}

/// Which resources the server has, asked one group and version at a time.
///
/// Full discovery fails when any aggregated API is down; a group that nobody uses cannot hurt here.
final class ResourceCatalog: Sendable {
    private let known = Locked<[GroupVersionKind: APIResource]>([:])

    /// Returns the resource of a kind.
    ///
    /// - Throws: A refusal with status 404 if the server does not have the group, the version or the kind, and with 405 if
    ///   it keeps no objects of the kind, as of `Binding` and of reviews.
    func resource(
        of type: GroupVersionKind,
        on client: APIClient,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> APIResource {
        if let resource = known.withLock({ $0[type] }), resource.isAppliable { return resource }
        let list = try await client.object("GET", type.path, until: deadline).node
        let found = Self.resources(in: list, of: type)
        known.withLock { $0.merge(found) { _, new in new } }
        guard let resource = found[type] else {
            throw .refused(APIError.Refusal(request: "GET \(type.path)", status: ServerStatus(missing: type)))
        }
        guard resource.isAppliable else {
            let status = ServerStatus(unappliable: type, verbs: resource.verbs)
            throw .refused(APIError.Refusal(request: "GET \(type.path)", status: status))
        }
        return resource
    }

    /// The kind of the same group and version whose name is nearest to a kind that the server does not have.
    func nearKind(to type: GroupVersionKind) -> String? {
        let siblings = known.withLock { $0.keys.filter { $0.group == type.group && $0.version == type.version } }
        return nearestName(to: type.kind, in: siblings.map(\.kind).filter { $0 != type.kind })
    }

    private static func resources(in list: Node, of type: GroupVersionKind) -> [GroupVersionKind: APIResource] {
        var result: [GroupVersionKind: APIResource] = [:]
        let items = list["resources"]?.sequence ?? []
        let names = Set(items.compactMap { $0["name"]?.string })
        for item in items {
            guard let name = item["name"]?.string, let kind = item["kind"]?.string, !name.contains("/") else {
                continue
            }
            let type = GroupVersionKind(group: type.group, version: type.version, kind: kind)
            result[type] = APIResource(
                plural: name,
                isNamespaced: item["namespaced"]?.boolean ?? false,
                hasStatus: names.contains("\(name)/status"),
                verbs: item["verbs"]?.sequence?.compactMap(\.string) ?? [],
            )
        }
        return result
    }
}

extension APIClient {
    /// The versions in which the server has a group, the preferred first; none if it does not have the group.
    func servedVersions(of group: String, until deadline: ContinuousClock.Instant) async -> [String] {
        guard !group.isEmpty else { return ["v1"] }
        let node = try? await object("GET", "/apis/\(group)", until: deadline).node
        return (node?["versions"]?.sequence ?? []).compactMap { $0["version"]?.string }
    }
}

extension APIResource {
    /// The path of the collection that an object belongs to.
    func collectionPath(of type: GroupVersionKind, namespace: String?) -> String {
        guard isNamespaced, let namespace else { return "\(type.path)/\(plural)" }
        return "\(type.path)/namespaces/\(APIClient.percentEncoded(namespace))/\(plural)"
    }

    /// The path of an object.
    func path(of identity: ObjectIdentity) -> String {
        let name = APIClient.percentEncoded(identity.name)
        return "\(collectionPath(of: identity.type, namespace: identity.namespace))/\(name)"
    }
}
