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

    /// What earlier attempts have left behind.
    private struct Memory {
        /// What was on the server, for explaining a refusal.
        var live: Node?
        /// What a write without a reply was to do; it may have happened.
        var intended: Applier.Change?
    }

    private var client: APIClient { applier.client }
    private var deadline: ContinuousClock.Instant { applier.patience.deadline }
    private var isDryRun: Bool { applier.prophecy != nil }

    /// Applies the object, as often as its errors promise anything.
    func run() async throws(ObjectFailure) -> Result {
        var memory = Memory()
        do {
            let result = try await applier.patience.persist("\(manifest.identity)") { () async throws(APIError) in
                try await attempt(&memory)
            }
            applier.prophecy?.foretell(manifest)
            return result
        } catch {
            throw await applier.explanation(of: manifest, live: memory.live).failure(for: error)
        }
    }

    private func attempt(_ memory: inout Memory) async throws(APIError) -> Result {
        var identity = manifest.identity
        do {
            let resource = try await client.catalog.resource(of: identity.type, on: client, until: deadline)
            identity.namespace = resource.isNamespaced ? identity.namespace ?? client.kubeconfig.namespace : nil
            let path = resource.path(of: identity)
            memory.live = try await client.find(path, until: deadline)
            let body = body(for: resource, namespace: identity.namespace, live: memory.live)
            guard let live = memory.live else {
                // Between the reading and the writing another may have made it: then it is changed, not created.
                let response = try await write(body, to: path, as: .created, &memory)
                tellWarnings(of: response)
                return Result(identity: identity, change: response.status == 201 ? .created : .configured)
            }
            if live["metadata"]?["deletionTimestamp"]?.string != nil {
                applier.say(.warning(identity, "it is being deleted, and what is applied goes with it"))
            }
            return try await bring(live, of: identity, at: path, to: body, &memory)
        } catch .refused(let refusal) where refusal.code == 404 && applier.prophecy?.covers(identity) == true {
            return Result(identity: identity, change: .created)
        }
    }

    /// The object as it is sent.
    ///
    /// Once it is on the server, without those parts of its status that are not ours: its controller writes them, and
    /// servers before 1.21 would report a conflict with it. Every definition made by controller-gen has such a status.
    private func body(for resource: APIResource, namespace: String?, live: Node?) -> [UInt8] {
        var root = manifest.root
        if !resource.isNamespaced, var mapping = root.mapping, var metadata = mapping["metadata"]?.mapping {
            // kubectl leaves it out too; a Namespace that is sent with one is refused.
            metadata["namespace"] = nil
            mapping["metadata"] = Node(.mapping(metadata), place: mapping["metadata"]?.place ?? root.place)
            root.content = .mapping(mapping)
        }
        if let live, resource.hasStatus, var mapping = root.mapping, let status = mapping["status"] {
            let ours = Ownership.fields(in: live).compactMap { $0["f:status"] }
            let kept = (status.mapping?.entries ?? []).filter { entry in
                ours.contains { $0["f:\(entry.key)"] != nil }
            }
            mapping["status"] = kept.isEmpty ? nil : .mapping(kept.map { ($0.key, $0.value) }, place: status.place)
            root.content = .mapping(mapping)
        }
        return applier.ownership.mark(root, namespace: namespace).json()
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
        _ memory: inout Memory,
    ) async throws(APIError) -> Result {
        let answer = try await foresee(body, at: path)
        var changed: [String] = []
        if let answer {
            let difference = Difference(from: live, to: answer)
            if difference.fields.isEmpty, Ownership.fields(in: live) == Ownership.fields(in: answer) {
                return Result(identity: identity, change: memory.intended ?? .unchanged)
            }
            changed = difference.fields.map(\.path)
            guard !isDryRun else {
                let lines = difference.lines(of: identity.type)
                return Result(identity: identity, change: lines.isEmpty ? .unchanged : .configured, fields: lines)
            }
        }
        let change = memory.intended ?? .configured
        let response = try await write(body, to: path, as: change, &memory)
        if answer == nil { tellWarnings(of: response) }
        // Without the values, which a dry run shows to who asks: a journal is kept, and read by others.
        let leftOut = changed.count - Self.toldFieldCount
        if leftOut > 0 { changed = changed.prefix(Self.toldFieldCount) + ["and \(leftOut) more"] }
        return Result(identity: identity, change: change, fields: changed)
    }

    /// So many changed fields are told when they are written.
    private static let toldFieldCount = 5

    /// Writes the object, or with a dry run asks to; if it stays open whether that happened, it is remembered.
    private func write(
        _ body: [UInt8],
        to path: String,
        as change: Applier.Change,
        _ memory: inout Memory,
    ) async throws(APIError) -> HTTPResponse {
        do {
            return try await send(body, to: path, isDryRun: isDryRun).response
        } catch {
            if error.leavesOpen { memory.intended = change }
            throw error
        }
    }

    /// Asks what the object would become, `nil` if an admission webhook cannot be asked without a write.
    private func foresee(_ body: [UInt8], at path: String) async throws(APIError) -> Node? {
        do {
            let reply = try await send(body, to: path, isDryRun: true)
            tellWarnings(of: reply.response)
            return reply.node
        } catch .refused(let refusal)
            where !isDryRun && refusal.code == 400 && refusal.message.contains("dry run")
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
