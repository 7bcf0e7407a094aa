import Base
import YAML

/// The names of objects, of CustomResourceDefinitions, and of containers and volumes.
enum ObjectNames {
    /// Kinds whose names must be DNS labels.
    private static let labelKinds: [String: Set<String>] = ["": ["Namespace", "Service"]]

    /// Kinds whose names must be DNS subdomains, by API group.
    ///
    /// Kinds that are not here, such as those of `rbac.authorization.k8s.io`, may have other names.
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

    /// The problem of a name, none if it has the form.
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
                "field '\(path)': expected \(form.expected), found \(shown)",
                at: location,
                hint: form.suggestion(for: name).map { "write '\($0)'" },
            )
        ]
    }

    /// The name of a CronJob is the beginning of the names of its Jobs.
    private static func cronJobName(_ name: String, at location: SourceLocation) -> [Problem] {
        guard name.utf8.count > cronJobNameLimit, NameForm.subdomain.matches(name) else { return [] }
        let message =
            "field 'metadata.name': expected up to \(cronJobNameLimit) characters, as Kubernetes appends 11 to it for each "
            + "Job, found \(name.utf8.count)"
        return [Problem(message, at: location, hint: "shorten it")]
    }

    private static let cronJobNameLimit = 52

    /// A CustomResourceDefinition is named after its resource and group.
    private static func definitionName(_ manifest: ManifestObject, at location: SourceLocation) -> [Problem] {
        let spec = manifest.root["spec"]
        guard let group = spec?["group"]?.string, let plural = spec?["names"]?["plural"]?.string,
            manifest.identity.name != "\(plural).\(group)"
        else { return [] }
        let message = "field 'metadata.name': expected '\(plural).\(group)', found '\(manifest.identity.name)'"
        return [
            Problem(message, at: location, hint: "a CustomResourceDefinition is named after its plural name and group")
        ]
    }
}
