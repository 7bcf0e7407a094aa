import Base
import TestSupport
import Testing
import YAML
@testable import Kubernetes

/// Objects that a server does not take by server-side apply alone.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
struct OtherWaysTests {
    /// An APIService that nothing serves, which servers before 1.21 cannot apply.
    private func service(_ priority: Int) -> String {
        """
        apiVersion: apiregistration.k8s.io/v1
        kind: APIService
        metadata: {name: v1.ways.example.test}
        spec:
          group: ways.example.test
          version: v1
          groupPriorityMinimum: \(priority)
          versionPriority: 15
          service: {name: none, namespace: default}
          insecureSkipTLSVerify: true
        """
    }

    @Test func `an APIService is created, left alone and changed on every server`() async throws {
        let session = try await Session.admin()
        let name = "APIService/v1.ways.example.test"
        #expect(await session.apply(service(1000)) == ["created \(name)"])
        #expect(await session.apply(service(1000)) == ["unchanged \(name)"])
        #expect(await session.apply(service(1001)) == ["configured \(name)\n  spec.groupPriorityMinimum"])
        let path = "/apis/apiregistration.k8s.io/v1/apiservices/v1.ways.example.test"
        let live = try await session.object(path)
        #expect(live?["spec"]?["groupPriorityMinimum"]?.integer == 1001)
        #expect(ManagedMetadata.task(of: try #require(live)) == "t")
        _ = try await session.client.object("DELETE", path, until: .now + .seconds(600))
    }

    @Test func `a Job without labels gets those of its pods, as from kubectl`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let cluster = try await TestCluster.shared.value
        func job(_ name: String) -> String {
            let container = "{name: c, image: i}"
            return
                "{apiVersion: batch/v1, kind: Job, metadata: {name: \(name), namespace: \(namespace)}, spec: {parallelism: 0, "
                + "template: {metadata: {labels: {own: x}}, spec: {restartPolicy: Never, containers: [\(container)]}}}}"
        }
        func labels(_ name: String) async throws -> [String] {
            let live = try await session.object("/apis/batch/v1/namespaces/\(namespace)/jobs/\(name)")
            let keys = (live?["metadata"]?["labels"]?.mapping?.entries ?? []).map(\.key)
            return keys.filter { $0 != ManagedMetadata.managedByLabel }.sorted()
        }
        #expect(await session.apply(job("ours")) == ["created Job/\(namespace)/ours"])
        let file = TemporaryDirectory.file("job.yaml")
        try Files.write(Array("---\n\(job("theirs"))".utf8), to: file, mode: 0o600)
        let theirs = try await cluster.kubectl("apply", "--server-side", "-f", file)
        try #require(theirs.status == 0, "\(theirs.errors)")
        #expect(try await labels("ours") == labels("theirs"))
        #expect(try await labels("ours").contains { $0.hasSuffix("job-name") })
        #expect(await session.apply(job("ours")) == ["unchanged Job/\(namespace)/ours"])
    }
}

/// Manifests with owners.
@Suite(.needsAPIServer, .timeLimit(.minutes(15)))
struct OwnerTests {
    private static func object(_ namespace: String, ownedBy uid: String) -> String {
        """
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: owned
          namespace: \(namespace)
          ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: owner, uid: \(uid)}]
        """
    }

    @Test func `an object whose owner the server does not have is not created`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let owner = "{apiVersion: v1, kind: ConfigMap, metadata: {name: owner, namespace: \(namespace)}}"
        #expect(await session.apply(owner).count == 1)
        let foreign = await session.apply(Self.object(namespace, ownedBy: "3f0c0000-0000-4000-8000-000000000000"))
        #expect(
            foreign.count == 1 && foreign[0].contains("'metadata.ownerReferences[0].uid' is refused"),
            "\(foreign)"
        )
        let path = "/api/v1/namespaces/\(namespace)/configmaps"
        #expect(try await session.object("\(path)/owned") == nil)
        let uid = try #require(try await session.object("\(path)/owner")?["metadata"]?["uid"]?.string)
        let own = await session.apply(Self.object(namespace, ownedBy: uid))
        #expect(own == ["created ConfigMap/\(namespace)/owned"])
    }
}

/// Roles whose rules a controller collects from other roles.
@Suite(.needsAPIServer, .timeLimit(.minutes(15)))
struct AggregatedRoleTests {
    @Test func `an empty list of rules is the controller's`() async throws {
        let session = try await Session.admin()
        let part = """
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRole
            metadata: {name: aggregated-part, labels: {aggregated-to: all}}
            rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]
            """
        let role = """
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRole
            metadata: {name: aggregated-all}
            aggregationRule: {clusterRoleSelectors: [{matchLabels: {aggregated-to: all}}]}
            rules: []
            """
        _ = await session.apply(part)
        #expect(await session.apply(role) == ["created ClusterRole/aggregated-all"])
        let path = "/apis/rbac.authorization.k8s.io/v1/clusterroles/aggregated-all"
        let isFilled = try await becomes { try await session.object(path)?["rules"]?.sequence?.count == 1 }
        #expect(isFilled)
        for force in [false, true] {
            #expect(await session.apply(role, forceConflicts: force) == ["unchanged ClusterRole/aggregated-all"])
        }
    }
}
