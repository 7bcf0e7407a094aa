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
            let body = applier.ownership.mark(manifest.root, namespace: resource.isNamespaced ? identity.namespace : nil)
            let reply = try await client.object("PATCH", path, query: query, body: body.json(), until: deadline)
            tellWarnings(of: reply.response)
            return result(identity, before: live, after: reply.node)
        } catch .refused(let refusal)
            where refusal.code == 404 && applier.prophecy?.covers(identity) == true
        {
            return Result(identity: identity, change: .created)
        }
    }

    private var query: [(String, String)] {
        var query = [("fieldManager", Ownership.manager), ("fieldValidation", "Strict")]
        if applier.takesOver { query.append(("force", "true")) }
        if applier.prophecy != nil { query.append(("dryRun", "All")) }
        return query
    }

    /// Tells what changed.
    ///
    /// The resource version alone does not tell: a controller may have written the status in between.
    private func result(_ identity: ObjectIdentity, before: Node?, after: Node) -> Result {
        guard let before else { return Result(identity: identity, change: .created) }
        let difference = Difference(from: before, to: after)
        guard !difference.fields.isEmpty else { return Result(identity: identity, change: .unchanged) }
        let fields = applier.prophecy == nil ? [] : difference.lines(masked: identity.type.kind == "Secret")
        return Result(identity: identity, change: .configured, fields: fields)
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
