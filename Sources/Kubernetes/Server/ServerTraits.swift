import Base
import YAML

/// Properties of the server, such as version and mutating webhooks, that affect the result of an apply.
struct ServerTraits: Sendable {
    /// The version, such as `v1.36.2`, with its commit, and the versions that the server emulates and is compatible
    /// with.
    ///
    /// The emulated and compatible versions determine feature gates and defaults.
    let version: String
    /// The resources that mutating webhooks and policies match, such as `pods`, `pods/*` and `*`.
    private let mutatedResources: Set<String>

    /// Returns whether a webhook or policy may change an object of a resource when the object is sent.
    ///
    /// Groups and versions are ignored, because the match policy `Equivalent` also matches objects that are sent in
    /// another group, such as an Ingress of `networking.k8s.io` with a rule for `extensions`. Namespaces and labels are
    /// ignored too.
    func mayMutate(_ plural: String) -> Bool {
        ["*", "*/*", plural, "\(plural)/*"].contains { mutatedResources.contains($0) }
    }

    private static let group = "/apis/admissionregistration.k8s.io"

    /// Reads the traits of a server.
    ///
    /// - Throws: ``APIError``, for example if the user may not read all of the traits.
    init(of client: APIClient, until deadline: ContinuousClock.Instant) async throws(APIError) {
        async let listing = client.read("\(Self.group)/v1/mutatingwebhookconfigurations", until: deadline)
        let found = try await client.object("GET", "/version", until: deadline).node
        let name = found["gitVersion"]?.string ?? ""
        version = Self.versionFields.map { found[$0]?.string ?? "" }.joined(separator: " ")
        let webhooks = try await listing.get()
        var rules = (webhooks["items"]?.sequence ?? []).flatMap { $0["webhooks"]?.sequence ?? [] }
            .flatMap { $0["rules"]?.sequence ?? [] }
        // An unknown version may have policies.
        if VersionFact.mutatingPolicies.holds(onServer: name) ?? true {
            rules += try await Self.policyRules(of: client, until: deadline)
        }
        mutatedResources = Set(rules.flatMap { $0["resources"]?.sequence?.compactMap(\.string) ?? [] })
    }

    /// The fields of a server's version that affect the result of an apply.
    private static let versionFields = [
        "gitVersion", "gitCommit", "emulationMajor", "emulationMinor", "minCompatibilityMajor", "minCompatibilityMinor",
    ]

    private static func policyRules(
        of client: APIClient,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> [Node] {
        for version in ["v1", "v1beta1", "v1alpha1"] {
            do {
                let path = "\(group)/\(version)/mutatingadmissionpolicies"
                let policies = try await client.object("GET", path, until: deadline).node["items"]?.sequence ?? []
                return policies.flatMap { $0["spec"]?["matchConstraints"]?["resourceRules"]?.sequence ?? [] }
            } catch .refused(let refusal) where refusal.code == 404 {
                continue
            }
        }
        return []
    }
}

/// The traits of a server and the definitions of its custom resources, as they were read.
final class KnownTraits: Sendable {
    /// The properties of a definition that affect an apply of its custom resources.
    struct Definition: Sendable, Hashable {
        /// A text that differs after each change of the definition, empty for a built-in type.
        var state = ""
        /// Whether a webhook converts the objects; if so, fields may change although the stored objects stay the same.
        var convertsByWebhook = false
    }

    /// A value of the server with the time at which it was read.
    private struct Answer<Value: Sendable>: Sendable {
        var value: Value
        /// The value of the ``TraitChanges`` counter, for admission or definitions, before the value was read.
        var generation: Int
        var readAt = ContinuousClock.now

        func isValid(in generation: Int) -> Bool {
            self.generation == generation && readAt + KnownTraits.validity > .now
        }
    }

    /// The counters of changes that the run makes to its servers.
    let changes: TraitChanges

    private let answer = Locked<Answer<ServerTraits?>?>(nil)
    /// The requests in progress, by generation: a request sent before a change is not shared after the change.
    private let requests = SharedRequests<Int, ServerTraits?>()
    private let definitions = Locked<[DefinedKind: Answer<Definition>]>([:])

    /// The time for which an answer is used.
    private static let validity = Duration.seconds(30)

    init(_ changes: TraitChanges) {
        self.changes = changes
    }

    /// Returns the traits of the server.
    ///
    /// - Returns: The traits; `nil` if they cannot be read, for example because the user may not list webhooks.
    func traits(of client: APIClient, until deadline: ContinuousClock.Instant) async -> ServerTraits? {
        let generation = changes.generations.admission
        if let known = known(in: generation) { return known.value }
        return try? await requests.answer(for: generation) { () async throws(APIError) in
            // Another caller may have read them since.
            if let known = known(in: generation) { return known.value }
            let traits = try? await ServerTraits(of: client, until: deadline)
            answer.withLock { $0 = Answer(value: traits, generation: generation) }
            return traits
        }
    }

    private func known(in generation: Int) -> Answer<ServerTraits?>? {
        answer.withLock { $0 }.flatMap { $0.isValid(in: generation) ? $0 : nil }
    }

    /// Records a CustomResourceDefinition, or its metadata, as returned by the server.
    ///
    /// - Parameters:
    ///   - definition: The definition.
    ///   - kind: The kind that the definition defines.
    ///   - generation: The number of changes of definitions before `definition` was read.
    func record(definition: Node, of kind: DefinedKind, readIn generation: Int) {
        let known = Self.definition(definition).map { Answer(value: $0, generation: generation) }
        definitions.withLock { $0[kind] = known }
    }

    /// Returns the definition of a type, or `nil` if it cannot be read.
    func definition(
        of type: GroupVersionKind,
        _ plural: String,
        on client: APIClient,
        until deadline: ContinuousClock.Instant,
    ) async -> Definition? {
        guard !type.isBuiltIn else { return Definition() }
        let generation = changes.generations.definitions
        let kind = DefinedKind(type)
        if let known = definitions.withLock({ $0[kind] }), known.isValid(in: generation) { return known.value }
        let name = APIClient.percentEncoded("\(plural).\(type.group)")
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/\(name)"
        guard let definition = try? await client.readMetadata(path, until: deadline).get() else { return nil }
        record(definition: definition, of: kind, readIn: generation)
        return Self.definition(definition)
    }

    /// Returns the properties that affect an apply, from the metadata of a definition.
    ///
    /// The state consists of the UID, the generation and the times of the managed fields, because after etcd was
    /// restored from a backup, another definition may have the same generation. The managed fields also show whether a
    /// webhook converts the objects; without managed fields, such a webhook is assumed.
    private static func definition(_ definition: Node) -> Definition? {
        let metadata = definition["metadata"]
        guard let uid = metadata?["uid"]?.string, case .number(let generation) = metadata?["generation"]?.content else {
            return nil
        }
        let entries = metadata?["managedFields"]?.sequence ?? []
        let managed = entries.filter { $0["fieldsV1"]?["f:status"] == nil }
        // In v1beta1, the field is named `webhookClientConfig`.
        let webhooks = ["f:webhook", "f:webhookClientConfig"]
        let hasWebhook = entries.contains { entry in
            webhooks.contains { entry["fieldsV1"]?["f:spec"]?["f:conversion"]?[$0] != nil }
        }
        return Definition(
            state: ([uid, generation.json] + managed.compactMap { $0["time"]?.string }).joined(separator: " "),
            convertsByWebhook: hasWebhook || entries.isEmpty,
        )
    }
}

/// Counters of the changes that a run makes to webhooks, policies and CustomResourceDefinitions.
///
/// All clients of a run share one instance, because the kubeconfigs of two tasks may be for the same server.
public final class TraitChanges: Sendable {
    /// The numbers of changes so far, which identify the period since the last change.
    struct Generations: Sendable, Hashable {
        /// The number of changes of webhooks and policies.
        var admission = 0
        /// The number of changes of CustomResourceDefinitions.
        var definitions = 0
    }

    private let state = Locked(Generations())

    /// Creates the counters of a run that has not changed anything yet.
    public init() {}

    /// The current values of the counters.
    var generations: Generations { state.withLock { $0 } }

    /// Records a change of every category, because a task's program or file may affect a server in any way.
    public func recordTask() {
        state.withLock { generations in
            generations.admission += 1
            generations.definitions += 1
        }
    }

    /// Records a request that may change an object, both when it is sent and when it has ended.
    func recordWrite(to path: String) {
        state.withLock { generations in
            if path.hasPrefix("/apis/admissionregistration.k8s.io/") { generations.admission += 1 }
            if path.hasPrefix("/apis/apiextensions.k8s.io/") { generations.definitions += 1 }
        }
    }
}
