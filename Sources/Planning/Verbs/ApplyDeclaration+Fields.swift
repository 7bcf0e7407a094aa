import YAML

extension ApplyDeclaration {
    /// Reads the keys of `apply`.
    init?(_ fields: inout Fields) {
        let kubeconfig = fields.value("kubeconfig") { $0.readPath() }
        let manifests = Self.manifests(&fields)
        let conflicts = fields.value("conflicts") { item in
            item.word(of: Conflicts.allCases.map(\.rawValue)).flatMap(Conflicts.init(rawValue:))
        }
        let substitute = fields.value("substitute") { $0.boolean() }
        let wait = fields.value("wait") { $0.word(of: ["rollout"]) }
        let labels = fields.texts("labels") {
            $0.isLabelKey($1)
        } _: {
            $0.labelValue()
        }
        let minimum = fields.value("minNodes") { $0.count() }
        guard let manifests else { return nil }
        self.init(
            kubeconfig: kubeconfig,
            manifests: manifests,
            conflicts: conflicts ?? .report,
            substitute: substitute ?? false,
            waitsForRollout: wait != nil,
            labels: labels,
            minimumNodeCount: minimum ?? 1,
        )
    }

    private static func manifests(_ fields: inout Fields) -> [Manifest]? {
        let variables = fields.variables
        let subject = fields.subject.below("manifests")
        return fields.value("manifests", required: "[rbac]") { item in
            guard let items = item.items(of: "paths and URLs", variables) else { return nil }
            guard item.node.sequence?.isEmpty == false else {
                item.tellWrong("a list of at least one path or URL", hint: item.write("[rbac]", asIs: true))
                return nil
            }
            let manifests = items.map { manifest($0, subject, variables) }
            return manifests.contains(nil) ? nil : manifests.compactMap(\.self)
        }
    }

    private static func manifest(_ item: Item, _ subject: Subject, _ variables: Variables) -> Manifest? {
        if let mapping = item.node.mapping {
            var fields = Fields(mapping.entries, at: item.node.place, subject, variables, item.problems)
            defer { fields.finish() }
            let url = fields.value("url", required: "https://HOST/crds.yaml") { $0.url() }
            let digest = fields.value("sha256", required: "DIGEST") { $0.digest() }
            guard let url, let digest else { return nil }
            return .url(url, sha256: digest, item.node.place)
        }
        guard let text = item.node.string, (try? WebAddress(text)) != nil else {
            return item.readPath().map(Manifest.path)
        }
        item.problems.add(
            item.node.place,
            "\(item.label) is a URL without a digest",
            hint: "write {url: \(typed(text)), sha256: DIGEST}",
        )
        return nil
    }
}
