import Base
import YAML

/// Kinds of the server, and lists of their objects.
extension Pruner {
    /// A kind of the server.
    struct ServedKind: Sendable {
        var type: GroupVersionKind
        var resource: APIResource
    }

    /// How many lists are requested at a time.
    private static let concurrentListLimit = 16

    /// Finds kinds on the server; a kind that lives on in another group is found there.
    ///
    /// - Parameter kinds: The kinds.
    /// - Returns: Those that the server has.
    /// - Throws: ``ObjectFailure`` if the server does not say which it has.
    func serve(_ kinds: Set<DefinedKind>) async throws(ObjectFailure) -> [DefinedKind: ServedKind] {
        let pairs = manifests.map { (DefinedKind($0.identity.type), $0.identity.type) }
        let written = Dictionary(pairs) { first, _ in first }
        var served: [DefinedKind: ServedKind] = [:]
        var asked: DefinedKind?
        do throws(APIError) {
            try await retryPolicy.retry(parentSubject) { () async throws(APIError) in
                var search = KindSearch(client, until: retryPolicy.deadline)
                let missing = kinds.filter { served[$0] == nil }.sorted { $0.text < $1.text }
                for kind in missing {
                    asked = kind
                    served[kind] = try await serve(kind, as: written[kind], &search)
                }
                let absent = missing.first { served[$0] == nil }
                // A server that has just started may not know all kinds yet.
                guard let absent, !isDryRun else { return }
                throw .pending("the server has no kind '\(absent.text)'", .transient)
            }
        } catch .pending {
            return served
        } catch {
            let kind = asked ?? DefinedKind(set.parent.type)
            let type = written[kind] ?? GroupVersionKind(group: kind.group, version: "", kind: kind.kind)
            throw await listFailure(error, of: type, in: nil)
        }
        return served
    }

    private func serve(
        _ kind: DefinedKind,
        as type: GroupVersionKind?,
        _ search: inout KindSearch
    ) async throws(APIError) -> ServedKind? {
        var found = try await search.type(of: kind, preferring: type)
        // What the manifests contain has been applied as they write it.
        if found == nil, type == nil, let successor = RemovedAPI.successor(of: kind) {
            found = try await search.type(of: successor, preferring: nil)
        }
        guard let found else { return nil }
        let resource = try await client.catalog.resource(of: found, on: client, until: retryPolicy.deadline)
        return ServedKind(type: found, resource: resource)
    }

    /// Lists all objects with the label.
    ///
    /// - Parameters:
    ///   - kinds: Their kinds.
    ///   - namespaces: Their namespaces, in addition to that of the parent.
    ///   - passesOverAbsent: Whether a kind counts as one without objects if it has been removed from the server.
    /// - Returns: The objects; one that the server has in two groups is there twice.
    /// - Throws: ``ObjectFailure`` if not all of them can be read.
    func list(
        _ kinds: [ServedKind],
        in namespaces: Set<String>,
        passingOverAbsent passesOverAbsent: Bool = false
    ) async throws(ObjectFailure) -> [ApplySetMember] {
        var requests: [(kind: ServedKind, namespace: String?)] = []
        for kind in kinds {
            let places = kind.resource.isNamespaced ? namespaces.union([ApplySet.namespace]).map(Optional.some) : [nil]
            requests += places.map { (kind, $0) }
        }
        // Declared outside the group for the reason given in `Rollout.pause`.
        var all: [ApplySetMember] = []
        var failures: [ObjectFailure] = []
        await withTaskGroup(of: Result<[ApplySetMember], ObjectFailure>.self) { group in
            var remaining = requests.makeIterator()
            func start() {
                guard let request = remaining.next() else { return }
                group.addTask { await members(of: request.kind, in: request.namespace, passesOverAbsent) }
            }
            for _ in 0..<Self.concurrentListLimit { start() }
            for await result in group {
                switch result {
                case .success(let found): all += found
                case .failure(let failure): failures.append(failure)
                }
                if failures.isEmpty { start() }
            }
        }
        if let failure = failures.min(by: { "\($0.object)" < "\($1.object)" }) { throw failure }
        return all
    }

    private func members(
        of kind: ServedKind,
        in namespace: String?,
        _ passesOverAbsent: Bool
    ) async -> Result<[ApplySetMember], ObjectFailure> {
        let path = kind.resource.collectionPath(of: kind.type, namespace: namespace)
        do throws(APIError) {
            // One subject for all lists, so that a server that is away is one line.
            let items = try await retryPolicy.retry(.init(.condition, "the lists of its objects")) {
                () async throws(APIError) -> [Node] in
                do throws(APIError) {
                    return try await client.metadata(
                        of: path,
                        labelled: "\(ApplySet.memberLabel)=\(set.id)",
                        until: retryPolicy.deadline
                    )
                } catch .refused(let refusal) where refusal.code == 404 && passesOverAbsent {
                    return []
                }
            }
            return .success(
                items.compactMap { item in
                    guard let name = item["metadata"]?["name"]?.string else { return nil }
                    let namespace = item["metadata"]?["namespace"]?.string
                    let identity = ObjectIdentity(type: kind.type, namespace: namespace, name: name)
                    return ApplySetMember(identity: identity, object: item)
                }
            )
        } catch {
            return .failure(await listFailure(error, of: kind.type, in: namespace))
        }
    }

    private func listFailure(
        _ error: APIError,
        of type: GroupVersionKind,
        in namespace: String?
    ) async -> ObjectFailure {
        let identity = ObjectIdentity(type: type, namespace: namespace, name: "*")
        return await explanation(of: placeholder(identity), .listing).failure(for: error)
    }
}
