import YAML

/// Applies manifests by server-side apply, in the order in which they need each other.
///
/// Maps to `PATCH` with `application/apply-patch+yaml` and `fieldValidation=Strict`; a field of another manager is not
/// taken unless ``takesOver`` says so. All failures are told, and only what needs a failed object is left out.
public struct Applier: Sendable {
    /// What the applier says while it works.
    public enum Message: Sendable {
        /// An object is now as described, or with a dry run would be.
        case applied(ObjectIdentity, Change, fields: [String])
        /// An object could not be applied.
        case failed(ObjectFailure)
        /// The server, or the applier, warns of something about an object.
        case warning(ObjectIdentity, String)
    }

    /// What became of an object.
    public enum Change: Sendable, Hashable {
        case created, configured, unchanged
    }

    /// The API server.
    public var client: APIClient
    /// What is put on every object.
    public var ownership: Ownership
    /// Whether fields of other managers are taken over.
    public var takesOver: Bool
    /// What a dry run has foretold so far, or `nil` when the run is real.
    public var prophecy: Prophecy?
    /// How long everything may take.
    public var patience: Patience
    /// Hears what happens, from any thread.
    public var say: @Sendable (Message) -> Void

    /// How many objects are in work at once.
    private static let window = 32

    /// Creates an applier.
    public init(
        client: APIClient,
        ownership: Ownership,
        takesOver: Bool,
        prophecy: Prophecy?,
        patience: Patience,
        say: @escaping @Sendable (Message) -> Void,
    ) {
        self.client = client
        self.ownership = ownership
        self.takesOver = takesOver
        self.prophecy = prophecy
        self.patience = patience
        self.say = say
    }

    /// Applies manifests rank by rank and returns the objects that are on the server.
    ///
    /// Never throws: each failure is said.
    public func apply(_ manifests: [Manifest]) async -> [Manifest] {
        var applied: [Manifest] = []
        var failed = FailedObjects(namespace: client.kubeconfig.namespace)
        var applier = self
        applier.patience.shareWindow()
        for rank in ApplyOrder.ranks(of: withoutRepetitions(manifests)) {
            var ready: [Manifest] = []
            for manifest in rank {
                if let culprit = failed.culprit(of: manifest) {
                    let message = "not tried, because \(culprit) which it needs could not be applied"
                    say(.failed(ObjectFailure(manifest, .notTried(because: culprit), message)))
                } else {
                    ready.append(manifest)
                }
            }
            let results = await applier.sideBySide(ready)
            for (manifest, isApplied) in zip(ready, results) {
                if isApplied { applied.append(manifest) } else { failed.insert(manifest) }
            }
            // What others wait for came just now: what misses it still may have it in a moment.
            if ApplyOrder.isNeeded(rank), results.contains(true) { applier.patience.shareWindow() }
        }
        return applied
    }

    /// Applies one rank, a bounded number of objects at a time, and makes sure that CRDs are served.
    private func sideBySide(_ manifests: [Manifest]) async -> [Bool] {
        await withTaskGroup(of: (Int, Bool).self) { group in
            var results = Array(repeating: false, count: manifests.count)
            var next = 0
            func start() {
                guard next < manifests.count, !Task.isCancelled else { return }
                let index = next
                next += 1
                group.addTask { (index, await applyAndTell(manifests[index])) }
            }
            for _ in 0..<Self.window { start() }
            for await (index, isApplied) in group {
                results[index] = isApplied
                start()
            }
            return results
        }
    }

    private func applyAndTell(_ manifest: Manifest) async -> Bool {
        do {
            let result = try await ObjectApplication(applier: self, manifest: manifest).run()
            if manifest.identity.isCustomResourceDefinition, prophecy == nil {
                try await awaitService(of: manifest)
            }
            say(.applied(result.identity, result.change, fields: result.fields))
            return true
        } catch {
            // What was not tried, or not to its end, has not failed: the task says that it was interrupted.
            if error.cause != .interrupted { say(.failed(error)) }
            return false
        }
    }

    /// What explains a refusal of an object.
    func explanation(of manifest: Manifest, live: Node?) -> Explanation {
        Explanation(
            client: client,
            manifest: manifest,
            live: live,
            task: ownership.task,
            deadline: patience.deadline,
        )
    }

    /// Keeps the last of several descriptions of one object, as applying them in turn would, and says so.
    private func withoutRepetitions(_ manifests: [Manifest]) -> [Manifest] {
        var last: [ObjectIdentity: Int] = [:]
        func key(_ manifest: Manifest) -> ObjectIdentity {
            var identity = manifest.identity
            identity.namespace = identity.namespace ?? client.kubeconfig.namespace
            return identity
        }
        for (index, manifest) in manifests.enumerated() {
            if let earlier = last.updateValue(index, forKey: key(manifest)) {
                let (first, second) = (manifests[earlier], manifest)
                let text = "described at \(first.place) and again at \(second.place); the later one is applied"
                say(.warning(manifest.identity, text))
            }
        }
        return manifests.enumerated().filter { last[key($1)] == $0 }.map(\.element)
    }
}
