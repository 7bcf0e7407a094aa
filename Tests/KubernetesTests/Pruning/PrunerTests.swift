import Base
@testable import Kubernetes
import TestSupport
import Testing

/// Nodes that apply objects of one set, and delete what their manifests no longer contain.
@Suite(.needsAPIServer, .timeLimit(.minutes(15)))
struct PrunerTests {
    /// A node with its record and its manifests, which are ConfigMaps unless a test says otherwise.
    private struct SetNode {
        let session: Session
        let namespace: String
        var name = "n1"
        var isDryRun = false
        var includesProtected = false
        var record: SetRecord?

        var set: ObjectSet { ObjectSet(task: namespace) }

        var pruner: Pruner {
            Pruner(
                client: session.client,
                set: set,
                node: name,
                formerTasks: ["t"],
                includesProtected: includesProtected,
                isDryRun: isDryRun,
                retryPolicy: Session.retryPolicy(),
                location: SourceLocation(file: "bootstrap.yaml"),
            )
        }

        func objects(_ names: [String]) throws -> [ManifestObject] {
            try manifests(names.map { map($0) }.joined(separator: "\n---\n"))
        }

        func map(_ name: String, _ more: String = "") -> String {
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: \(name), namespace: \(namespace)\(more)}}"
        }

        func path(_ name: String) -> String { "/api/v1/namespaces/\(namespace)/configmaps/\(name)" }

        /// Records and applies objects, and returns those of its key that the node does not know.
        @discardableResult
        mutating func apply(_ objects: [ManifestObject], isComplete: Bool = true) async throws -> [String] {
            let known = record
            var next = SetRecord(task: "t", kubeconfig: "k", includesProtected: includesProtected, after: known)
            let wanted = try await pruner.members(objects)
            next.members.formUnion(wanted)
            record = next
            let unknown = try await pruner.claim(wanted, isComplete: isComplete, record: known)
            let text = objects.map { String(decoding: $0.root.json(), as: UTF8.self) }.joined(separator: "\n---\n")
            let lines = await session.apply(text)
            #expect(lines.allSatisfy { $0.contains(#/^(created|configured|unchanged) /#) }, "\(lines)")
            return unknown
        }

        func obsolete(besides objects: [ManifestObject]) async throws -> Pruner.Obsolete {
            try await pruner.obsolete(try #require(record), besides: objects) { { _ in nil } }
        }

        /// Deletes objects, and returns those that existed, and failures.
        @discardableResult
        func delete(_ obsolete: Pruner.Obsolete) async -> [String] {
            let deleted = Locked<[String]>([])
            for group in obsolete.deletions {
                await pruner.delete(group) { message in
                    switch message {
                    case .applied(let identity, let result):
                        if result.change == .deleted { deleted.withLock { $0.append("\(identity)") } }
                    case .failed(let failure): deleted.withLock { $0.append("failed \(failure.object)") }
                    case .warning: Issue.record("\(message)")
                    }
                }
            }
            return deleted.withLock { $0.sorted() }
        }

        /// Does what a run does with ConfigMaps, and returns what it deletes and why it keeps others.
        @discardableResult
        mutating func run(_ names: [String]) async throws -> (deleted: [String], warnings: [String]) {
            let objects = try objects(names)
            try await apply(objects)
            let obsolete = try await obsolete(besides: objects)
            let deleted = await delete(obsolete)
            record?.members = obsolete.kept
            return (deleted, obsolete.warnings)
        }

        /// The names of the ConfigMaps on the server.
        func live() async throws -> Set<String> {
            let list = try await session.object("/api/v1/namespaces/\(namespace)/configmaps")
            let names = (list?["items"]?.sequence ?? []).compactMap { $0["metadata"]?["name"]?.string }
            return Set(names.filter { !$0.hasSuffix(".crt") })
        }

        /// The data of the set's ConfigMap, `nil` if there is none.
        func data() async throws -> Node? {
            try await session.object("/api/v1/namespaces/kube-system/configmaps/nest-bootstrap-\(namespace)").map {
                $0["data"] ?? .null()
            }
        }
    }

    private func newNode() async throws -> SetNode {
        let (session, namespace) = try await Session.inNewNamespace()
        return SetNode(session: session, namespace: namespace)
    }

    @Test func `only what the node has recorded and its manifests no longer contain is deleted`() async throws {
        var one = try await newNode()
        // Somebody's own object of the task, which the record does not have.
        _ = await one.session.apply(one.map("other"))
        let account = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: a, namespace: \(one.namespace)}}"
        let workload = """
            {apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: \(one.namespace)}, spec: {replicas: 0,
             selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: x}]}}}}
            """
        let kept = try one.objects(["a"])
        try await one.apply(kept + (try manifests("\(account)\n---\n\(workload)")))
        // An object whose kind is gone, too, and one that somebody has deleted.
        one.record?.members.formUnion(MemberKey.keys(in: "Gone.gone.test/x/y\nConfigMap/\(one.namespace)/gone"))
        one.isDryRun = true
        try await one.apply(kept)
        let obsolete = try await one.obsolete(besides: kept)
        #expect(
            obsolete.deletions.map { $0.map(\.description) } == [
                ["Deployment/\(one.namespace)/a"], ["ServiceAccount/\(one.namespace)/a"],
            ]
        )
        #expect(obsolete.warnings.isEmpty)
        await one.delete(obsolete)
        #expect(try await one.obsolete(besides: kept).deletions.count == 2)
        one.isDryRun = false
        #expect(await one.delete(obsolete).count == 2)
        #expect(try await one.obsolete(besides: kept).deletions.isEmpty)
        let live = try await one.live()
        #expect(live == ["a", "other"], "\(live)")
    }

    /// What somebody does to an object, and the words of the reason why it is kept.
    @Test(arguments: [
        ("{metadata: {annotations: {nest-bootstrap/prune: 'false'}}}", "annotation 'nest-bootstrap/prune' says so"),
        ("{metadata: {managedFields: [{}]}}", "managed fields do not say"),
        (
            "{metadata: {ownerReferences: [{apiVersion: v1, kind: Namespace, name: o, uid: UID}]}}",
            "owned by Namespace/o; delete it with 'kubectl delete configmap b -n NAMESPACE'"
        ),
        ("flux", "field manager 'flux' applies it; delete it with 'kubectl delete configmap b -n NAMESPACE'"),
    ])
    func `an object that somebody else needs is kept, and stays in the record`(
        change: String,
        words: String
    )
        async throws
    {
        var one = try await newNode()
        try await one.run(["a", "b"])
        if change == "flux" {
            try await one.session.write(one.map("b", ", labels: {a: b}"), to: one.path("b"), as: "flux")
        } else {
            let space = try await one.session.object("/api/v1/namespaces/\(one.namespace)")
            let uid = try #require(space?["metadata"]?["uid"]?.string)
            let change = change.replacing("UID", with: uid).replacing("name: o", with: "name: \(one.namespace)")
            try await one.session.update("PATCH", change, at: one.path("b"), as: "other")
        }
        let (deleted, warnings) = try await one.run(["a"])
        let expected = words.replacing("NAMESPACE", with: one.namespace)
            .replacing("Namespace/o", with: "Namespace/\(one.namespace)")
        #expect(deleted.isEmpty && warnings.count == 1)
        #expect(warnings.first?.hasPrefix("kept ConfigMap/\(one.namespace)/b: ") == true, "\(warnings)")
        #expect(warnings.first?.contains(expected) == true, "\(warnings)")
        let live = try await one.live()
        #expect(live == ["a", "b"], "\(live)")
        #expect(one.record?.objects == ["ConfigMap/\(one.namespace)/a", "ConfigMap/\(one.namespace)/b"])
    }

    @Test func `an object that another task describes is kept`() async throws {
        var one = try await newNode()
        try await one.run(["a"])
        let reason = Problem("task 'b' describes it")
        let obsolete = try await one.pruner.obsolete(try #require(one.record), besides: []) { { _ in reason } }
        #expect(obsolete.deletions.isEmpty)
        #expect(obsolete.warnings == ["kept ConfigMap/\(one.namespace)/a: task 'b' describes it"])
    }

    @Test func `kinds that hold other objects or data are deleted only if the task says so`() async throws {
        var one = try await newNode()
        let claim = """
            {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a, namespace: \(one.namespace)},
             spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
            """
        let space = "{apiVersion: v1, kind: Namespace, metadata: {name: \(one.namespace)-x}}"
        let definition = String(TableField.definition.split(separator: "---\n")[0])
            .replacing("NAMESPACE", with: "\(one.namespace)-prune")
        try await one.apply(try manifests([claim, space, definition].joined(separator: "\n---\n")))
        let obsolete = try await one.obsolete(besides: [])
        #expect(obsolete.deletions.isEmpty && obsolete.warnings.count == 3)
        #expect(obsolete.warnings.allSatisfy { $0.contains("is deleted only with 'prune: all'") })
        one.includesProtected = true
        #expect(try await one.obsolete(besides: []).deletions.joined().count == 3)
        #expect(ObjectSet(name: "s", task: "t").declarationOfAll == "prune: {set: s, all: true}")
    }

    @Test func `an object of another node's manifests is kept until that node, or the printed command, drops it`()
        async throws
    {
        var one = try await newNode()
        var two = one
        two.name = "n2"
        try await one.run(["a", "b", "c"])
        try await two.run(["b", "c"])
        let (deleted, warnings) = try await one.run(["a"])
        #expect(deleted.isEmpty && warnings.count == 1)
        #expect(warnings.first?.contains("/b, ConfigMap/\(one.namespace)/c: the files of node 'n2' have it") == true)
        #expect(try await two.run(["c"]).deleted.isEmpty == false)
        // The second node no longer exists.
        let command = try #require(warnings.first?.firstMatch(of: /'n2' no longer exists: (kubectl .*)$/)?.1)
        let parts = command.split(separator: " ").dropFirst().map { String($0).replacing("'", with: "") }
        let result = try await TestCluster.shared.value.kubectl(parts)
        try #require(result.status == 0, "\(parts): \(result.errors)")
        #expect(try await one.run(["a"]).deleted == ["ConfigMap/\(one.namespace)/c"])
        #expect(try await one.data() == (try node("{node.n1: ConfigMap/\(one.namespace)/a}")))
    }

    @Test func `an object that two nodes drop at the same time is deleted`() async throws {
        var one = try await newNode()
        try await one.run(["a", "b"])
        var two = one
        two.name = "n2"
        try await two.run(["a", "b"])
        let kept = try one.objects(["a"])
        try await one.apply(kept)
        try await two.apply(kept)
        let found = (try await one.obsolete(besides: kept), try await two.obsolete(besides: kept))
        #expect(found.0.deletions == found.1.deletions && found.0.deletions.count == 1)
        let (first, second) = (one, two)
        async let deleted = first.delete(found.0)
        let others = await second.delete(found.1)
        #expect(await deleted + others != [])
        let live = try await one.live()
        #expect(live == ["a"], "\(live)")
    }

    @Test func `a node without its record learns what its key has, and deletes none of it`() async throws {
        var one = try await newNode()
        try await one.run(["a", "b"])
        one.record = nil
        // Files that cannot all be read say nothing about the other objects.
        try await one.apply(try one.objects(["a"]), isComplete: false)
        let both = "ConfigMap/\(one.namespace)/a\nConfigMap/\(one.namespace)/b"
        #expect(try await one.data()?["node.n1"]?.string == both)
        one.record = nil
        #expect(try await one.apply(try one.objects(["a"])) == ["ConfigMap/\(one.namespace)/b"])
        #expect(try await one.run(["a"]).deleted.isEmpty)
        let live = try await one.live()
        #expect(live == ["a", "b"], "\(live)")
    }

    @Test func `the ConfigMap goes with the last node that has the set`() async throws {
        var one = try await newNode()
        var two = one
        two.name = "n2"
        try await one.run(["a"])
        try await two.run(["b"])
        one.isDryRun = true
        try await one.pruner.release()
        #expect(try await one.data()?.mapping?.entries.count == 2)
        one.isDryRun = false
        try await one.pruner.release()
        #expect(try await one.data() == (try node("{node.n2: ConfigMap/\(one.namespace)/b}")))
        try await two.pruner.release()
        #expect(try await one.data() == nil)
        try await two.pruner.release()
        let live = try await one.live()
        #expect(live == ["a", "b"], "\(live)")
    }

    @Test func `an object that somebody takes after it was found is not deleted, and stays recorded`() async throws {
        var one = try await newNode()
        try await one.apply(try one.objects(["a"]))
        let obsolete = try await one.obsolete(besides: [])
        #expect(obsolete.deletions.joined().count == 1)
        try await one.session.write(one.map("a", ", labels: {a: b}"), to: one.path("a"), as: "flux")
        // The failure keeps the record as it is.
        #expect(await one.delete(obsolete) == ["failed ConfigMap/\(one.namespace)/a"])
        let live = try await one.live()
        #expect(live == ["a"], "\(live)")
    }

    @Test func `an object whose deletion was requested counts as deleted when somebody applies it until it is gone`()
        async throws
    {
        var one = try await newNode()
        let blocked = one.map("a", ", finalizers: [example.org/one]")
        try await one.apply(try manifests(blocked))
        let obsolete = try await one.obsolete(besides: [])
        let (node, session, path) = (one, one.session, one.path("a"))
        async let deleted = node.delete(obsolete)
        let isDeleted = try await becomes {
            try await session.object(path)?["metadata"]?["deletionTimestamp"] != nil
        }
        try #require(isDeleted)
        try await session.write(#"{"apiVersion":"v1","kind":"ConfigMap","data":{"a":"1"}}"#, to: path, as: "flux")
        try await session.write(one.map("a"), to: path, as: "nest-bootstrap")
        #expect(await deleted == ["ConfigMap/\(one.namespace)/a"])
        #expect(try await one.live().isEmpty)
    }

    @Test(arguments: 0..<8)
    func `whatever three nodes do, wanted objects stay and others go`(seed: Int) async throws {
        var generator = SplitMix64(seed: seed)
        let first = try await newNode()
        var nodes = ["n1", "n2", "n3"].map { name in
            var node = first
            node.name = name
            return node
        }
        var files: [Int: [String]] = [:]
        for _ in 0..<8 {
            let index = Int.random(in: nodes.indices, using: &generator)
            files[index] = ["a", "b", "c", "d"].filter { _ in Bool.random(using: &generator) }
            try await nodes[index].run(files[index] ?? [])
            #expect(try await first.live().isSuperset(of: files.values.joined()), "\(files)")
        }
        for index in nodes.indices { try await nodes[index].run(files[index] ?? []) }
        for index in nodes.indices { try await nodes[index].run(files[index] ?? []) }
        let live = try await first.live()
        #expect(live == Set(files.values.joined()), "\(live)")
    }
}

/// The texts of records, and the wait for the ConfigMap of a set.
@Suite(.timeLimit(.minutes(15)))
struct ObjectSetTests {
    @Test func `a record survives being written and read`() throws {
        var record = SetRecord(task: "t", kubeconfig: "/k", includesProtected: true)
        record.members = MemberKey.keys(
            in: "Deployment.apps/a/b\nNamespace/a\n/a/b\nConfigMap\na b/c/d\nConfigMap/a/b/c"
        )
        #expect(record.objects == ["Deployment.apps/a/b", "Namespace/a"])
        #expect(SetRecord(json: record.json) == record)
        #expect(SetRecord(json: Array("{}".utf8)) == nil)
    }

    @Test func `a task does not describe the ConfigMap of its set`() throws {
        let text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: nest-bootstrap-s, namespace: kube-system}}"
        let mistakes = ObjectSet(name: "s", task: "t").mistakes(in: try manifests(text))
        #expect(mistakes.count == 1 && mistakes[0].description.hasPrefix("m.yaml:1:1: "), "\(mistakes)")
        #expect(ObjectSet(task: "t").mistakes(in: try manifests(text)).isEmpty)
    }

    @Test func `the ConfigMap is not waited for as an object, for which there would be a result`() async throws {
        let parent = Wait.Subject(.condition, "ConfigMap/kube-system/nest-bootstrap-t")
        let waits = Locked<[Wait]>([])
        let fake = try FakeAPIServer { request in
            let isParent = request.target.hasPrefix("/api/v1/namespaces/kube-system/configmaps/")
            guard isParent, waits.withLock({ $0.isEmpty }) else { return nil }
            return FakeAPIServer.json(503, #"{"message":"etcdserver: no leader"}"#)
        }
        let pruner = Pruner(
            client: try fake.session().client,
            set: ObjectSet(task: "t"),
            node: "n1",
            includesProtected: false,
            isDryRun: false,
            retryPolicy: RetryPolicy(deadline: .now + .seconds(600)) { wait in waits.withLock { $0.append(wait) } },
            location: SourceLocation(file: "bootstrap.yaml"),
        )
        let objects = try manifests("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}")
        #expect(try await pruner.claim(pruner.members(objects), isComplete: true, record: nil).isEmpty)
        #expect(Set(waits.withLock { $0.map(\.subject) }) == [parent])
        #expect(fake.requests("PATCH ").count == 1)
    }
}
