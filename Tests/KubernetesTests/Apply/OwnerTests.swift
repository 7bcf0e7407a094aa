import TestSupport
import Testing
import YAML
@testable import Kubernetes

/// Manifests with owners.
@Suite(.tags(.everyServer), .needsAPIServer, .timeLimit(.minutes(5)))
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
