import Base
import TestSupport
import Testing
import YAML
@testable import Kubernetes

/// Objects that a server-side apply alone would not make as their manifests describe them.
@Suite(.needsAPIServer, .timeLimit(.minutes(15)))
struct CompletionTests {
    /// A definition of kind `Group` with two versions that have the same schema, and an object of it.
    private func group(_ namespace: String, listType: String = "atomic", _ object: String) -> String {
        let items = "{type: object, required: [name], properties: {name: {type: string}}}"
        let keys = listType == "map" ? ", x-kubernetes-list-map-keys: [name]" : ""
        let list = "{type: array, x-kubernetes-list-type: \(listType)\(keys), items: \(items)}"
        let spec = "{type: object, properties: {groups: \(list), mode: {type: string}}}"
        let schema = "schema: {openAPIV3Schema: {type: object, properties: {spec: \(spec)}}}"
        return """
            {apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: groups.\(namespace).test}, spec: {
             group: \(namespace).test, scope: Namespaced, names: {kind: Group, plural: groups, singular: group}, versions: [
             {name: v1, served: true, storage: true, \(schema)}, {name: v1beta1, served: true, storage: false, \(schema)}]}}
            ---
            \(object)
            """
    }

    private func object(_ namespace: String, _ spec: String, version: String = "v1", metadata: String = "") -> String {
        "{apiVersion: \(namespace).test/\(version), kind: Group, metadata: {name: a, namespace: \(namespace)\(metadata)}, "
            + "spec: \(spec)}"
    }

    @Test func `the items of a list are in the order of the manifest`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        func deployment(_ names: String...) -> String {
            let containers = names.map { "{name: \($0), image: i}" }.joined(separator: ", ")
            return """
                {apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: \(namespace)}, spec: {paused: true,
                 replicas: 0, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {
                 initContainers: [\(containers)], containers: [{name: main, image: i}]}}}}
                """
        }
        _ = await session.apply(deployment("second", "third"))
        let lines = await session.apply(deployment("first", "second", "third"))
        #expect(lines.count == 1 && lines[0].hasPrefix("configured "), "\(lines)")
        let live = try await session.object("/apis/apps/v1/namespaces/\(namespace)/deployments/a")
        let containers = live?["spec"]?["template"]?["spec"]?["initContainers"]?.sequence ?? []
        #expect(containers.map { $0["name"]?.string } == ["first", "second", "third"])
        let again = await session.apply(deployment("first", "second", "third"))
        #expect(again.count == 1 && again[0].hasPrefix("unchanged "), "\(again)")
    }

    @Test(arguments: [false, true])
    func `items go from a list that was owned as a whole before its definition changed`(isOthers: Bool) async throws {
        var (session, namespace) = try await Session.inNewNamespace()
        let object = object(namespace, "{groups: [{name: a}, {name: b}]}")
        let other = object.replacing("name: a, namespace", with: "name: other, namespace")
        #expect(await session.apply(group(namespace, isOthers ? other : object)).count == 2)
        let path = "/apis/\(namespace).test/v1/namespaces/\(namespace)/groups"
        if isOthers {
            try await session.update("POST", object, at: path, as: "deploy@server1")
            session.takenManagers = ["deploy@*"]
        }
        let manifest = self.object(namespace, "{groups: [{name: a}]}")
        let second = group(namespace, listType: "map", manifest)
        #expect(await session.apply(group(namespace, listType: "map", "")).count == 1)
        // The server takes a moment to use a changed definition: then it refuses an item that is there twice.
        let twice = try node(self.object(namespace, "{groups: [{name: a}, {name: a}]}")).json()
        let client = session.client
        let isUsed = try await becomes {
            do {
                let type = "application/json"
                _ = try await client.object("POST", path, body: twice, contentType: type, until: .now + .seconds(600))
                return false
            } catch let error as APIError { return error.status?.code == 422 }
        }
        #expect(isUsed)
        let lines = await session.apply(manifest)
        #expect(lines.count == 1 && lines[0].hasPrefix("configured "), "\(lines)")
        let live = try await session.object("/apis/\(namespace).test/v1/namespaces/\(namespace)/groups/a")
        #expect(live?["spec"] == (try node("{groups: [{name: a}]}")))
        let again = await session.apply(second)
        #expect(again.count == 2 && again.allSatisfy { $0.hasPrefix("unchanged ") }, "\(again)")
    }

    @Test func `fields of a manager that wrote another version of the kind go too`() async throws {
        var (session, namespace) = try await Session.inNewNamespace()
        session.takenManagers = ["deploy@*"]
        let path = "/apis/\(namespace).test/v1beta1/namespaces/\(namespace)/groups"
        let definition = group(namespace, object(namespace, "{}").replacing("name: a,", with: "name: other,"))
        #expect(await session.apply(definition).count == 2)
        let theirs = object(
            namespace,
            "{mode: x}",
            version: "v1beta1",
            metadata: ", annotations: {theirs: x}, labels: {theirs: x}"
        )
        try await session.update("POST", theirs, at: path, as: "deploy@server1")
        let manifest = object(namespace, "{groups: [{name: a}]}")
        let lines = await session.apply(manifest)
        #expect(lines.count == 1 && lines[0].hasPrefix("configured "), "\(lines)")
        let live = try await session.object("\(path)/a")
        #expect(live?["spec"] == (try node("{groups: [{name: a}]}")))
        #expect(live?["metadata"]?["annotations"]?["theirs"] == nil)
        #expect(live?["metadata"]?["labels"]?["theirs"] == nil)
        let again = await session.apply(manifest)
        #expect(again.count == 1 && again[0].hasPrefix("unchanged "), "\(again)")
    }
}
