import YAML

/// What the objects of an apply need of each other.
struct ApplyNeeds {
    private let manifests: [ManifestObject]
    private let defaultNamespace: String
    private var providers = ProviderIndex<Int>()
    /// The objects by their namespace.
    private var members: [String: [Int]] = [:]

    init(_ manifests: [ManifestObject], defaultNamespace: String) {
        self.manifests = manifests
        self.defaultNamespace = defaultNamespace
        for (index, manifest) in manifests.enumerated() {
            providers.insert(manifest, as: index)
            if let namespace = namespace(of: manifest.identity) { members[namespace, default: []].append(index) }
        }
    }

    /// The objects without which an object cannot be created: its Namespace and its CustomResourceDefinition.
    func objects(neededBy index: Int) -> [Int] {
        var identity = manifests[index].identity
        identity.namespace = namespace(of: identity)
        return identity.requirements.compactMap { providers.providers(of: $0).last }.filter { $0 != index }
    }

    /// The objects that go before an object although it could be created without them.
    ///
    /// An admission webhook or APIService is served by pods. One that is configured before what these need can refuse
    /// it, and then nothing helps but to delete the configuration.
    func objects(toWaitForBefore index: Int) -> [Int] {
        let manifest = manifests[index]
        guard ApplyOrder.rank(of: manifest.identity.type) == ApplyOrder.intercepting else { return [] }
        let spec = manifest.root["spec"]
        let webhooks = manifest.root["webhooks"]?.sequence ?? []
        let services = [spec?["service"]] + webhooks.map { $0["clientConfig"]?["service"] }
        let namespaces = Set(services.compactMap { $0?["namespace"]?.string })
        return namespaces.sorted().flatMap { members[$0] ?? [] }
    }

    /// The namespace of an object, `nil` for a kind that is known to be cluster-wide.
    private func namespace(of identity: ObjectIdentity) -> String? {
        ApplyOrder.isClusterWide(identity.type) ? nil : identity.namespace ?? defaultNamespace
    }
}
