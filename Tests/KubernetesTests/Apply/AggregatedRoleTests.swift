import Base
@testable import Kubernetes
import TestSupport
import Testing

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
