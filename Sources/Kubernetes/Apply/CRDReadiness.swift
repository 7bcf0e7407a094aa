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
    /// How long the server may install a definition before it is woken, and may take after that before it is woken again.
    ///
    /// Several API servers take five seconds on purpose. The times are spread, so that of several agents one is the first.
    var installationLimits = Backoff(first: .seconds(7), limit: .seconds(120), growth: 4, spread: 1)

    private var subject: String { "\(manifest.identity)" }

    /// The first pause, for what takes 26 ms on a server of 1.36 and 63 ms on one of 1.20.
    private static let firstPause = Duration.milliseconds(20)

    /// The longest pauses in the first two seconds, and afterwards; all definitions of a group and version share one request.
    private static let longestPauses = (first: Duration.milliseconds(40), later: Duration.seconds(2))

    /// The definition is read only after the wait has lasted this many replies of discovery for each definition that is waited
    /// for, up to a limit: a server installs one after the other.
    private static let readingPause = (factor: 10, limit: Duration.seconds(30))

    /// Waits until the server serves the objects of the definition.
    ///
    /// - Parameter live: The definition as the server returned it.
    /// - Throws: ``APIError/pending(_:_:retryAfter:)`` with what is missing when time is up.
    func wait(from live: Node) async throws(APIError) {
        let start = ContinuousClock.now
        let catalog = client.catalog
        catalog.awaitedDefinitions.withLock { $0 += 1 }
        defer { catalog.awaitedDefinitions.withLock { $0 -= 1 } }
        let type = DefinedKind.servedType(of: manifest)
        let isReady = Readiness(of: live, type: manifest.identity.type) == .ready
        // The known state may be that of a definition that was deleted since.
        if let type, !isReady { client.catalog.forget(type) }
        var answer: Result<Bool, APIError>?
        if isReady { answer = await isListed(type, after: .zero) }
        var known: Node? = live
        // The definition is read ever less often, to learn why it is not served.
        var readings = Backoff(first: .seconds(1), limit: .seconds(30), spread: 0.3)
        // Without a version that is served, only the definition itself can say anything.
        var nextReading = type == nil ? start : start + readings.next()
        var wakes = Wakes(installationLimits)
        wakes.record(live)
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
            let replyTime = type.map { catalog.replyTime(of: $0) } ?? .zero
            let replies = Self.readingPause.factor * catalog.awaitedDefinitions.withLock { $0 }
            // A server that is slow has not had the time to serve it.
            let quiet = min(replyTime * replies, Self.readingPause.limit)
            if isServed != true, nextReading <= .now, start + quiet <= .now {
                known = try await client.find(path, until: retryPolicy.deadline)
                nextReading = .now + readings.next()
                if let known, let mark = wakes.mark(dueFor: known) { try? await update(known, annotations: [mark]) }
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
        if wakes.leavesAnnotation { try? await update(live, annotations: []) }
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
        // A pause longer than usual is one that the server asked for.
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

    /// The field manager of updates that only wake the server.
    private static let wakeManager = "nest-bootstrap-wake"
}

/// When a server is woken that installs a definition.
///
/// Its controller looks only at definitions that are updated. One that was being installed when the API server ended is
/// therefore never served. An annotation of a field manager of its own, which goes again once the definition is served,
/// leaves nothing behind that a later apply would see.
private struct Wakes {
    /// The annotation of an update that wakes the server.
    static let annotation = "nest-bootstrap/woken-at"

    private var limits: Backoff
    /// When the definition was seen being installed, or woken by anybody.
    private var since: ContinuousClock.Instant?
    private var limit = Duration.zero
    /// The last annotation, also of another agent.
    private var seen: String?
    /// Whether the annotation has to be removed.
    private(set) var leavesAnnotation = false

    init(_ limits: Backoff) {
        self.limits = limits
        limit = self.limits.next()
    }

    /// Records the state of the definition at the beginning; an annotation in it is what a run has left that was cut off.
    mutating func record(_ definition: Node) {
        since = isInstalling(definition) ? .now : nil
        seen = Self.annotation(of: definition)
        leavesAnnotation = seen != nil
    }

    /// Returns the annotations of an update that wakes the server, `nil` if none is due.
    mutating func mark(dueFor definition: Node) -> (String, Node)? {
        guard isInstalling(definition) else {
            since = nil
            return nil
        }
        let annotation = Self.annotation(of: definition)
        if since == nil || annotation != seen {
            // The installation has begun, or another agent has woken the server.
            since = .now
            seen = annotation
        }
        guard let since, since + limit <= .now else { return nil }
        limit = limits.next()
        self.since = .now
        leavesAnnotation = true
        let own = "\(Timestamp.now())"
        seen = own
        return ("annotations", .mapping([(Self.annotation, .string(own))]))
    }

    private static func annotation(of definition: Node) -> String? {
        definition["metadata"]?["annotations"]?[annotation]?.string
    }

    /// Whether the server has accepted the names of a definition and is about to serve it.
    private func isInstalling(_ definition: Node) -> Bool {
        let conditions = definition["status"]?["conditions"]?.sequence ?? []
        func status(_ type: String) -> String? {
            conditions.first { $0["type"]?.string == type }?["status"]?.string
        }
        return status("NamesAccepted") == "True" && status("Established") != "True"
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
