import Base
import HTTP
import TestSupport
import Testing
import YAML
@testable import Kubernetes

/// What an API server leaves behind that is killed at work.
@Suite(.needsAPIServer, .timeLimit(.minutes(15)))
struct CutOffTests {
    private static let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

    private func definition(_ group: String) -> String {
        """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: ducks.\(group).test}
        spec:
          group: \(group).test
          scope: Cluster
          names: {kind: Duck, plural: ducks}
          versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
        """
    }

    @Test func `what a run has left that was cut off while it woke the server is removed`() async throws {
        let (session, group) = try await Session.inNewNamespace()
        let text = definition(group)
        let path = "\(Self.definitions)/ducks.\(group).test"
        #expect(await session.apply(text) == ["created CustomResourceDefinition/ducks.\(group).test"])
        let left = """
            {apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition,
             metadata: {name: ducks.\(group).test, annotations: {nest-bootstrap/woken-at: "2026-11-21T00:58:54Z"}}}
            """
        _ = try await session.client.object(
            "PATCH",
            path,
            query: [("fieldManager", "nest-bootstrap-wake")],
            body: try node(left).json(),
            until: .now + .seconds(600),
        )
        _ = await session.apply(text)
        let object = try #require(try await session.object(path))
        #expect(object["metadata"]?["annotations"] == (try node("{nest-bootstrap/task: t}")))
        let managers = (object["metadata"]?["managedFields"]?.sequence ?? []).compactMap { $0["manager"]?.string }
        #expect(!managers.contains("nest-bootstrap-wake"), "\(managers)")
    }

    private func service(_ name: String, _ namespace: String, _ address: String) -> String {
        """
        apiVersion: v1
        kind: Service
        metadata: {name: \(name), namespace: \(namespace)}
        spec: {ports: [{port: 1, protocol: TCP}], clusterIP: \(address)}
        """
    }

    /// Removes an object past the API server, as if that had been killed at the deletion.
    private func removeFromStorage(_ key: String) async throws {
        let directory = try await TestCluster.shared.value.directory
        let lines = try Files.text("\(directory)/env").split(separator: "\n")
        let url = try #require(lines.first { $0.hasPrefix("NEST_ETCD=") }).dropFirst("NEST_ETCD=".count)
        let body = #"{"key": "\#(Base64.encode(Array("/registry/\(key)".utf8)))"}"#
        let request = HTTPRequest(method: "POST", url: "\(url)/v3/kv/deleterange", body: Array(body.utf8))
        let response = try await HTTPClient().send(request, deadline: .now + .seconds(600))
        try #require(response.status == 200, "\(String(decoding: response.body, as: UTF8.self))")
    }

    @Test func `an address that no Service has is waited for`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let address = "10.101.\(Int.random(in: 0...255)).\(Int.random(in: 1...254))"
        let text = service("s", namespace, address)
        try #require(await session.apply(text) == ["created Service/\(namespace)/s"])
        let held = await session.apply(service("other", namespace, address))
        #expect(held.count == 1)
        #expect(
            held.first?.contains("provided IP is already allocated: Service/\(namespace)/s has it")
                == true,
            "\(held)"
        )
        try await removeFromStorage("services/specs/\(namespace)/s")
        let path = "/api/v1/namespaces/\(namespace)/services/s"
        try #require(try await becomes { try await session.object(path) == nil })
        let (waits, waited) = AsyncStream<String>.makeStream()
        let run = Task {
            await session.apply(text, retryPolicy: Session.retryPolicy(.seconds(600)) { waited.yield($0) })
        }
        let words = await waits.first { _ in true } ?? ""
        #expect(words.hasPrefix("Service/\(namespace)/s: the server answered 422: "), "\(words)")
        #expect(words.contains("(but no Service has it: the server frees it within some minutes)"), "\(words)")
        run.cancel()
        #expect(await run.value == [])
    }
}
