import Base
import YAML

/// Checks for mounts of volumes that the pod does not have.
enum VolumeReferences {
    /// A mount in a container: the path of its field, and the node with the name of the volume.
    private typealias Use = (field: String, name: String, node: Node)

    static func problems(_ manifest: ManifestObject) -> [Problem] {
        guard let pod = PodTemplate(manifest) else { return [] }
        var volumes = (pod.spec["volumes"]?.sequence ?? []).compactMap { $0["name"] }
        if manifest.identity.type.kind == "StatefulSet" {
            let claims = manifest.root["spec"]?["volumeClaimTemplates"]?.sequence ?? []
            volumes += claims.compactMap { $0["metadata"]?["name"] }
        }
        let uses = pod.containers.flatMap(uses(of:))
        let names = Set(volumes.compactMap(\.string))
        var missing = uses.filter { !names.contains($0.name) }
        guard !missing.isEmpty else { return [] }
        let used = Set(uses.map(\.name))
        let words = WordCounts(manifest.root.strings)
        var problems: [Problem] = []
        for volume in volumes {
            guard let name = volume.string, !used.contains(name),
                let near = nearestName(to: name, in: missing.map(\.name)),
                case let count = missing.count(where: { $0.name == near }),
                words.isMisspelt(name, unlike: near, usedTimes: count)
            else { continue }
            missing.removeAll { $0.name == near }
            problems.append(
                Problem(
                    .misspeltName,
                    "volume '\(name)' is not mounted, and '\(near)' is mounted \(count == 1 ? "once" : "\(count) times") without being a volume of the pod",
                    at: volume.location,
                    hint: "write '\(near)'"
                )
            )
        }
        return problems
            + missing.map { use in
                let near = nearestName(to: use.name, in: names.sorted())
                return Problem(
                    .danglingReference,
                    "field '\(use.field).name': the pod has no volume '\(use.name)'",
                    at: use.node.location,
                    hint: near.map { "did you mean '\($0)'?" } ?? "write it below 'volumes:' of the pod",
                )
            }
    }

    private static func uses(of container: (path: String, node: Node)) -> [Use] {
        ["volumeMounts", "volumeDevices"].flatMap { list in
            (container.node[list]?.sequence ?? []).enumerated().compactMap { index, mount in
                guard let name = mount["name"], let text = name.string else { return nil }
                return ("\(container.path).\(list)[\(index)]", text, name)
            }
        }
    }
}
