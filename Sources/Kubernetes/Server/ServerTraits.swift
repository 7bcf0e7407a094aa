import Base
import YAML

/// What a server has in addition to an object that decides what an apply makes of it.
struct ServerTraits: Sendable {
    /// The version, such as `v1.36.2`, with the commit that it was built from.
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
        version = "\(name) \(found["gitCommit"]?.string ?? "")"
        let webhooks = try await listing.get()
        var rules = (webhooks["items"]?.sequence ?? []).flatMap { $0["webhooks"]?.sequence ?? [] }
            .flatMap { $0["rules"]?.sequence ?? [] }
        // An unknown version may have them.
        if KubernetesVersion(name).map({ $0 >= Self.firstWithPolicies }) ?? true {
            rules += try await Self.policyRules(of: client, until: deadline)
        }
        mutatedResources = Set(rules.flatMap { $0["resources"]?.sequence?.compactMap(\.string) ?? [] })
    }

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

/// What is known of a server's traits, and of the definitions of its custom resources.
final class KnownTraits: Sendable {
    /// A value of the server with the instant at which it was read.
    private struct Answer<Value: Sendable>: Sendable {
        var value: Value
        var readAt = ContinuousClock.now

        var isRecent: Bool { readAt + KnownTraits.validity > .now }
    }

    private let answer = Locked<Answer<ServerTraits?>?>(nil)
    private let requests = SharedRequests<String, ServerTraits?>()
    private let definitions = Locked<[DefinedKind: Answer<String>]>([:])

    /// How long an answer is used.
    private static let validity = Duration.seconds(30)

    /// The traits of the server, `nil` if they cannot be read, for example because the user may not list webhooks.
    func traits(of client: APIClient, until deadline: ContinuousClock.Instant) async -> ServerTraits? {
        if let known = recent { return known.value }
        return try? await requests.answer(for: "") { () async throws(APIError) in
            // Another caller may have read them since.
            if let known = recent { return known.value }
            let traits = try? await ServerTraits(of: client, until: deadline)
            answer.withLock { $0 = Answer(value: traits) }
            return traits
        }
    }

    private var recent: Answer<ServerTraits?>? {
        answer.withLock { $0 }.flatMap { $0.isRecent ? $0 : nil }
    }

    /// Records a CustomResourceDefinition, or its metadata, as the server has returned it.
    func record(definition: Node, of kind: DefinedKind) {
        let known = Self.state(of: definition).map { Answer(value: $0) }
        definitions.withLock { $0[kind] = known }
    }

    /// The state of the definition of a type, empty for a built-in type; `nil` if it cannot be read.
    func definition(
        of type: GroupVersionKind,
        _ plural: String,
        on client: APIClient,
        until deadline: ContinuousClock.Instant,
    ) async -> String? {
        guard !type.isBuiltIn else { return "" }
        let kind = DefinedKind(type)
        if let known = definitions.withLock({ $0[kind] }), known.isRecent { return known.value }
        let name = APIClient.percentEncoded("\(plural).\(type.group)")
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/\(name)"
        guard let definition = try? await client.readMetadata(path, until: deadline).get() else { return nil }
        record(definition: definition, of: kind)
        return Self.state(of: definition)
    }

    /// The UID and the generation of a definition, with the times of its managed fields: after etcd was restored from a backup
    /// another definition may have the same generation.
    private static func state(of definition: Node) -> String? {
        let metadata = definition["metadata"]
        guard let uid = metadata?["uid"]?.string, case .number(let generation) = metadata?["generation"]?.content else {
            return nil
        }
        let managed = (metadata?["managedFields"]?.sequence ?? []).filter { $0["fieldsV1"]?["f:status"] == nil }
        return ([uid, generation.json] + managed.compactMap { $0["time"]?.string }).joined(separator: " ")
    }
}
