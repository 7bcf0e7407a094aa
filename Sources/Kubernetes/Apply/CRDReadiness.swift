import Base
import YAML

/// The wait for a CustomResourceDefinition to be served.
///
/// A server lists a kind in discovery once its definition is established and it serves the objects itself. Why discovery is
/// asked, and the definition not watched: docs/decisions/0010-discovery-says-when-definitions-are-served.md.
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
        let start = ContinuousClock.now
        let type = DefinedKind.servedType(of: manifest)
        let isReady = Readiness(of: live, type: manifest.identity.type) == .ready
        // What is known of it may be of a definition that was deleted since.
        if let type, !isReady { client.catalog.forget(type) }
        var answer: Result<Bool, APIError>?
        if isReady { answer = await isListed(type, after: .zero) }
        var known: Node? = live
        // Without a version that is served, only the definition itself can say anything.
        var nextReading = type == nil ? start : start + Self.readingInterval
        var installingSince = isInstalling(live) ? start : nil
        var hasAnnotation = live["metadata"]?["annotations"]?[Self.wakeAnnotation] != nil
        try await retryPolicy.retry(
            .init(.object, subject),
            Backoff(first: Self.firstPause, limit: Self.longestPauses.later) {
                .now < start + .seconds(2) ? Self.longestPauses.first : nil
            },
            pausing: { delay in
                answer = await isListed(type, after: delay)
                return !Task.isCancelled
            },
        ) { () async throws(APIError) in
            let isServed = try isServed(answer)
            if isServed != true, nextReading <= .now {
                nextReading = .now + Self.readingInterval
                known = try await client.find(path, until: retryPolicy.deadline)
                if let known, isInstalling(known) {
                    let begin = installingSince ?? .now
                    installingSince = begin + installationLimit <= .now ? nil : begin
                    if installingSince == nil, await !wakeServer(with: known) { hasAnnotation = true }
                }
            }
            guard let known else { throw .pending("it has been deleted", .transient) }
            switch Readiness(of: known, type: manifest.identity.type) {
            case .failed(let reason): throw .pending("it cannot be established: \(reason)", .permanent)
            case _ where isServed == true: return
            case .ready:
                guard let type, isServed == false else { return }
                throw .pending("discovery does not list \(type) yet", .retry)
            case .waiting(let reason): throw .pending("not established yet: \(reason)", .retry)
            }
        }
        // An update that woke the server, now or in a run that was cut off, has left its annotation.
        if hasAnnotation { try? await update(live, annotations: []) }
    }

    /// The path of the definition.
    private var path: String {
        "\(manifest.identity.type.path)/customresourcedefinitions/\(APIClient.percentEncoded(manifest.identity.name))"
    }

    /// Whether the kind is served, as the last answer says.
    ///
    /// - Returns: `nil` if discovery cannot say it: before it was asked, without a version that is served, or because the user
    ///   may not ask. Then the definition itself says it.
    /// - Throws: What keeps the server from answering.
    private func isServed(_ answer: Result<Bool, APIError>?) throws(APIError) -> Bool? {
        switch answer {
        case nil: return nil
        case .success(let isListed)?: return isListed
        case .failure(.refused(let refusal))? where refusal.code == 403: return nil
        case .failure(let error)?: throw error
        }
    }

    /// Asks whether discovery lists the kind, with the plural of the definition.
    ///
    /// - Parameters:
    ///   - type: The type that is defined; without one only time passes.
    ///   - pause: How long to wait before the server is asked.
    /// - Returns: Whether it does, or why the server does not say so; `nil` if there is nothing to ask for.
    private func isListed(_ type: GroupVersionKind?, after pause: Duration) async -> Result<Bool, APIError>? {
        // What is longer than usual is what the server asked one request to wait.
        let own = pause - Self.longestPauses.later
        if own > .zero, await !sleep(own) { return nil }
        let shared = min(pause, Self.longestPauses.later)
        guard let type, let plural = manifest.root["spec"]?["names"]?["plural"]?.string else {
            _ = await sleep(shared)
            return nil
        }
        do throws(APIError) {
            let deadline = retryPolicy.deadline
            return .success(
                try await client.catalog.isListed(type, plural, on: client, after: shared, until: deadline)
            )
        } catch {
            return .failure(error)
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
    ///
    /// - Returns: Whether it is as before. What the server objects to does not matter: the wait goes on, and says what is
    ///   missing.
    private func wakeServer(with definition: Node) async -> Bool {
        let annotation = Node.mapping([(Self.wakeAnnotation, .string("\(Timestamp.now())"))])
        try? await update(definition, annotations: [("annotations", annotation)])
        return (try? await update(definition, annotations: [])) != nil
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
