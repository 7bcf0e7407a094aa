import Base
import YAML

/// The wait for a CustomResourceDefinition to be served.
///
/// A CRD is served when its condition `Established` is true and discovery lists its kind: with several API servers the one
/// comes before the other. A server lists what it serves itself, and one answer is for all definitions of a group and version.
/// A LIST of the objects would say the same, but makes the server prepare their storage and schemas, also of kinds that
/// nobody uses yet: with 20 new definitions on 1.20 each LIST takes 20 to 260 ms.
struct CRDReadiness {
    let client: APIClient
    let retryPolicy: RetryPolicy
    let manifest: ManifestObject
    /// How long the server may install a definition before it is woken: several API servers take five seconds on purpose.
    var installationLimit = Duration.seconds(7)

    private var subject: String { "\(manifest.identity)" }

    /// The first pause, for what takes 26 ms on a server of 1.36 and 63 ms on one of 1.20.
    private static let firstPause = Duration.milliseconds(20)

    /// How long one watch lasts; after it the reason for waiting is reported.
    private static let watchLimit = Duration.seconds(1)

    /// Waits until the server serves the objects of the definition.
    ///
    /// - Parameter live: The definition as the server returned it.
    /// - Throws: ``APIError/pending(_:_:retryAfter:)`` with what is missing when time is up.
    func wait(from live: Node) async throws(APIError) {
        let type = DefinedKind.servedType(of: manifest)
        // What is known of it may be of a definition that was deleted since.
        if let type, Readiness(of: live, type: manifest.identity.type) != .ready { client.catalog.forget(type) }
        try await awaitEstablished(from: live)
        guard let type else { return }
        let backoff = Backoff(first: Self.firstPause)
        try await retryPolicy.retry(subject, backoff, pausing: { await sleep($0) }) { () async throws(APIError) in
            try await checkDiscovery(of: type)
        }
    }

    /// Waits for condition `Established`, watching the definition from the state in which it was returned.
    private func awaitEstablished(from live: Node) async throws(APIError) {
        let collection = "\(manifest.identity.type.path)/customresourcedefinitions"
        let path = "\(collection)/\(APIClient.percentEncoded(manifest.identity.name))"
        var known: Node? = live
        var installingSince: ContinuousClock.Instant?
        try await retryPolicy.retry(
            subject,
            Backoff(first: Self.firstPause),
            pausing: { delay in
                let version = known?["metadata"]?["resourceVersion"]?.string
                known = nil
                guard let version else { return await sleep(delay) }
                let start = WatchStart(
                    collection: collection,
                    name: manifest.identity.name,
                    resourceVersion: version,
                )
                switch await client.nextChange(from: start, limit: Self.watchLimit, until: retryPolicy.deadline) {
                case .changed(let object): known = object
                case .unchanged: break
                case .unavailable: return await sleep(delay)
                }
                return !Task.isCancelled
            },
        ) { () async throws(APIError) in
            if known == nil { known = try await client.find(path, until: retryPolicy.deadline) }
            guard let known else { throw .pending("it has been deleted", .transient) }
            if isInstalling(known) {
                let now = ContinuousClock.now
                let begin = installingSince ?? now
                installingSince = begin + installationLimit <= now ? nil : begin
                if installingSince == nil { await wakeServer(with: known) }
            }
            switch Readiness(of: known, type: manifest.identity.type) {
            case .ready:
                // A run that was cut off after it had woken the server has left its annotation.
                if known["metadata"]?["annotations"]?[Self.wakeAnnotation] != nil {
                    try? await update(known, annotations: [])
                }
            case .waiting(let reason): throw .pending("not established yet: \(reason)", .retry)
            case .failed(let reason): throw .pending("it cannot be established: \(reason)", .permanent)
            }
        }
    }

    /// Whether the server has accepted the names of a definition and is about to serve it.
    private func isInstalling(_ definition: Node) -> Bool {
        let conditions = definition["status"]?["conditions"]?.sequence ?? []
        func status(_ type: String) -> String? {
            conditions.first { $0["type"]?.string == type }?["status"]?.string
        }
        return status("NamesAccepted") == "True" && status("Established") != "True"
    }

    /// Updates a definition twice, so that it is as before, for the sake of the update.
    ///
    /// The server's controller looks only at definitions that are updated. One that was being installed when the API
    /// server ended is therefore never served. A field manager of its own, with one annotation that goes again, leaves
    /// nothing behind that a later apply would see.
    private func wakeServer(with definition: Node) async {
        let annotation = Node.mapping([(Self.wakeAnnotation, .string("\(Timestamp.now())"))])
        for annotations in [[("annotations", annotation)], []] {
            // What the server objects to does not matter: the wait goes on, and says what is missing.
            try? await update(definition, annotations: annotations)
        }
    }

    /// Applies a definition's annotations as the manager that wakes the server.
    private func update(_ definition: Node, annotations: [(String, Node)]) async throws(APIError) {
        guard let uid = definition["metadata"]?["uid"]?.string else { return }
        let path =
            "\(manifest.identity.type.path)/customresourcedefinitions/"
            + APIClient.percentEncoded(manifest.identity.name)
        let metadata = [("name", Node.string(manifest.identity.name)), ("uid", .string(uid))] + annotations
        let body = Node.mapping([
            ("apiVersion", .string(manifest.identity.type.apiVersion)),
            ("kind", .string(manifest.identity.type.kind)), ("metadata", .mapping(metadata)),
        ])
        _ = try await client.object(
            "PATCH",
            path,
            query: [("fieldManager", Self.wakeManager), ("force", "true")],
            body: body.json(),
            until: retryPolicy.deadline,
        )
    }

    /// The field manager and the annotation of updates that only wake the server.
    private static let (wakeManager, wakeAnnotation) = ("nest-bootstrap-wake", "nest-bootstrap/woken-at")

    private func checkDiscovery(of type: GroupVersionKind) async throws(APIError) {
        do throws(APIError) {
            _ = try await client.catalog.resource(of: type, on: client, until: retryPolicy.deadline)
        } catch .refused(let refusal) where [404, 405].contains(refusal.code) {
            // While a definition is deleted, its objects cannot be applied.
            throw .pending("discovery does not list \(type) yet", .retry)
        } catch .refused(let refusal) where refusal.code == 403 {
            // A user who may not ask cannot check; the grace period after a 404 covers the rest.
            return
        }
    }
}

extension Applier {
    /// Waits until the server serves the objects of a CustomResourceDefinition.
    func awaitServed(_ manifest: ManifestObject, _ live: Node) async throws(ObjectFailure) {
        do {
            try await CRDReadiness(client: client, retryPolicy: retryPolicy, manifest: manifest).wait(from: live)
        } catch .pending(let words, _, _) where !Task.isCancelled {
            throw ObjectFailure(
                manifest,
                .other,
                "the definition is on the server, but its objects are not served: \(words)",
                hint: words.contains("is already in use")
                    ? "use other names, or delete the CustomResourceDefinition that has this one, with all its objects"
                    : "see 'kubectl get crd \(manifest.identity.name) -o jsonpath={.status.conditions}'",
            )
        } catch {
            throw await explanation(of: manifest, live: nil).failure(for: error)
        }
    }
}
