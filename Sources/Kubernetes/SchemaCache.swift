import HTTP
import Locking
import YAML

/// The server's own description of its kinds, fetched when an object has been refused.
///
/// `/openapi/v2` is served by every version and covers custom resources too. It is some megabytes, so it is asked for
/// only then, and afterwards only whether it has changed, as it does with every new CustomResourceDefinition.
final class SchemaCache: Sendable {
    private struct Known {
        var tag: String
        var definitions: Mapping
    }

    private let known = Locked<Known?>(nil)

    /// Returns the schema of a kind, `nil` if the server does not describe it.
    func schema(
        of type: GroupVersionKind,
        on client: APIClient,
        until deadline: ContinuousClock.Instant,
    ) async -> Schema? {
        guard let definitions = await definitions(on: client, until: deadline) else { return nil }
        let entry = definitions.entries.first { Self.types(of: $0.value).contains(type) }
        return entry.map { Schema(node: $0.value, name: $0.key, definitions: definitions) }
    }

    /// Returns the groups and versions in which the server has a kind of this name.
    func types(
        ofKind kind: String,
        on client: APIClient,
        until deadline: ContinuousClock.Instant,
    ) async -> [GroupVersionKind] {
        let entries = await definitions(on: client, until: deadline)?.entries ?? []
        return entries.flatMap { Self.types(of: $0.value) }.filter { $0.kind == kind }
    }

    private func definitions(on client: APIClient, until deadline: ContinuousClock.Instant) async -> Mapping? {
        let old = known.withLock { $0 }
        let headers = [HTTPHeader("Accept", "application/json"), HTTPHeader("If-None-Match", old?.tag ?? "")]
        guard let response = try? await client.send("GET", "/openapi/v2", headers: headers, until: deadline),
            response.status == 200, let node = try? readJSON(response.body, file: "/openapi/v2"),
            let definitions = node["definitions"]?.mapping
        else { return old?.definitions }
        known.withLock { $0 = Known(tag: response.values(of: "etag").first ?? "", definitions: definitions) }
        return definitions
    }

    private static func types(of definition: Node) -> [GroupVersionKind] {
        (definition["x-kubernetes-group-version-kind"]?.sequence ?? []).map { type in
            GroupVersionKind(
                group: type["group"]?.string ?? "",
                version: type["version"]?.string ?? "",
                kind: type["kind"]?.string ?? "",
            )
        }
    }
}
