public import Base
import YAML

/// Checks of the names of objects, CustomResourceDefinitions, containers and volumes.
enum ObjectNames {
    /// Kinds whose names must be DNS labels.
    private static let labelKinds: [String: Set<String>] = ["": ["Namespace", "Service"]]

    /// Kinds whose names must be DNS subdomains, by API group.
    ///
    /// Kinds that are not listed, such as the kinds of `rbac.authorization.k8s.io`, may have other names.
    private static let subdomainKinds: [String: Set<String>] = [
        "": [
            "ConfigMap", "Endpoints", "LimitRange", "Node", "PersistentVolume", "PersistentVolumeClaim", "Pod",
            "PodTemplate", "ReplicationController", "ResourceQuota", "Secret", "ServiceAccount",
        ],
        "apps": ["ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"],
        "autoscaling": ["HorizontalPodAutoscaler"],
        "batch": ["CronJob", "Job"],
        "coordination.k8s.io": ["Lease"],
        "discovery.k8s.io": ["EndpointSlice"],
        "networking.k8s.io": ["Ingress", "IngressClass", "NetworkPolicy"],
        "policy": ["PodDisruptionBudget"],
        "scheduling.k8s.io": ["PriorityClass"],
        "storage.k8s.io": ["CSINode", "StorageClass", "VolumeAttachment"],
    ]

    static func problems(_ manifest: ManifestObject) -> [Problem] {
        var problems: [Problem] = []
        let (type, name) = (manifest.identity.type, manifest.identity.name)
        let metadata = manifest.root["metadata"]
        let location = metadata?["name"]?.location ?? manifest.location
        if labelKinds[type.group]?.contains(type.kind) == true {
            problems += problem(name, .label, "metadata.name", at: location)
        } else if subdomainKinds[type.group]?.contains(type.kind) == true {
            problems += problem(name, .subdomain, "metadata.name", at: location)
            if type.kind == "CronJob", type.group == "batch" { problems += cronJobName(name, at: location) }
        } else if manifest.identity.isCustomResourceDefinition {
            problems += definitionName(manifest, at: location)
        }
        if let namespace = metadata?["namespace"], let text = namespace.string, !text.isEmpty {
            problems += problem(text, .label, "metadata.namespace", at: namespace.location)
        }
        guard let pod = PodTemplate(manifest) else { return problems }
        for list in PodTemplate.containerLists + ["volumes"] {
            for (index, item) in (pod.spec[list]?.sequence ?? []).enumerated() {
                guard let name = item["name"], let text = name.string else { continue }
                problems += problem(text, .label, "\(pod.path).\(list)[\(index)].name", at: name.location)
            }
        }
        return problems
    }

    /// Returns the problem with a name, or an empty list if the name has the expected form.
    static func problem(
        _ name: String,
        _ form: NameForm,
        _ path: String,
        at location: SourceLocation
    ) -> [Problem] {
        guard !form.matches(name) else { return [] }
        let shown = ShownValue(.string(name))
        return [
            Problem(
                .invalidObjectName,
                "field '\(path)': expected \(form.expected), found \(shown)",
                at: location,
                hint: form.suggestion(for: name).map { "write '\($0)'" },
            )
        ]
    }

    /// Checks that a CronJob's name is short enough for the suffix that Kubernetes appends in the names of Jobs.
    private static func cronJobName(_ name: String, at location: SourceLocation) -> [Problem] {
        guard name.utf8.count > cronJobNameLimit, NameForm.subdomain.matches(name) else { return [] }
        let message =
            "field 'metadata.name': expected up to \(cronJobNameLimit) characters, as Kubernetes appends 11 to it for each "
            + "Job, found \(name.utf8.count)"
        return [Problem(.invalidObjectName, message, at: location, hint: "shorten it")]
    }

    private static let cronJobNameLimit = 52

    /// Checks that a CustomResourceDefinition is named after its resource and group.
    private static func definitionName(_ manifest: ManifestObject, at location: SourceLocation) -> [Problem] {
        let spec = manifest.root["spec"]
        guard let group = spec?["group"]?.string, let plural = spec?["names"]?["plural"]?.string,
            manifest.identity.name != "\(plural).\(group)"
        else { return [] }
        let message = "field 'metadata.name': expected '\(plural).\(group)', found '\(manifest.identity.name)'"
        return [
            Problem(
                .invalidObjectName,
                message,
                at: location,
                hint: "a CustomResourceDefinition is named after its plural name and group"
            )
        ]
    }
}

/// An object that a task waits for or deletes, and therefore refers to only by name.
public struct NamedObject: Sendable {
    private let manifest: ManifestObject

    /// Creates an object from its identity.
    ///
    /// - Parameters:
    ///   - identity: The type, name and namespace of the object.
    ///   - location: The location of the name in the task.
    public init(_ identity: ObjectIdentity, at location: SourceLocation) {
        func text(_ value: String) -> Node { .string(value, location: location) }
        let namespace = identity.namespace.map { [("namespace", text($0))] } ?? []
        let root = Node.mapping(
            [
                ("apiVersion", text(identity.type.apiVersion)), ("kind", text(identity.type.kind)),
                ("metadata", .mapping([("name", text(identity.name))] + namespace, location: location)),
            ],
            location: location
        )
        manifest = ManifestObject(identity: identity, root: root, documentIndex: 1)
    }

    /// Syntax errors in the object's name and namespace, by the rules for its kind.
    public var nameProblems: [Problem] {
        // The name of a CustomResourceDefinition must match its contents, which are not known here.
        manifest.identity.isCustomResourceDefinition ? [] : ObjectNames.problems(manifest).map(prefixed)
    }

    /// Finds problems of the object's kind that can be detected without asking a server.
    ///
    /// - Parameter definitions: The CustomResourceDefinitions of the plan.
    /// - Returns: The problems; empty if the kind is not known.
    public func kindProblems(_ definitions: CustomDefinitions) -> [Problem] {
        let type = manifest.identity.type
        let builtIn = RemovedAPI.api(of: type) == nil ? BuiltInKinds.problems(manifest) : []
        guard let near = definitions.nearKind(to: type) else { return builtIn.map(prefixed) }
        let message = "no manifest defines kind '\(type.kind)' in group '\(type.group)'"
        return [prefixed(Problem(.unknownKind, message, at: manifest.location, hint: "did you mean '\(near)'?"))]
    }

    private func prefixed(_ problem: Problem) -> Problem {
        Problem(problem.code, "\(manifest.identity): \(problem.message)", at: problem.location, hint: problem.hint)
    }
}

/// The fields of `metadata`, which are the same in every kind.
enum MetadataFields {
    private static let names = [
        "name", "namespace", "labels", "annotations", "finalizers", "ownerReferences", "generateName", "uid",
        "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
        "managedFields", "selfLink", "clusterName",
    ]

    /// Finds annotations of this program that do not exist, or have a wrong value.
    ///
    /// The annotations that the program itself writes may be in a manifest that was exported.
    static func annotationProblems(_ manifest: ManifestObject) -> [Problem] {
        let own =
            AppliedVersion.annotations + LeaseReports.annotations + [
                ManagedMetadata.taskAnnotation, ApplySetScope.definedKindsAnnotation, SetParent.markAnnotation,
                SetParent.clusterAnnotation,
            ]
        let entries = manifest.root["metadata"]?["annotations"]?.mapping?.entries ?? []
        return entries.filter { $0.key.hasPrefix(ObjectAnnotation.prefix) && !own.contains($0.key) }
            .flatMap { ObjectAnnotation.problems(of: $0, in: manifest) }
    }

    static func problems(_ manifest: ManifestObject) -> [Problem] {
        annotationProblems(manifest) + fieldProblems(manifest)
    }

    private static func fieldProblems(_ manifest: ManifestObject) -> [Problem] {
        entries(manifest).compactMap { entry in
            if entry.key == "managedFields", !entry.value.isNull {
                let message = "field 'metadata.managedFields' may be set only by the server"
                return Problem(.serverField, message, at: entry.location, hint: "remove it")
            }
            if names.contains(entry.key) { return nil }
            return Problem(
                .unknownField,
                "field 'metadata.\(entry.key)' does not exist",
                at: entry.location,
                hint: nearestName(to: entry.key, in: names).map { "did you mean '\($0)'?" } ?? "remove it",
            )
        }
    }

    /// Returns warnings about fields that restrict the manifest to one existing object or to one state of that object.
    static func warnings(_ manifest: ManifestObject) -> [Problem] {
        entries(manifest).filter { !$0.value.isNull && $0.value.string != "" }.compactMap { entry in
            let refused: String
            switch entry.key {
            case "uid":
                refused = "names one existing object, and the server refuses the manifest once that is recreated"
            case "resourceVersion":
                refused = "names one state of the object, and the server refuses the manifest after any change"
            case "ownerReferences" where entry.value.sequence?.isEmpty == false:
                refused = "names an owner by its 'uid', and a server that has no such object deletes this one"
            default: return nil
            }
            return Problem(
                .serverField,
                "field 'metadata.\(entry.key)' \(refused)",
                at: entry.location,
                hint: "remove it"
            )
        }
    }

    private static func entries(_ manifest: ManifestObject) -> [Mapping.Entry] {
        manifest.root["metadata"]?.mapping?.entries ?? []
    }
}
