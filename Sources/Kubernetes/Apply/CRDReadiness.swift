import Base
import YAML

/// The wait for a CustomResourceDefinition to be served.
///
/// A server lists a kind in discovery once its definition is established and it serves the objects itself, so that one answer
/// is for all definitions of a group and version. Watches of the definitions say the same for one at a time, with the whole
/// definition in each event. A LIST of the objects makes the server prepare their storage and schemas, also of kinds that
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

    /// The longest pause in the first two seconds and after them; all definitions of a group and version share one request.
    private static let longestPauses = (first: Duration.milliseconds(40), later: Duration.milliseconds(250))

    /// How often the definition is read to learn why it is not served.
    private static let readingInterval = Duration.seconds(1)

    /// Waits until the server serves the objects of the definition.
    ///
    /// - Parameter live: The definition as the server returned it.
    /// - Throws: ``APIError/pending(_:_:retryAfter:)`` with what is missing when time is up.
    func wait(from live: Node) async throws(APIError) {
        let isReady = Readiness(of: live, type: manifest.identity.type) == .ready
        let type = DefinedKind.servedType(of: manifest)
        // What is known of it may be of a definition that was deleted since.
        if let type, !isReady { client.catalog.forget(type) }
        let start = ContinuousClock.now
        var pause = isReady ? .zero : Self.firstPause
        var (known, nextReading) = (live, start + Self.readingInterval)
        var installingSince: ContinuousClock.Instant?
        try await retryPolicy.retry(
            subject,
            Backoff(first: Self.firstPause, limit: Self.longestPauses.later) {
                .now < start + .seconds(2) ? Self.longestPauses.first : nil
            },
            pausing: { delay in
                pause = delay
                return !Task.isCancelled
            },
        ) { () async throws(APIError) in
            let isListed = try await isListed(type, after: pause)
            if !isListed, nextReading <= .now {
                nextReading = .now + Self.readingInterval
                known = try await read()
                if isInstalling(known) {
                    let now = ContinuousClock.now
                    let begin = installingSince ?? now
                    installingSince = begin + installationLimit <= now ? nil : begin
                    if installingSince == nil { await wakeServer(with: known) }
                }
            }
            switch Readiness(of: known, type: manifest.identity.type) {
            case .failed(let reason): throw .pending("it cannot be established: \(reason)", .permanent)
            case _ where isListed: return
            case .ready:
                guard let type else { return }
                throw .pending("discovery does not list \(type) yet", .retry)
            case .waiting(let reason): throw .pending("not established yet: \(reason)", .retry)
            }
        }
        // A run that was cut off after it had woken the server has left its annotation.
        if live["metadata"]?["annotations"]?[Self.wakeAnnotation] != nil { try? await update(live, annotations: []) }
    }

    /// The path of the definition.
    private var path: String {
        "\(manifest.identity.type.path)/customresourcedefinitions/\(APIClient.percentEncoded(manifest.identity.name))"
    }

    /// Reads the definition.
    private func read() async throws(APIError) -> Node {
        guard let definition = try await client.find(path, until: retryPolicy.deadline) else {
            throw .pending("it has been deleted", .transient)
        }
        return definition
    }

    /// Whether discovery lists the kind.
    ///
    /// - Parameters:
    ///   - type: The type that is defined; without one, because no version is served, nothing can be listed.
    ///   - pause: How long to wait before the server is asked.
    /// - Returns: Whether it does, or that there is nobody to ask: the grace period after a 404 covers that.
    /// - Throws: What keeps the server from answering.
    private func isListed(_ type: GroupVersionKind?, after pause: Duration) async throws(APIError) -> Bool {
        guard let type, let plural = manifest.root["spec"]?["names"]?["plural"]?.string else {
            _ = await sleep(pause)
            return false
        }
        do throws(APIError) {
            let resource = try await client.catalog.resource(
                of: type,
                on: client,
                after: pause,
                until: retryPolicy.deadline,
            )
            return resource.plural == plural
        } catch .refused(let refusal) where [404, 405].contains(refusal.code) {
            // While a definition is deleted, its objects cannot be applied.
            return false
        } catch .refused(let refusal) where refusal.code == 403 {
            // A user who may not ask cannot check.
            return true
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
