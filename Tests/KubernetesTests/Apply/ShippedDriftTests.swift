import Base
import Host
import TestSupport
import Testing
import YAML
@testable import Kubernetes

/// Every field of every shipped object, changed by another manager.
@Suite(.tags(.everyServer), .needsAPIServer, .timeLimit(.minutes(5)))
struct ShippedDriftTests {
    /// The shipped manifests, one text an object, with the values of the shipped variables.
    private func shippedObjects() throws -> [(text: String, manifest: ManifestObject)] {
        let source = TestCluster.sourceRoot
        let bootstrap = try readDocuments(
            try Files.read("\(source)/examples/homelab/bootstrap.yaml"),
            file: "bootstrap.yaml"
        ).first?
        .root
        let variables = try #require(bootstrap?["variables"]?.mapping?.entries)
        return try ["rbac", "calico/crds", "calico", "manifests"].flatMap { folder in
            try FileSystem.list("\(source)/\(folder)").filter { $0.hasSuffix(".yaml") }.flatMap { name in
                var text = try Files.text("\(source)/\(folder)/\(name)")
                for variable in variables {
                    let value = variable.value.string ?? String(decoding: variable.value.json(), as: UTF8.self)
                    text = text.replacing("${\(variable.key)}", with: value)
                }
                return try manifests(text).map { (String(decoding: $0.root.json(), as: UTF8.self), $0) }
            }
        }
    }

    /// The same user in another run: one that has changed a definition remembers nothing.
    private func nextRun(of session: Session) throws -> Session {
        try Session(kubeconfig: session.client.kubeconfig.path)
    }

    private func path(of manifest: ManifestObject, on session: Session) async throws -> String {
        let client = session.client
        let type = manifest.identity.type
        let resource = try await client.catalog.resource(of: type, on: client, until: .now + .seconds(600))
        return resource.path(of: manifest.identity)
    }

    /// Sends a JSON patch as another manager, and returns the object if it is another one afterwards.
    private func patch(_ patch: String, _ live: Node, at path: String, on session: Session) async throws -> Node? {
        do {
            let reply = try await session.client.object(
                "PATCH",
                path,
                query: [("fieldManager", "drift")],
                body: Array(patch.utf8),
                contentType: "application/json-patch+json",
                until: .now + .seconds(600),
            )
            let difference = Difference(from: live, to: reply.node, hasStatusSubresource: true)
            return difference.fields.isEmpty ? nil : reply.node
        } catch APIError.refused {
            return nil
        }
    }

    @Test func `every field that another manager changes is reported, and force restores it`() async throws {
        try await TestCluster.withFresh { cluster in
            let session = try Session(kubeconfig: cluster.kubeconfig)
            let objects = try shippedObjects()
            let created = await session.apply(objects.map(\.text).joined(separator: "\n---\n"))
            try #require(created.allSatisfy { $0.hasPrefix("created ") }, "\(created)")
            let counts = try await withThrowingTaskGroup(of: (changed: Int, removed: Int).self) { group in
                for object in objects {
                    group.addTask { try await drift(object.text, object.manifest, on: session) }
                }
                return try await group.reduce(into: (changed: 0, removed: 0)) { sum, next in
                    sum.changed += next.changed
                    sum.removed += next.removed
                }
            }
            #expect(counts.changed > 200)
            #expect(counts.removed > 200)
        }
    }

    /// Changes and removes every field of an object that the server lets another manager change or remove.
    private func drift(
        _ text: String,
        _ manifest: ManifestObject,
        on session: Session
    ) async throws -> (changed: Int, removed: Int) {
        let path = try await path(of: manifest, on: session)
        let original = try #require(try await session.object(path))
        let fields = OwnedField.all(of: try #require(ManagedMetadata.fields(in: original).first), in: original)
        #expect(!fields.isEmpty)
        let first = VerifiedObjects(now: { 0 })
        _ = try await nextRun(of: session).apply(text, verified: first)
        let verified = VerifiedObjects(text: first.text, now: { 60_000 })
        _ = try await nextRun(of: session).apply(text, verified: verified)
        // All that follows knows the object as it was.
        let known = try #require(verified.text, "\(manifest.identity) was not verified")

        var live = original
        var changed: [OwnedField] = []
        for field in fields {
            for change in field.changes {
                guard let next = try await patch(change, live, at: path, on: session) else { continue }
                live = next
                changed.append(field)
                break
            }
        }
        let reported = try await nextRun(of: session).apply(text, verified: VerifiedObjects(text: known))
            .joined(separator: "\n")
        // What the server drops, such as 'readOnly: false', has no manager and is restored.
        let remaining = changed.filter { FieldPath($0.path).resolve(in: live).node != nil && $0.path != ".\(label)" }
        for field in remaining {
            let name = "field '\(field.path.dropFirst())'"
            #expect(reported.contains(name), "\(manifest.identity): \(name) in \(reported)")
        }
        live = try await expectRestored(original, known, at: path, by: text, forceConflicts: true, on: session)

        var removedCount = 0
        for field in fields {
            guard let next = try await patch(field.removal, live, at: path, on: session) else { continue }
            live = next
            removedCount += 1
        }
        // What is gone belongs to nobody and is added again. Where the server has null instead, that is a value.
        let lines = try await nextRun(of: session).apply(text, verified: VerifiedObjects(text: known))
        let isReported = lines.contains { $0.contains("is owned by 'drift'") }
        try await expectRestored(original, known, at: path, by: text, forceConflicts: isReported, on: session)
        return (changed.count, removedCount)
    }

    /// The label is given to an object, not described: another manager's value of it is kept.
    private let label = "metadata.labels.\(ManagedMetadata.managedByLabel)"

    @discardableResult
    private func expectRestored(
        _ original: Node,
        _ known: [UInt8],
        at path: String,
        by text: String,
        forceConflicts: Bool,
        on session: Session,
    ) async throws -> Node {
        let lines = try await nextRun(of: session).apply(
            text,
            forceConflicts: forceConflicts,
            verified: VerifiedObjects(text: known)
        )
        let live = try #require(try await session.object(path))
        // The server counts the changes of a DaemonSet's template.
        let ignored = [
            "metadata.labels[\(ManagedMetadata.managedByLabel)]",
            "metadata.annotations[deprecated.daemonset.template.generation]",
        ]
        let difference = Difference(from: original, to: live, hasStatusSubresource: true)
        let rest = difference.fields.map(\.path).filter { !ignored.contains($0) }
        #expect(rest == [], "\(lines)")
        let again = try await nextRun(of: session).apply(text, verified: VerifiedObjects(text: known))
        #expect(again.allSatisfy { $0.hasPrefix("unchanged ") }, "\(again)")
        // The server itself writes the status of a CRD.
        let later = try await session.object(path)?["metadata"]?["managedFields"]?.sequence ?? []
        let own = (live["metadata"]?["managedFields"]?.sequence ?? []).filter(ManagedMetadata.isOwn)
        #expect(later.filter(ManagedMetadata.isOwn) == own)
        return live
    }
}

/// A field that a manager owns in an object, with what other managers may do to it.
struct OwnedField {
    /// The field as the server names it in conflicts.
    var path: String
    /// The field's JSON pointer.
    var pointer: String
    /// The field's value.
    var value: Node

    /// The fields of a set that an object has, without the keys of list items.
    static func all(of fields: Node, in object: Node) -> [OwnedField] {
        all(of: fields, in: object, path: "", pointer: "", keys: [])
    }

    private static func all(
        of fields: Node,
        in value: Node,
        path: String,
        pointer: String,
        keys: [String]
    ) -> [OwnedField] {
        let entries = fields.mapping?.entries ?? []
        guard !entries.isEmpty else { return [OwnedField(path: path, pointer: pointer, value: value)] }
        return entries.flatMap { entry -> [OwnedField] in
            let name = String(entry.key.dropFirst(2))
            if entry.key.hasPrefix("f:"), !keys.contains(name), let child = value[name] {
                let pointer = "\(pointer)/\(escaped(name))"
                return all(of: entry.value, in: child, path: "\(path).\(name)", pointer: pointer, keys: [])
            }
            guard entry.key.hasPrefix("k:"), let items = value.sequence,
                let keys = try? readJSON(Array(name.utf8), file: "key").mapping?.entries
            else { return [] }
            let text = keys.map { "\($0.key)=\(String(decoding: $0.value.json(), as: UTF8.self))" }
                .joined(separator: ",")
            guard let item = ItemSelector(text).items(of: items).first, let index = items.firstIndex(of: item) else {
                return []
            }
            return all(
                of: entry.value,
                in: item,
                path: "\(path)[\(text)]",
                pointer: "\(pointer)/\(index)",
                keys: keys.map(\.key),
            )
        }
    }

    /// JSON patches that change the field, the likeliest first; the server may refuse some, or all of them.
    var changes: [String] {
        let description = "\(pointer)/0/schema/openAPIV3Schema/description"
        let ofSchema = pointer == "/spec/versions" ? [#"[{"op":"add","path":"\#(description)","value":"drift"}]"#] : []
        return ofSchema
            + Self.scalars(of: value, at: pointer).prefix(2).flatMap { pointer, scalar in
                Self.otherValues(than: scalar).map { #"[{"op":"replace","path":"\#(pointer)","value":\#($0)}]"# }
            }
    }

    /// The JSON patch that removes the field.
    var removal: String { #"[{"op":"remove","path":"\#(pointer)"}]"# }

    private static func scalars(of node: Node, at pointer: String) -> [(String, Node)] {
        switch node.content {
        case .mapping(let mapping):
            mapping.entries.flatMap { scalars(of: $0.value, at: "\(pointer)/\(escaped($0.key))") }
        case .sequence(let items): items.enumerated().flatMap { scalars(of: $1, at: "\(pointer)/\($0)") }
        default: [(pointer, node)]
        }
    }

    private static func otherValues(than node: Node) -> [String] {
        switch node.content {
        case .boolean(let value): return ["\(!value)"]
        case .number(let number): return ["\((Int(number.json) ?? 1) + 1)"]
        case .string(let text):
            let words = ["\(text)x", "1", "UDP", "Never", "Directory", "OnDelete"]
            return words.filter { $0 != text }.map { String(decoding: Node.string($0).json(), as: UTF8.self) }
        default: return []
        }
    }

    private static func escaped(_ key: String) -> String {
        key.replacing("~", with: "~0").replacing("/", with: "~1")
    }
}
