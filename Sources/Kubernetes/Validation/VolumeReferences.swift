import Base
import YAML

/// Mounts of volumes that the pod does not have.
enum VolumeReferences {
    static func problems(_ manifest: ManifestObject) -> [Problem] {
        guard let pod = PodTemplate(manifest) else { return [] }
        var volumes = names(of: pod.spec["volumes"])
        if manifest.identity.type.kind == "StatefulSet" {
            volumes += (manifest.root["spec"]?["volumeClaimTemplates"]?.sequence ?? []).compactMap {
                $0["metadata"]?["name"]?.string
            }
        }
        return pod.containers.flatMap { container in
            ["volumeMounts", "volumeDevices"].flatMap { list in
                (container.node[list]?.sequence ?? []).enumerated().compactMap { index, mount in
                    guard let name = mount["name"], let text = name.string, !volumes.contains(text) else { return nil }
                    let near = nearestName(to: text, in: volumes)
                    return Problem(
                        "field '\(container.path).\(list)[\(index)].name': the pod has no volume '\(text)'",
                        at: name.location,
                        hint: near.map { "did you mean '\($0)'?" } ?? "write it below 'volumes:' of the pod",
                    )
                }
            }
        }
    }

    private static func names(of list: Node?) -> [String] {
        (list?.sequence ?? []).compactMap { $0["name"]?.string }
    }
}
