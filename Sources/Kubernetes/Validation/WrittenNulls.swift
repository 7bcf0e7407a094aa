import Base
import YAML

/// Words such as `~` and `null` where a text is needed, which becomes empty.
enum WrittenNulls {
    static func warnings(_ manifest: ManifestObject) -> [Problem] {
        let isData =
            manifest.identity.type.group.isEmpty && ["ConfigMap", "Secret"].contains(manifest.identity.type.kind)
        let data = (isData ? ["data", "stringData"] : []).flatMap { section in
            (manifest.root[section]?.mapping?.entries ?? []).map { ("\(section).\($0.key)", $0.value) }
        }
        let texts = (PodTemplate(manifest)?.containers ?? []).flatMap { container in
            ["args", "command"].flatMap { list in
                (container.node[list]?.sequence ?? []).enumerated().map { ("\(container.path).\(list)[\($0)]", $1) }
            }
                + (container.node["env"]?.sequence ?? []).enumerated().compactMap { index, item in
                    item["value"].map { ("\(container.path).env[\(index)].value", $0) }
                }
        }
        return (data + texts).compactMap { path, node in
            guard node.isNull, let word = node.spelling, !word.isEmpty else { return nil }
            return Problem(
                .wrongFieldType,
                "field '\(path)': '\(word)' is nothing in YAML, so the text would be empty",
                at: node.location,
                hint: "write '\"\(word)\"', or '\"\"' for an empty text"
            )
        }
    }
}
