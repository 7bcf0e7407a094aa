import Base
import YAML

/// The wait for a CustomResourceDefinition to be served.
///
/// A server lists a kind in discovery once the definition is established and that server serves the objects, so
/// discovery is asked. A watch of the definition would say nothing of the other servers, and costs more.
struct CRDReadiness {
    let client: APIClient
    let retryPolicy: RetryPolicy
    let manifest: ManifestObject
    /// The pauses before the server is woken while it installs a definition, and between wake-ups.
    ///
    /// With several API servers, installation deliberately takes five seconds. The pauses are randomised, so that one
    /// of several agents acts first.
    var installationLimits = Backoff(first: .seconds(7), limit: .seconds(120), growth: 4, spread: 1)

    private var subject: String { "\(manifest.identity)" }

    /// The first pause; serving a definition takes 26 ms on a server of 1.36 and 63 ms on one of 1.20.
    private static let firstPause = Duration.milliseconds(20)

    /// The longest pauses in the first two seconds and afterwards.
    ///
    /// All definitions of a group and version share one request.
    private static let longestPauses = (first: Duration.milliseconds(40), later: Duration.seconds(2))

    /// The minimum wait before the definition is read, as a factor and a limit.
    ///
    /// The factor is multiplied by discovery's reply time and the number of awaited definitions, because a server
    /// installs definitions one after the other.
    private static let readingPause = (factor: 10, limit: Duration.seconds(30))

    /// Waits until the server serves the objects of the definition.
    ///
    /// - Parameter live: The definition as the server returned it.
    /// - Throws: ``APIError/pending(_:_:retryAfter:)`` that names what is still missing at the deadline.
    func wait(from live: Node) async throws(APIError) {
        let start = ContinuousClock.now
        let catalog = client.catalog
        catalog.awaitedDefinitions.withLock { $0 += 1 }
        defer { catalog.awaitedDefinitions.withLock { $0 -= 1 } }
        let type = DefinedKind.servedType(of: manifest)
        let isReady = Readiness(of: live, type: manifest.identity.type) == .ready
        // The catalog's entry may belong to a definition that has been deleted since.
        if let type, !isReady { client.catalog.forget(type) }
        var answer: Result<Bool, APIError>?
        if isReady { answer = await isListed(type, after: .zero) }
        var known: Node? = live
        // The definition is read at increasing intervals, to find out why it is not served.
        var readings = Backoff(first: .seconds(1), limit: .seconds(30), spread: 0.3)
        // If no version is served, only the definition itself shows its state.
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
            // A slow server may not have had time to serve the kind.
            let quiet = min(replyTime * replies, Self.readingPause.limit)
            if isServed != true, nextReading <= .now, start + quiet <= .now {
                known = try await client.find(path, until: retryPolicy.deadline)
                nextReading = .now + readings.next()
                if let known, let mark = wakes.mark(dueFor: known) { try? await update(known, annotations: [mark]) }
            }
            guard let known else { throw .pending("it has been deleted", .transient) }
            switch Readiness(of: known, type: manifest.identity.type) {
            case .failed(let reason): throw .pending("it cannot be established: \(reason)", .transient)
            case _ where isServed == true: return
            case .ready:
                guard let type, isServed == false else { return }
                throw .pending("discovery does not list \(type) yet", .retry)
            case .waiting(let reason): throw .pending("not established yet: \(reason)", .retry)
            }
        }
        // An update that woke the server, in this run or an interrupted one, has left its annotation.
        if wakes.leavesAnnotation { try? await update(live, annotations: []) }
    }

    /// The definition's path on the server.
    private var path: String {
        "\(manifest.identity.type.path)/customresourcedefinitions/\(APIClient.percentEncoded(manifest.identity.name))"
    }

    /// Returns whether the kind is served according to the last answer.
    ///
    /// - Returns: `nil` if discovery gives no answer: it has not been asked, no version is served, or the user may not
    ///   ask. The definition itself then decides.
    /// - Throws: The error of the last request, unless the server refused it with 403.
    private func isServed(_ answer: Result<Bool, APIError>?) throws(APIError) -> Bool? {
        switch answer {
        case nil: return nil
        case .success(let isListed)?: return isListed
        case .failure(.refused(let refusal))? where refusal.code == 403: return nil
        case .failure(let error)?: throw error
        }
    }

    /// Asks whether discovery lists the kind with the plural name in the definition.
    ///
    /// - Parameters:
    ///   - type: The defined type; if `nil`, only the pause takes place.
    ///   - pause: The pause before the server is asked.
    /// - Returns: Whether the kind is listed, or the error of the request; `nil` if there is no type or the pause was
    ///   cancelled.
    private func isListed(_ type: GroupVersionKind?, after pause: Duration) async -> Result<Bool, APIError>? {
        // A pause longer than the usual maximum was requested by the server.
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

    /// Applies annotations to a definition as the field manager that wakes the server.
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

/// The schedule of updates that wake a server while it installs a definition.
///
/// The server's controller looks only at updated definitions. A definition that was being installed when the API server
/// ended is therefore never served. The update sets an annotation as a separate field manager. The annotation is
/// removed once the definition is served, so a later apply finds no trace of it.
private struct Wakes {
    /// The annotation of an update that wakes the server.
    static let annotation = "nest-bootstrap/woken-at"

    private var limits: Backoff
    /// The instant at which the definition was first seen being installed, or any agent last woke the server.
    private var since: ContinuousClock.Instant?
    private var limit = Duration.zero
    /// The last annotation seen, possibly from another agent.
    private var seen: String?
    /// Whether the annotation has to be removed.
    private(set) var leavesAnnotation = false

    init(_ limits: Backoff) {
        self.limits = limits
        limit = self.limits.next()
    }

    /// Records the initial state of the definition; an annotation in it was left by an interrupted run.
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

    /// Returns whether the server has accepted the names of a definition but has not established it yet.
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
            let subject = "the definition is on the server, but its objects are not served: \(words)"
            throw ObjectFailure(
                manifest,
                .other,
                subject,
                hint: "see 'kubectl get crd \(manifest.identity.name) -o jsonpath={.status.conditions}'",
            )
        } catch {
            throw explanation(of: manifest, live: nil).failure(for: error)
        }
    }
}
