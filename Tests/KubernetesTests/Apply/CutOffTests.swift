import Base
import HTTP
import TestSupport
import Testing
import YAML
@testable import Kubernetes

/// What an API server leaves behind that is killed at work.
@Suite(.tags(.everyServer), .needsAPIServer, .timeLimit(.minutes(5)))
struct CutOffTests {
    private static let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

    private func definition(_ number: Int, _ group: String) -> String {
        """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: ducks\(number).\(group).test}
        spec:
          group: \(group).test
          scope: Cluster
          names: {kind: Duck\(number), plural: ducks\(number)}
          versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
        """
    }

    /// Puts definitions into the state in which a server leaves them that ends before it serves them.
    ///
    /// They are deleted and written again past the server: it takes them for new ones, whose names it has accepted, and
    /// looks only at changes of those.
    private func cutOff(_ names: [String], _ session: Session, _ etcd: Etcd) async throws {
        for (number, name) in names.enumerated() {
            let path = "\(Self.definitions)/\(name)"
            var object = try #require(try await session.object(path))
            _ = try await session.client.object("DELETE", path, until: .now + .seconds(600))
            try await wait(session, path) { $0 == nil }
            let isInstalling = try node(
                "[{type: NamesAccepted, status: 'True', reason: NoConflicts}, "
                    + "{type: Established, status: 'False', reason: Installing}]"
            )
            object.replace(["status", "conditions"], with: isInstalling)
            object.replace(["metadata", "uid"], with: .string("\(UInt32.random(in: .min ... .max))-\(number)"))
            object.replace(["metadata", "resourceVersion"], with: nil)
            try await etcd.put(object, at: "apiextensions.k8s.io/customresourcedefinitions/\(name)")
            try await wait(session, path) { $0 != nil }
        }
    }

    /// Waits until an object is as it should be.
    private func wait(_ session: Session, _ path: String, _ condition: (Node?) -> Bool) async throws {
        try #require(try await becomes { condition(try await session.object(path)) })
    }

    @Test func `twenty definitions whose installation was cut off are served, and the next apply moves nothing`()
        async throws
    {
        let (session, group) = try await Session.inNewNamespace()
        let names = (0..<20).map { "ducks\($0).\(group).test" }
        let text = (0..<20).map { definition($0, group) }.joined(separator: "\n---\n")
        let lines = await session.apply(text)
        #expect(Set(lines) == Set(names.map { "created CustomResourceDefinition/\($0)" }))
        let etcd = try await Etcd()
        var served = names
        // A server that is slow to see the deletion of one looks at it once more, and serves it; the more, the busier the
        // machine is.
        for _ in 0..<50 where served.count > names.count / 2 {
            try await cutOff(served, session, etcd)
            // For as long as several API servers would take to serve them.
            try await Task.sleep(for: .seconds(6))
            served = []
            for name in names {
                let conditions = try await session.object("\(Self.definitions)/\(name)")?["status"]?["conditions"]
                if conditions?[1]?["status"]?.string != "False" { served.append(name) }
            }
        }
        #expect(served.count <= names.count / 2)
        let unchanged = Set(names.map { "unchanged CustomResourceDefinition/\($0)" })
        #expect(Set(await session.apply(text)) == unchanged)
        var versions: [String?] = []
        for name in names {
            let object = try #require(try await session.object("\(Self.definitions)/\(name)"))
            versions.append(object["metadata"]?["resourceVersion"]?.string)
            #expect(object["metadata"]?["annotations"] == (try node("{nest-bootstrap/task: t}")))
            let managers = (object["metadata"]?["managedFields"]?.sequence ?? []).compactMap { $0["manager"]?.string }
            #expect(!managers.contains("nest-bootstrap-wake"), "\(managers)")
        }
        #expect(Set(await session.apply(text)) == unchanged)
        for (name, version) in zip(names, versions) {
            #expect(try await session.resourceVersion("\(Self.definitions)/\(name)") == version)
        }
    }

    @Test func `what a run has left that was cut off while it woke the server is removed`() async throws {
        let (session, group) = try await Session.inNewNamespace()
        let text = definition(0, group)
        let path = "\(Self.definitions)/ducks0.\(group).test"
        #expect(await session.apply(text) == ["created CustomResourceDefinition/ducks0.\(group).test"])
        let left = """
            {apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition,
             metadata: {name: ducks0.\(group).test, annotations: {nest-bootstrap/woken-at: "2026-11-21T00:58:54Z"}}}
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
        try await (try await Etcd()).remove("services/specs/\(namespace)/s")
        let path = "/api/v1/namespaces/\(namespace)/services/s"
        try await wait(session, path) { $0 == nil }
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

extension Node {
    /// Sets the value at a path of keys, or removes it.
    fileprivate mutating func replace(_ path: ArraySlice<String>, with value: Node?) {
        guard let key = path.first, var mapping else { return }
        if path.count == 1 {
            mapping[key] = value
        } else {
            mapping[key]?.replace(path.dropFirst(), with: value)
        }
        content = .mapping(mapping)
    }
}

/// The storage of the cluster that the tests share, for states that an API server reaches only when it is killed.
struct Etcd {
    private let url: String
    private let client: HTTPClient

    init() async throws {
        let directory = try await TestCluster.shared.value.directory
        let lines = try Files.text("\(directory)/env").split(separator: "\n")
        let line = try #require(lines.first { $0.hasPrefix("NEST_ETCD=") })
        url = String(line.dropFirst("NEST_ETCD=".count))
        client = try HTTPClient()
    }

    /// Writes an object as it is, past the API server.
    func put(_ object: Node, at key: String) async throws {
        try await send("put", key, (", \"value\": \"\(base64(object.json()))\""))
    }

    /// Removes an object past the API server.
    func remove(_ key: String) async throws {
        try await send("deleterange", key, "")
    }

    private func send(_ operation: String, _ key: String, _ rest: String) async throws {
        let body = #"{"key": "\#(base64(Array("/registry/\(key)".utf8)))"\#(rest)}"#
        let request = HTTPRequest(method: "POST", url: "\(url)/v3/kv/\(operation)", body: Array(body.utf8))
        let response = try await client.send(request, deadline: .now + .seconds(600))
        try #require(response.status == 200, "\(String(decoding: response.body, as: UTF8.self))")
    }

    private func base64(_ bytes: [UInt8]) -> String { Base64.encode(bytes) }
}
