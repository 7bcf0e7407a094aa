import Base
import TestSupport
import Testing
import YAML
@testable import Kubernetes

/// Lists of metadata in place of a GET of each object, on a server of their own.
@Suite(.tags(.everyServer), .needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(5)))
struct SurveyTests {
    private static let count = 30
    private static let collection = "/api/v1/namespaces/default/configmaps"

    private static func map(_ index: Int, _ value: String = "b", namespace: String = "default") -> String {
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: m-\(index), namespace: \(namespace)}, data: {a: \(value)}}"
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

        /// Creates objects, and applies them until they are known to be unchanged.
        mutating func verify(_ objects: [String]) async throws {
            #expect(try await apply(objects) == ["created": objects.count])
            for _ in 0..<2 { #expect(try await apply(objects) == ["unchanged": objects.count]) }
        }

        /// The requests for ConfigMaps so far, by verb.
        func requests() async throws -> [String: Int] {
            let metrics = try await cluster.kubectl("get", "--raw=/metrics")
            var counts: [String: Int] = [:]
            for line in metrics.outputLines
            where line.hasPrefix("apiserver_request_total{") && line.contains("resource=\"configmaps\"") {
                guard let verb = line.firstMatch(of: /verb="(\w+)"/)?.1, let number = line.split(separator: " ").last,
                    let count = Double(number), line.contains("code=\"20")
                else { continue }
                counts[String(verb), default: 0] += Int(count)
            }
            return counts
        }

        /// The requests for ConfigMaps during some work, by verb, without those of the server's own components.
        mutating func requests(
            during work: (inout Self) async throws -> Void
        ) async throws -> [String: Int] {
            let before = try await requests()
            try await work(&self)
            let after = try await requests()
            return ["GET", "APPLY", "POST", "PATCH"].reduce(into: [:]) { counts, verb in
                let count = (after[verb] ?? 0) - (before[verb] ?? 0)
                if count > 0 { counts[verb] = count }
            }
        }
    }

    @Test func `new objects are sent without being read, and unchanged ones are listed`() async throws {
        try await TestCluster.withFresh { cluster in
            var node = Node(cluster)
            var lines: [String: Int] = [:]
            let first = try await node.requests { lines = try await $0.apply(Self.maps) }
            #expect(lines == ["created": Self.count])
            #expect(first["GET"] == nil, "\(first)")
            #expect((first["APPLY"] ?? 0) + (first["PATCH"] ?? 0) >= Self.count, "\(first)")
            for _ in 0..<2 { #expect(try await node.apply(Self.maps) == ["unchanged": Self.count]) }
            let warm = try await node.requests { lines = try await $0.apply(Self.maps) }
            #expect(lines == ["unchanged": Self.count])
            #expect(warm == [:], "a list shows them all")
        }
    }

    @Test func `what others change, delete or take is found in a list`() async throws {
        try await TestCluster.withFresh { cluster in
            var node = Node(cluster)
            try await node.verify(Self.maps)
            _ = try await cluster.kubectl("patch", "configmap", "m-3", "-p", #"{"data":{"a":"z"}}"#)
            _ = try await cluster.kubectl("delete", "configmap", "m-4")
            _ = try await cluster.kubectl("label", "configmap", "m-5", "app.kubernetes.io/managed-by-")
            _ = try await cluster.kubectl("annotate", "configmap", "m-6", "other=a")
            let found = try await node.apply(Self.maps)
            // The changed field is that of another manager, which is a conflict, and the removed label is set again.
            #expect(found["created"] == 1 && found["configured"] == 1, "\(found)")
            #expect(found["unchanged"] == Self.count - 3 && found.count == 4, "\(found)")
            let changed = try await node.apply(Self.maps.dropLast() + [Self.map(Self.count - 1, "c")])
            #expect(changed["configured"] == 1, "\(changed)")
        }
    }

    @Test func `objects of others in the same namespace make no difference`() async throws {
        try await TestCluster.withFresh { cluster in
            let others = (0..<1200).map { index in
                "{apiVersion: v1, kind: ConfigMap, metadata: {name: other-\(index)}, data: {a: b}}"
            }
            _ = try await cluster.kubectl("create", "-f", "-", input: others.joined(separator: "\n---\n"))
            var node = Node(cluster)
            // They are after the others by name, so that the first pages have none of them.
            let maps = (0..<20).map { Self.map($0).replacing("m-", with: "z-") }
            try await node.verify(maps)
            _ = try await cluster.kubectl("patch", "configmap", "z-7", "-p", #"{"data":{"b":"z"}}"#)
            _ = try await cluster.kubectl("delete", "configmap", "z-8")
            let found = try await node.apply(maps)
            #expect(found == ["created": 1, "unchanged": 19], "\(found)")
        }
    }

    @Test func `a namespace that is written in an object of the whole cluster says nothing of it`() async throws {
        try await TestCluster.withFresh { cluster in
            var node = Node(cluster)
            let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: fresh}}"
            let role =
                "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, "
                + "metadata: {name: one, namespace: fresh}, rules: []}"
            try await node.verify([namespace, role])
            _ = try await cluster.kubectl("annotate", "clusterrole", "one", "nest-bootstrap/apply=if-absent")
            _ = try await cluster.kubectl("annotate", "clusterrole", "one", "nest-bootstrap/task=other", "--overwrite")
            // There is no controller that would delete the objects of the namespace.
            _ = try await cluster.kubectl("delete", "namespace", "fresh", "--wait=false")
            _ = try await cluster.kubectl(
                "replace",
                "--raw",
                "/api/v1/namespaces/fresh/finalize",
                "-f",
                "-",
                input: #"{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"fresh"},"spec":{"finalizers":[]}}"#
            )
            #expect(try await node.apply([namespace, role]) == ["created": 1, "unchanged": 1])
            let task = try await cluster.kubectl("get", "clusterrole", "one", "-o", "yaml").output
            #expect(task.contains("nest-bootstrap/task: other"), "it is left to others")
        }
    }

    @Test func `objects of a namespace that the same run creates are sent at once`() async throws {
        try await TestCluster.withFresh(options: []) { cluster in
            var node = Node(cluster)
            let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: fresh}}"
            let own = (0..<3).map { Self.map($0, namespace: "fresh") }
            // The controllers make this one, so that it may exist before it is sent.
            let account =
                "{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: fresh, labels: {a: b}}}"
            let found = try await node.apply([namespace, account] + own)
            #expect((found["created"] ?? 0) + (found["configured"] ?? 0) == 5, "\(found)")
            let again = try await node.apply([namespace, account] + own)
            #expect(again == ["unchanged": 5])
        }
    }
}

/// Servers that list no metadata, or not all of it.
@Suite(.timeLimit(.minutes(5)))
struct RefusedListTests {
    private static let collection = "/api/v1/namespaces/default/configmaps"
    private static let names = (0..<20).map { "m-\($0)" }

    private static func list(_ names: [String], _ metadata: String) -> String {
        let items = names.map { #"{"metadata":{"name":"\#($0)","uid":"\#($0)","resourceVersion":"1"}}"# }
        let kind = #""kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1""#
        return #"{\#(kind),"metadata":{\#(metadata)},"items":[\#(items.joined(separator: ","))]}"#
    }

    /// Reads the list of a server that answers to its pages in their order.
    private func read(
        _ client: APIClient,
        names: [String] = Self.names
    ) async -> ListedObjects.Findings {
        await ListedObjects(
            client: client,
            collection: Self.collection,
            names: Set(names),
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

    @Test(arguments: [403, 405, 406])
    func `a list that is refused is not asked for again`(status: Int) async throws {
        let fake = try server([FakeAPIServer.json(status, #"{"reason":"Forbidden","message":"no"}"#)])
        let client = try fake.session().client
        for _ in 0..<3 {
            let findings = await read(client)
            #expect(findings.found.isEmpty && !findings.isComplete)
        }
        #expect(fake.requests("GET \(Self.collection)").count == 1)
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

    @Test func `a list without an end is given up`() async throws {
        let page = FakeAPIServer.json(200, Self.list([], #""continue":"t","remainingItemCount":1"#))
        let fake = try server(Array(repeating: page, count: 1000))
        let findings = await read(try fake.session().client)
        #expect(findings.found.isEmpty && !findings.isComplete)
        #expect(fake.requests("GET \(Self.collection)").count < 10)
    }

    @Test func `a list with too many other objects is given up`() async throws {
        let first = FakeAPIServer.json(200, Self.list(["m-0", "a"], #""continue":"t","remainingItemCount":100000"#))
        let fake = try server([first])
        let findings = await read(try fake.session().client)
        #expect(Set(findings.found.keys) == ["m-0"] && !findings.isComplete)
        #expect(fake.requests("GET \(Self.collection)").count == 1)
    }

    @Test func `a few objects are read one by one`() async throws {
        let fake = try server([])
        let findings = await read(try fake.session().client, names: ["a", "b"])
        #expect(findings.found.isEmpty && !findings.isComplete && fake.requests("GET ").isEmpty)
    }

    @Test(arguments: ["", "{}", "k8s", #"{"kind":"ConfigMapList","items":[]}"#])
    func `another answer is no list`(text: String) async throws {
        let fake = try server([FakeAPIServer.json(200, text)])
        let findings = await read(try fake.session().client)
        #expect(findings.found.isEmpty && !findings.isComplete)
    }
}
