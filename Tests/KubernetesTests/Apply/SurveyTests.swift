import Base
import HTTP
import TestSupport
import Testing
import YAML
@testable import Kubernetes

/// Lists of metadata in place of a GET of each object, on a server of their own.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
struct SurveyTests {
    private static let count = 30

    /// An object whose name is after those of other objects, so that the first pages of a list have none of them.
    private static func map(_ index: Int, _ value: String = "b") -> String {
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: z-\(index), namespace: default}, data: {a: \(value)}}"
    }

    private static let maps = (0..<count).map { map($0) }

    /// A user of the server, and the memory of the runs.
    private struct Node {
        let cluster: TestCluster
        var known: [UInt8]?
        /// The time of the next run; each is some time after the one before.
        private var time: Int64 = 0

        init(_ cluster: TestCluster) {
            self.cluster = cluster
        }

        /// Applies objects in a new run, and returns its lines by their first words.
        mutating func apply(_ objects: [String]) async throws -> [String: Int] {
            time += 60_000
            let verified = VerifiedObjects(text: known, now: { [time] in time })
            let session = try Session(kubeconfig: cluster.kubeconfig)
            let lines = await session.apply(objects.joined(separator: "\n---\n"), verified: verified)
            known = verified.text ?? known
            return Dictionary(lines.map { (String($0.prefix { $0 != " " }), 1) }) { $0 + $1 }
        }
    }

    @Test func `what others change, delete or take is found in a list with many objects`() async throws {
        try await TestCluster.withFresh { cluster in
            let others = (0..<1200).map { index in
                "{apiVersion: v1, kind: ConfigMap, metadata: {name: other-\(index)}, data: {a: b}}"
            }
            _ = try await cluster.kubectl("create", "-f", "-", input: others.joined(separator: "\n---\n"))
            var node = Node(cluster)
            #expect(try await node.apply(Self.maps) == ["created": Self.count])
            for _ in 0..<2 { #expect(try await node.apply(Self.maps) == ["unchanged": Self.count]) }
            _ = try await cluster.kubectl("patch", "configmap", "z-3", "-p", #"{"data":{"a":"z"}}"#)
            _ = try await cluster.kubectl("delete", "configmap", "z-4")
            _ = try await cluster.kubectl("label", "configmap", "z-5", "app.kubernetes.io/managed-by-")
            _ = try await cluster.kubectl("annotate", "configmap", "z-6", "other=a")
            let found = try await node.apply(Self.maps)
            // The changed field is that of another manager, which is a conflict, and the removed label is set again.
            #expect(found["created"] == 1 && found["configured"] == 1, "\(found)")
            #expect(found["unchanged"] == Self.count - 3 && found.count == 4, "\(found)")
            let changed = try await node.apply(Self.maps.dropLast() + [Self.map(Self.count - 1, "c")])
            #expect(changed["configured"] == 1, "\(changed)")
        }
    }
}

/// Servers that list no metadata, or not all of it.
@Suite(.timeLimit(.minutes(15)))
struct RefusedListTests {
    private static let collection = "/api/v1/namespaces/default/configmaps"
    private static let names = (0..<20).map { "m-\($0)" }

    private static func list(_ names: [String], _ metadata: String) -> String {
        let items = names.map { #"{"metadata":{"name":"\#($0)","uid":"\#($0)","resourceVersion":"1"}}"# }
        let kind = #""kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1""#
        return #"{\#(kind),"metadata":{\#(metadata)},"items":[\#(items.joined(separator: ","))]}"#
    }

    /// Reads the list of a server that answers to its pages in their order.
    private func read(_ client: APIClient) async -> ListedObjects.Findings {
        await ListedObjects(
            client: client,
            collection: Self.collection,
            names: Set(Self.names),
            hasKnownStates: true,
            isJSON: false,
            deadline: .now + .seconds(600)
        ).read()
    }

    private func server(_ pages: [LoopbackServer.Reply]) throws -> FakeAPIServer {
        let count = Locked(0)
        return try FakeAPIServer { request in
            guard request.target.hasPrefix("\(Self.collection)?") else { return nil }
            let number = count.withLock { count in
                count += 1
                return count - 1
            }
            return number < pages.count ? pages[number] : nil
        }
    }

    @Test func `a list whose state has expired begins again once`() async throws {
        let first = FakeAPIServer.json(200, Self.list(["m-0"], #""continue":"t","remainingItemCount":19"#))
        let expired = FakeAPIServer.json(410, #"{"reason":"Expired","message":"too old"}"#)
        let rest = FakeAPIServer.json(200, Self.list(Array(Self.names.dropFirst()), ""))
        let fake = try server([first, expired, first, rest])
        let findings = await read(try fake.session().client)
        #expect(Set(findings.found.keys) == Set(Self.names) && findings.isComplete)
        let other = try server([first, expired, first, expired, first, rest])
        let none = await read(try other.session().client)
        #expect(none.found.isEmpty && !none.isComplete)
        #expect(other.requests("GET \(Self.collection)").count == 4)
    }

    @Test(arguments: [
        FakeAPIServer.json(403, #"{"reason":"Forbidden","message":"no"}"#), FakeAPIServer.json(200, "{}"),
        FakeAPIServer.json(200, #"{"kind":"ConfigMapList","items":[]}"#),
        FakeAPIServer.json(200, list([], #""continue":"t","remainingItemCount":1"#)),
    ])
    func `a list that is refused, without an end, or no list shows nothing`(page: LoopbackServer.Reply) async throws {
        let fake = try server(Array(repeating: page, count: 1000))
        let findings = await read(try fake.session().client)
        #expect(findings.found.isEmpty && !findings.isComplete)
        #expect(fake.requests("GET \(Self.collection)").count < 10)
    }
}

/// Lists of metadata, as protobuf and as JSON.
@Suite(.needsAPIServer)
struct MetadataListTests {
    @Test func `a damaged message is an error, and never more`() async throws {
        let session = try await Session.admin()
        let response = try await session.client.send(
            "GET",
            "/api/v1/namespaces",
            query: [("limit", "2")],
            headers: [HTTPHeader("Accept", MetadataList.accept)],
            until: .now + .seconds(600)
        )
        let body = response.body
        #expect(body.starts(with: [0x6B, 0x38, 0x73, 0]))
        let whole = try MetadataList(body).items().map(\.metadata)
        // The last fields of the message are empty.
        for count in 0..<(body.count - 4) {
            let part = try? MetadataList(Array(body[..<count])).items().map(\.metadata)
            #expect(part != whole, "cut at \(count)")
        }
        for offset in body.indices {
            for byte: UInt8 in [0, 0x80, 0xFF] {
                var changed = body
                changed[offset] = byte
                _ = try? MetadataList(changed).items()
            }
        }
        for text in ["", "k8s", "{}", "[]", #"{"kind":"ConfigMapList","items":[]}"#] {
            #expect(throws: ProtobufReader.Damage.self, "\(text)") { try MetadataList(Array(text.utf8)) }
        }
    }
}
