import Base
import YAML

/// Conditions of the schemas in CustomResourceDefinitions that the schema of that kind does not have.
///
/// Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
enum StructuralSchema {
    private static let types = ["array", "boolean", "integer", "number", "object", "string"]

    static func problems(_ manifest: ManifestObject) -> [Problem] {
        // Version v1beta1 also has definitions without a structural schema.
        guard manifest.identity.isCustomResourceDefinition, manifest.identity.type.version == "v1",
            let versions = manifest.root["spec"]?["versions"]?.sequence
        else { return [] }
        return storageProblems(versions)
            + versions.enumerated().flatMap { index, version -> [Problem] in
                guard let schema = version["schema"]?["openAPIV3Schema"], schema.mapping != nil else { return [] }
                var problems: [Problem] = []
                check(schema, "spec.versions[\(index)].schema.openAPIV3Schema", isRoot: true, &problems)
                return problems
            }
    }

    /// Returns the problem of a definition in which no version is stored, or more than one.
    private static func storageProblems(_ versions: [Node]) -> [Problem] {
        let stored = versions.indices.filter { versions[$0]["storage"]?.boolean == true }
        // A version without the field, or with a text in its place, is reported as such.
        guard versions.allSatisfy({ $0["storage"]?.boolean != nil }), stored.count != 1, let first = versions.first
        else {
            return []
        }
        guard stored.count > 1 else {
            let message = "no version of 'spec.versions' has 'storage: true'"
            return [Problem(.wrongFieldValue, message, at: first["storage"]?.location, hint: "write it in one of them")]
        }
        let earlier = versions[stored[0]]["name"]?.string.map { "version '\($0)'" } ?? "another version"
        return stored.dropFirst().map { index in
            Problem(
                .wrongFieldValue,
                "field 'spec.versions[\(index)].storage': \(earlier) is stored already, and only one can be",
                at: versions[index]["storage"]?.location,
                hint: "write 'storage: false'"
            )
        }
    }

    private static func check(_ schema: Node, _ path: String, isRoot: Bool, _ problems: inout [Problem]) {
        guard let entries = schema.mapping?.entries else { return }
        let hasAnyType =
            !isRoot
            && ["x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields"].contains {
                schema[$0]?.boolean == true
            }
        let type = schema["type"]?.string
        if type ?? "" == "", !hasAnyType, schema["type"].map({ $0.isNull || $0.string != nil }) ?? true,
            !hasMisspelt("type", in: entries)
        {
            let written = isRoot || schema["properties"] != nil ? "object" : schema["items"] != nil ? "array" : "string"
            problems.append(
                Problem(
                    .missingField,
                    "field '\(path).type' is missing",
                    at: schema["type"]?.location ?? schema.location,
                    hint: isRoot ? "write 'type: object'" : "write the type of the field, such as 'type: \(written)'"
                )
            )
        } else if let type, isRoot ? type != "object" : !types.contains(type), !type.isEmpty {
            let allowed = isRoot ? ["object"] : types
            let near = nearestName(to: type, in: allowed)
            problems.append(
                Problem(
                    .wrongFieldValue,
                    "field '\(path).type': expected \(isRoot ? "" : "one of ")\(allowed.joined(separator: ", ")), found '\(type)'",
                    at: schema["type"]?.location,
                    hint: near.map { "write '\($0)'" }
                )
            )
        }
        if type == "array", schema["items"].map(\.isNull) ?? true, !hasMisspelt("items", in: entries) {
            let hint = "write the schema of an item, such as 'items: {type: string}'"
            let place = schema["items"]?.location ?? schema.location
            problems.append(Problem(.missingField, "field '\(path).items' is missing", at: place, hint: hint))
        }
        for entry in schema["properties"]?.mapping?.entries ?? [] {
            check(entry.value, "\(path).properties[\(entry.key)]", isRoot: false, &problems)
        }
        for field in ["items", "additionalProperties"] {
            schema[field].map { check($0, "\(path).\(field)", isRoot: false, &problems) }
        }
    }

    /// Whether there is a key that is probably meant to be a field, which is reported as unknown.
    private static func hasMisspelt(_ field: String, in entries: [Mapping.Entry]) -> Bool {
        entries.contains { $0.key != field && nearestName(to: $0.key, in: [field]) != nil }
    }
}
