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
            } + repeatedKeys(manifest.root)
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
        guard let node = manifest.root[section], node.content != .null else { return [] }
        guard let mapping = node.mapping else {
            let message = "field '\(section)': expected a mapping, found \(node.kindName)"
            return [
                Problem(.wrongFieldType, message, at: node.location, hint: "write 'KEY: VALUE' below '\(section):'")
            ]
        }
        return mapping.entries.flatMap { entry -> [Problem] in
            var problems: [Problem] = []
            if !NameForm.dataKey.matches(entry.key) {
                let hint = NameForm.dataKey.suggestion(for: entry.key).map { "write '\($0)'" }
                let message =
                    "key \(ShownValue(.string(entry.key))) of '\(section)': expected \(NameForm.dataKey.expected)"
                problems.append(Problem(.invalidObjectName, message, at: entry.location, hint: hint))
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
                    problems.append(
                        Problem(.invalidBase64, "field '\(field)' \(error)", at: entry.value.location, hint: hint)
                    )
                }
            }
            return problems
        }
    }

    /// Finds values of ConfigMaps and Secrets that SOPS has encrypted, outside of a file of SOPS.
    ///
    /// Nothing can decrypt such a value, because the keys are in the rest of its file.
    static func encryptedValues(_ root: Node, _ identity: ObjectIdentity) -> [Problem] {
        guard identity.type.group.isEmpty, ["ConfigMap", "Secret"].contains(identity.type.kind) else { return [] }
        return ["data", "stringData"].flatMap { section -> [Problem] in
            let isBase64 = section == "data" && identity.type.kind == "Secret"
            return (root[section]?.mapping?.entries ?? []).compactMap { entry in
                guard let text = entry.value.string, let format = encryption(of: text, isBase64: isBase64),
                    format.kind == .encryptedValue
                else { return nil }
                return Problem(
                    .otherFileKind,
                    "\(identity): field '\(section).\(entry.key)' is \(format.name), and the cluster would get it as it is",
                    at: entry.value.location,
                    hint: format.hint(path: nil, for: .content)
                )
            }
        }
    }

    /// Warns about values of Secrets that Ansible Vault has encrypted, which only Ansible can read.
    static func encryptedFiles(_ manifest: ManifestObject) -> [Problem] {
        guard manifest.identity.type.group.isEmpty, manifest.identity.type.kind == "Secret" else { return [] }
        return ["data", "stringData"].flatMap { section -> [Problem] in
            (manifest.root[section]?.mapping?.entries ?? []).compactMap { entry in
                guard let text = entry.value.string,
                    let format = encryption(of: text, isBase64: section == "data"), format.kind == .encryptedForTools
                else { return nil }
                return Problem(
                    .otherFileKind,
                    "field '\(section).\(entry.key)' is \(format.name), and the cluster would get it as it is",
                    at: entry.value.location,
                    hint: format.hint(path: nil, for: .content)
                )
            }
        }
    }

    /// Returns the program that has encrypted a value, `nil` if the value does not begin like an encrypted one.
    private static func encryption(of text: String, isBase64: Bool) -> ContentFormat? {
        let marks = isBase64 ? ["RU5D", "JEFOU0lCTEVf"] : ["ENC[", "$ANSIBLE_"]
        guard text.contains("ENC[") || marks.contains(where: text.hasPrefix) else { return nil }
        // A text of SOPS in the place of base64 is reported too.
        let bytes = isBase64 ? try? Base64.decode(text) : nil
        return ContentFormat.encrypted(bytes ?? Array(text.utf8))
    }

    /// Finds keys that are in both `data` and `binaryData` of a ConfigMap.
    private static func repeatedKeys(_ root: Node) -> [Problem] {
        (root["binaryData"]?.mapping?.entries ?? []).compactMap { entry in
            guard let other = root["data"]?[entry.key] else { return nil }
            let message = "key '\(entry.key)' is in 'binaryData' and in 'data' (\(other.location))"
            return Problem(.repeatedItem, message, at: entry.location, hint: "remove one of them")
        }
    }

    // MARK: Secrets of built-in types

    /// The keys that each type of Secret requires; a Secret for basic authentication requires only one of its keys.
    private static let requiredKeys = [
        "kubernetes.io/basic-auth": ["username", "password"], "kubernetes.io/dockercfg": [".dockercfg"],
        "kubernetes.io/dockerconfigjson": [".dockerconfigjson"], "kubernetes.io/ssh-auth": ["ssh-privatekey"],
        "kubernetes.io/tls": ["tls.crt", "tls.key"],
    ]

    /// Finds required keys and annotations that are missing in a Secret of a built-in type.
    ///
    /// A server refuses such a Secret unless another field manager has set the missing keys and annotations.
    ///
    /// A manifest without data is accepted, because other field managers may set all keys. The rules are described at
    /// https://kubernetes.io/docs/concepts/configuration/secret/#secret-types.
    static func warnings(_ manifest: ManifestObject) -> [Problem] {
        let (root, identity) = (manifest.root, manifest.identity)
        guard identity.type.group.isEmpty, identity.type.kind == "Secret" else { return [] }
        return encodedTwice(root["data"]) + missingKeys(root)
    }

    /// Warns of PEM files that were encoded with base64 twice, so that a Pod gets the text of the first encoding.
    private static func encodedTwice(_ data: Node?) -> [Problem] {
        (data?.mapping?.entries ?? []).compactMap { entry in
            // The encodings of `-----BEGIN`.
            guard let text = entry.value.string, let once = try? Base64.decode(text),
                once.starts(with: Array("LS0tLS1CRUdJTi".utf8))
            else { return nil }
            return Problem(
                .invalidBase64,
                "field 'data.\(entry.key)' is a PEM file that is encoded twice",
                at: entry.value.location,
                hint: "encode it once with 'base64 -w0', or write the text of the file below 'stringData'"
            )
        }
    }

    /// Warns of keys and annotations that the type of a Secret requires.
    private static func missingKeys(_ root: Node) -> [Problem] {
        guard let type = root["type"], let name = type.string else { return [] }
        let accountKey = "kubernetes.io/service-account.name"
        if name == "kubernetes.io/service-account-token", root["metadata"]?["annotations"]?[accountKey] == nil {
            let message = "a Secret of type '\(name)' needs annotation '\(accountKey)'"
            return [
                Problem(.missingField, message, at: type.location, hint: "add it with the name of the ServiceAccount")
            ]
        }
        let keys = ["data", "stringData"].flatMap { root[$0]?.mapping?.entries ?? [] }.map { ExactText($0.key) }
        guard let required = requiredKeys[name], !keys.isEmpty else { return [] }
        let missing = required.filter { !keys.contains(ExactText($0)) }
        let isOneEnough = name == "kubernetes.io/basic-auth"
        guard !missing.isEmpty, !isOneEnough || missing.count == required.count else { return [] }
        let list = missing.map { "'\($0)'" }.joined(separator: isOneEnough ? " or " : " and ")
        let message = "a Secret of type '\(name)' needs \(list) in 'data' or 'stringData'"
        return [Problem(.missingField, message, at: type.location, hint: "add \(list)")]
    }
}
