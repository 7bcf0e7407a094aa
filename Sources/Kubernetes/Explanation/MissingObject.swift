import Base
import YAML

/// Objects that refer to other objects that do not exist.
extension Explanation {
    /// Explains a refusal with status 404 that names another object than the one that is applied.
    ///
    /// Servers name the object to which a RoleBinding refers, but with the resource of the RoleBinding.
    ///
    /// - Returns: `nil` if the refusal names no other object.
    func missingObject(_ status: ServerStatus) async -> ObjectFailure? {
        guard let named = NamedResource(status.message) else { return nil }
        let reference = Reference(to: named.name, in: manifest.root)
        let group = reference?.group ?? named.group
        let found = await resource(inGroup: group) { type, resource in
            reference?.kind.map { type.kind == $0 } ?? (resource.plural == named.plural)
        }
        guard let kind = reference?.kind ?? found?.type.kind,
            reference?.kind != nil || kind != manifest.identity.type.kind
        else { return nil }
        let scope = found?.isNamespaced == true ? namespace : nil
        var names: [String] = []
        if let found {
            names = await client.names(at: found.collection(namespace: scope), until: explanationDeadline)
        }
        if names.isEmpty { names = Self.builtInNames["\(group)/\(kind)"] ?? [] }
        guard !names.contains(named.name) else { return nil }
        let near = nearestName(to: named.name, in: names)
        // Another task may create the object.
        return ObjectFailure(
            manifest,
            .other,
            "\(kind) '\(named.name)' does not exist" + (scope.map { " in namespace '\($0)'" } ?? ""),
            at: reference?.location,
            hint: near.map { "did you mean '\($0)'?" }
                ?? "apply a manifest of the \(kind) before it, or correct the name",
            code: .missingNamespace,
        )
    }

    /// The instant after which requests for an explanation are given up; the object's own deadline has often passed.
    var explanationDeadline: ContinuousClock.Instant { max(deadline, .now + .seconds(1)) }

    /// The names that every server has of objects of some kinds, for users who may not list them.
    private static let builtInNames = [
        "rbac.authorization.k8s.io/ClusterRole": ["admin", "cluster-admin", "edit", "view"]
    ]

    /// A resource of the server with its kind.
    private struct NamedKind {
        var type: GroupVersionKind
        var resource: APIResource

        var isNamespaced: Bool { resource.isNamespaced }

        func collection(namespace: String?) -> String { resource.collectionPath(of: type, namespace: namespace) }
    }

    /// Returns the first resource of a group that meets a condition, `nil` if the server does not answer in time.
    private func resource(
        inGroup group: String,
        where isMeant: (GroupVersionKind, APIResource) -> Bool,
    ) async -> NamedKind? {
        let own = manifest.identity.type
        var versions = group == own.group ? [own.version] : []
        if versions.isEmpty { versions = (try? await client.groups(until: explanationDeadline))?[group] ?? [] }
        for version in versions {
            let any = GroupVersionKind(group: group, version: version, kind: "")
            let types = try? await client.catalog.types(inVersionOf: any, on: client, until: explanationDeadline)
            for type in types ?? [] {
                let known = try? await client.catalog.resource(of: type, on: client, until: explanationDeadline)
                if let known, isMeant(type, known) { return NamedKind(type: type, resource: known) }
            }
        }
        return nil
    }

    /// The field of a manifest that refers to an object by name.
    private struct Reference {
        var location: SourceLocation
        /// The kind in the field beside the name, `nil` if there is none.
        var kind: String?
        /// The group in the field beside the name, `nil` if there is none.
        var group: String?

        /// Finds the reference to an object: the one beside a kind if there is one, otherwise the only such value.
        init?(to name: String, in root: Node) {
            let metadata = root["metadata"]?.location
            var found: [Reference] = []
            func search(_ node: Node) {
                for entry in node.mapping?.entries ?? [] where entry.value.location != metadata {
                    if entry.value.string == name {
                        let version = node["apiVersion"]?.string
                        let group = version.map { GroupVersionKind(apiVersion: $0, kind: "").group }
                        found.append(
                            Reference(
                                location: entry.location,
                                kind: node["kind"]?.string,
                                group: node["apiGroup"]?.string ?? group
                            )
                        )
                    }
                    search(entry.value)
                }
                for item in node.sequence ?? [] { search(item) }
            }
            search(root)
            let named = found.filter { $0.kind != nil }
            guard let first = named.first ?? found.first, !named.isEmpty || found.count == 1 else { return nil }
            self = first
        }

        private init(location: SourceLocation, kind: String?, group: String?) {
            (self.location, self.kind, self.group) = (location, kind, group)
        }
    }
}

/// An object as a refusal with status 404 names it: `clusterroles.rbac.authorization.k8s.io "editor" not found`.
struct NamedResource: Hashable {
    let plural: String
    let group: String
    let name: String

    /// Reads a message, or returns `nil` if it names no object.
    init?(_ message: String) {
        let pattern = /^([a-z0-9]+)(?:\.([a-z0-9.\-]+))? "([^"]+)" not found$/
        guard let match = message.wholeMatch(of: pattern) else { return nil }
        (plural, group, name) = (String(match.1), String(match.2 ?? ""), String(match.3))
    }
}

/// Policies whose parameters are missing.
extension Explanation {
    /// Explains the refusal of a policy, and names its parameter object if that is missing.
    func policyFailure(kind: String, _ name: String, binding: String?, reason: String) async -> ObjectFailure {
        let subject = "refused by \(kind) '\(name)'\(binding.map { " (binding '\($0)')" } ?? "")"
        if AdmissionRefusal.lacksParameters(reason), let binding,
            let missing = await missingParameter(kind: kind, policy: name, binding: binding)
        {
            return ObjectFailure(
                manifest,
                .other,
                "\(subject): its parameter \(missing) does not exist",
                hint: "create it, or correct 'paramRef' of \(kind)Binding '\(binding)'",
                code: .admissionDenied,
            )
        }
        let patch = PatchFault(reason)
        return denied(
            "\(subject): \(reason)",
            at: patch?.location(in: manifest),
            hint: patch?.parent.map { "add '\($0)' to the manifest, or let the policy add it first" }
                ?? change("the policy"),
        )
    }

    /// Returns the parameter object that a binding refers to, `nil` if the policy or the binding cannot be read.
    private func missingParameter(kind: String, policy: String, binding: String) async -> String? {
        let names = [("\(kind.lowercased().dropLast())ies", policy), ("\(kind.lowercased())bindings", binding)]
        for version in ["v1", "v1beta1"] {
            var objects: [Node] = []
            for (plural, name) in names {
                let path = "/apis/admissionregistration.k8s.io/\(version)/\(plural)/\(APIClient.percentEncoded(name))"
                if let object = try? await client.object("GET", path, until: explanationDeadline).node {
                    objects.append(object)
                }
            }
            guard objects.count == names.count, let parameter = objects[0]["spec"]?["paramKind"],
                let reference = objects[1]["spec"]?["paramRef"]
            else { continue }
            let type = GroupVersionKind(
                apiVersion: parameter["apiVersion"]?.string ?? "",
                kind: parameter["kind"]?.string ?? ""
            )
            let resource = try? await client.catalog.resource(of: type, on: client, until: explanationDeadline)
            let own = resource?.isNamespaced == false ? nil : namespace
            let scope = reference["namespace"]?.string ?? own
            if let name = reference["name"]?.string {
                return "\(ObjectIdentity(type: type, namespace: scope, name: name))"
            }
            let labels = reference["selector"]?["matchLabels"]?.mapping?.entries ?? []
            let words = labels.map { "\($0.key)=\($0.value.string ?? "")" }.joined(separator: ",")
            return "\(type.kind) with labels '\(words)'" + (scope.map { " in namespace '\($0)'" } ?? "")
        }
        return nil
    }
}
