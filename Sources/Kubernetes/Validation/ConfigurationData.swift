import Base
import YAML

/// The data of ConfigMaps and Secrets: keys, types and base64.
enum ConfigurationData {
    static func problems(_ manifest: ManifestObject) -> [Problem] {
        let type = manifest.identity.type
        guard type.group.isEmpty else { return [] }
        switch type.kind {
        case "ConfigMap":
            return ["data", "binaryData"].flatMap { section in
                check(manifest, section, isBase64: section == "binaryData", isSecret: false)
            }
        case "Secret":
            return ["data", "stringData"].flatMap { section in
                check(manifest, section, isBase64: section == "data", isSecret: true)
            }
        default: return []
        }
    }

    private static func check(
        _ manifest: ManifestObject,
        _ section: String,
        isBase64: Bool,
        isSecret: Bool
    ) -> [Problem] {
        (manifest.root[section]?.mapping?.entries ?? []).flatMap { entry -> [Problem] in
            var problems: [Problem] = []
            if !NameForm.dataKey.matches(entry.key) {
                let hint = NameForm.dataKey.suggestion(for: entry.key).map { "write '\($0)'" }
                let message =
                    "key \(ShownValue(.string(entry.key))) of '\(section)': expected \(NameForm.dataKey.expected)"
                problems.append(Problem(message, at: entry.location, hint: hint))
            }
            let field = "\(section).\(entry.key)"
            if let problem = Labels.notString(entry.value, field, showsValue: !isSecret) {
                problems.append(problem)
            } else if isBase64, let text = entry.value.string {
                do throws(Base64Error) {
                    _ = try Base64.decode(text)
                } catch {
                    let other = isSecret ? "move it to 'stringData'" : "move it to 'data'"
                    let hint = "encode it with 'base64 -w0', or \(other)"
                    problems.append(Problem("field '\(field)' \(error)", at: entry.value.location, hint: hint))
                }
            }
            return problems
        }
    }
}
