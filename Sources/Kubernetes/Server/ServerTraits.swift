import Base
import YAML

/// Properties of the server, such as version and mutating webhooks, that affect the result of an apply.
struct ServerTraits: Sendable {
    /// The version, such as `v1.36.2`, with the commit that it was built from, and with the versions that the server
    /// emulates and is compatible with, which decide about feature gates and defaults.
    let version: String
    /// The resources that mutating webhooks and policies are for, such as `pods`, `pods/*` and `*`.
    private let mutatedResources: Set<String>

    /// Whether a webhook or policy may change an object of a resource when it is sent.
    ///
    /// Their groups and versions do not matter: a match policy `Equivalent` is also for objects that are sent in another
    /// group, as an Ingress of `networking.k8s.io` with a rule for `extensions`. Neither do namespaces and labels.
    func mayMutate(_ plural: String) -> Bool {
        ["*", "*/*", plural, "\(plural)/*"].contains { mutatedResources.contains($0) }
    }

    private static let group = "/apis/admissionregistration.k8s.io"

    /// Reads the traits of a server.
    ///
    /// - Throws: ``APIError``, also if the user may not read all of it.
    init(of client: APIClient, until deadline: ContinuousClock.Instant) async throws(APIError) {
        async let listing = client.read("\(Self.group)/v1/mutatingwebhookconfigurations", until: deadline)
        let found = try await client.object("GET", "/version", until: deadline).node
        let name = found["gitVersion"]?.string ?? ""
        version = Self.versionFields.map { found[$0]?.string ?? "" }.joined(separator: " ")
        let webhooks = try await listing.get()
        var rules = (webhooks["items"]?.sequence ?? []).flatMap { $0["webhooks"]?.sequence ?? [] }
            .flatMap { $0["rules"]?.sequence ?? [] }
        // An unknown version may have them.
        if KubernetesVersion(name).map({ $0 >= Self.firstWithPolicies }) ?? true {
            rules += try await Self.policyRules(of: client, until: deadline)
        }
        mutatedResources = Set(rules.flatMap { $0["resources"]?.sequence?.compactMap(\.string) ?? [] })
    }

    /// The fields of a server's version that decide about an apply.
    private static let versionFields = [
        "gitVersion", "gitCommit", "emulationMajor", "emulationMinor", "minCompatibilityMajor", "minCompatibilityMinor",
    ]

    /// The first version with kind `MutatingAdmissionPolicy`.
    private static let firstWithPolicies = KubernetesVersion(minor: 32)

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
        /// Whether a webhook converts its objects, whose fields may then change although what is stored stays the same.
        var convertsByWebhook = false
    }

    /// A value of the server with the time at which it was read.
    private struct Answer<Value: Sendable>: Sendable {
        var value: Value
        /// The number of changes of its kind in ``TraitChanges`` before it was read.
        var generation: Int
        var readAt = ContinuousClock.now

        func isValid(in generation: Int) -> Bool {
            self.generation == generation && readAt + KnownTraits.validity > .now
        }
    }

    /// The run's changes since something was read.
    let changes: TraitChanges

    private let answer = Locked<Answer<ServerTraits?>?>(nil)
    /// By generation: a request that was sent before a change is not shared after it.
    private let requests = SharedRequests<Int, ServerTraits?>()
    private let definitions = Locked<[DefinedKind: Answer<Definition>]>([:])

    /// How long an answer is used.
    private static let validity = Duration.seconds(30)

    init(_ changes: TraitChanges) {
        self.changes = changes
    }

    /// The traits of the server.
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

    /// Records a CustomResourceDefinition, or its metadata, as the server has returned it.
    ///
    /// - Parameters:
    ///   - definition: The definition.
    ///   - kind: The kind that it defines.
    ///   - generation: The number of changes of definitions before it was read.
    func record(definition: Node, of kind: DefinedKind, readIn generation: Int) {
        let known = Self.definition(definition).map { Answer(value: $0, generation: generation) }
        definitions.withLock { $0[kind] = known }
    }

    /// The definition of a type; `nil` if it cannot be read.
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

    /// The properties that affect an apply, from the metadata of a definition.
    ///
    /// The state is its UID and its generation, with the times of its managed fields: after etcd was restored from a
    /// backup another definition may have the same generation. The managed fields also list a webhook; a definition
    /// without any may have one.
    private static func definition(_ definition: Node) -> Definition? {
        let metadata = definition["metadata"]
        guard let uid = metadata?["uid"]?.string, case .number(let generation) = metadata?["generation"]?.content else {
            return nil
        }
        let entries = metadata?["managedFields"]?.sequence ?? []
        let managed = entries.filter { $0["fieldsV1"]?["f:status"] == nil }
        // The second one is that of version v1beta1 of the kind.
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

/// Changes by a run to the traits of its API servers, or to the definitions of their custom resources.
///
/// All clients of a run share it: the kubeconfigs of two tasks may be of the same server.
public final class TraitChanges: Sendable {
    /// The numbers of changes so far, each of which identifies the period since the last one.
    struct Generations: Sendable, Hashable {
        /// The changes of webhooks and policies.
        var admission = 0
        /// The changes of CustomResourceDefinitions.
        var definitions = 0
    }

    private let state = Locked(Generations())

    /// Creates the changes of a run that has done nothing yet.
    public init() {}

    /// The changes so far.
    var generations: Generations { state.withLock { $0 } }

    /// Records that a task has changed something: a program can do anything to a server, and a file can configure it.
    public func recordTask() {
        state.withLock { generations in
            generations.admission += 1
            generations.definitions += 1
        }
    }

    /// Records a request that may change an object, when it is sent and again when it has ended.
    func recordWrite(to path: String) {
        state.withLock { generations in
            if path.hasPrefix("/apis/admissionregistration.k8s.io/") { generations.admission += 1 }
            if path.hasPrefix("/apis/apiextensions.k8s.io/") { generations.definitions += 1 }
        }
    }
}
