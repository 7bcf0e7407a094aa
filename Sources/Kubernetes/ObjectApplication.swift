import HTTP
import YAML

/// The applying of one object: find its resource, read what is there, send it, tell what changed.
struct ObjectApplication {
    let applier: Applier
    let manifest: Manifest

    /// What became of the object.
    struct Result {
        var identity: ObjectIdentity
        var change: Applier.Change
        var fields: [String] = []
    }

    private var client: APIClient { applier.client }
    private var deadline: ContinuousClock.Instant { applier.patience.deadline }

    /// Applies the object, as often as its errors promise anything.
    func run() async throws(ObjectFailure) -> Result {
        var live: Node?
        do {
            let result = try await applier.patience.persist("\(manifest.identity)") { () async throws(APIError) in
                try await attempt(&live)
            }
            applier.prophecy?.foretell(manifest)
            return result
        } catch {
            throw await Explanation(applier: applier, manifest: manifest, live: live).failure(for: error)
        }
    }

    /// Makes one attempt; what was on the server is kept for explaining a refusal.
    private func attempt(_ live: inout Node?) async throws(APIError) -> Result {
        var identity = manifest.identity
        do {
            let resource = try await client.catalog.resource(of: identity.type, on: client, until: deadline)
            if resource.isNamespaced { identity.namespace = identity.namespace ?? client.kubeconfig.namespace }
            let path = resource.path(of: identity)
            live = try await client.find(path, until: deadline)
            let namespace = resource.isNamespaced ? identity.namespace : nil
            let body = applier.ownership.mark(manifest.root, namespace: namespace).json()
            guard let live else {
                tellWarnings(of: try await send(body, to: path, isDryRun: applier.prophecy != nil).response)
                return Result(identity: identity, change: .created)
            }
            return try await bring(live, of: identity, at: path, to: body)
        } catch .refused(let refusal)
            where refusal.code == 404 && applier.prophecy?.covers(identity) == true
        {
            return Result(identity: identity, change: .created)
        }
    }

    /// Changes an object that is on the server, if there is anything to change.
    ///
    /// The server is asked first: a write that changes nothing may still move the resource version, as on server 1.20
    /// for a CRD with a field that the server drops, and every move wakes whoever watches.
    private func bring(
        _ live: Node,
        of identity: ObjectIdentity,
        at path: String,
        to body: [UInt8],
    ) async throws(APIError) -> Result {
        let answer = try await foresee(body, at: path)
        if let answer {
            let difference = Difference(from: live, to: answer)
            if difference.fields.isEmpty, Ownership.fields(in: live) == Ownership.fields(in: answer) {
                return Result(identity: identity, change: .unchanged)
            }
            guard applier.prophecy == nil else {
                let lines = difference.lines(masked: identity.type.kind == "Secret")
                return Result(identity: identity, change: lines.isEmpty ? .unchanged : .configured, fields: lines)
            }
        }
        let reply = try await send(body, to: path, isDryRun: false)
        if answer == nil { tellWarnings(of: reply.response) }
        return Result(identity: identity, change: .configured)
    }

    /// Asks what the object would become, `nil` if an admission webhook cannot be asked without a write.
    private func foresee(_ body: [UInt8], at path: String) async throws(APIError) -> Node? {
        do {
            let reply = try await send(body, to: path, isDryRun: true)
            tellWarnings(of: reply.response)
            return reply.node
        } catch .refused(let refusal)
            where applier.prophecy == nil && refusal.code == 400 && refusal.message.contains("dry run")
        {
            return nil
        }
    }

    private func send(
        _ body: [UInt8],
        to path: String,
        isDryRun: Bool,
    ) async throws(APIError) -> (node: Node, response: HTTPResponse) {
        var query = [("fieldManager", Ownership.manager), ("fieldValidation", "Strict")]
        if applier.takesOver { query.append(("force", "true")) }
        if isDryRun { query.append(("dryRun", "All")) }
        return try await client.object("PATCH", path, query: query, body: body, until: deadline)
    }

    /// Passes on the `Warning:` headers; their form is `299 - "text"` (RFC 9111, section 5.5).
    private func tellWarnings(of response: HTTPResponse) {
        for value in response.values(of: "warning") {
            guard let open = value.firstIndex(of: "\""), let close = value.lastIndex(of: "\""), open < close else {
                applier.say(.warning(manifest.identity, value))
                continue
            }
            let text = value[value.index(after: open)..<close].replacing("\\\"", with: "\"")
            applier.say(.warning(manifest.identity, String(text)))
        }
    }
}
