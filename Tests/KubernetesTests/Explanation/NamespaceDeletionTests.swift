import Base
import TestSupport
import Testing
import YAML
@testable import Kubernetes

/// Messages about a namespace whose deletion does not finish.
@Suite(.timeLimit(.minutes(30)))
struct NamespaceDeletionTests {
    private static func condition(_ type: String, _ message: String, status: String = "True") -> String {
        #"{"type":"\#(type)","status":"\#(status)","message":"\#(message)"}"#
    }

    private static let failedDiscovery =
        "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: "
        + "metrics.a.test/v1beta1: stale GroupVersion discovery: metrics.a.test/v1beta1"

    private static func namespace(_ conditions: [String]) -> String {
        #"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"ns","deletionTimestamp":"2024-05-01T00:00:00Z"},"#
            + #""spec":{"finalizers":["kubernetes"]},"status":{"conditions":[\#(conditions.joined(separator: ","))]}}"#
    }

    @Test func `what is left is reported with the command that lists it`() throws {
        let live = try node(
            Self.namespace([
                Self.condition(
                    "NamespaceDeletionDiscoveryFailure",
                    "All resources successfully discovered",
                    status: "False"
                ),
                Self.condition("NamespaceFinalizersRemaining", "a.test/held in 1 resource instances"),
                Self.condition(
                    "NamespaceContentRemaining",
                    "Some resources are remaining: configmaps. has 1 resource instances, w.a.test has 2 resource instances"
                ),
            ])
        )
        let deletion = try #require(NamespaceDeletion(of: live, name: "ns", unavailable: nil))
        #expect(
            deletion.words == "Some resources are remaining: configmaps. has 1 resource instances, w.a.test has 2 "
                + "resource instances; a.test/held in 1 resource instances"
        )
        #expect(
            deletion.hint == "let the controllers that set these finalizers finish; see the objects: 'kubectl get "
                + "configmaps,w.a.test -n ns'"
        )
    }

    @Test func `a namespace that reports no failure has no reason`() throws {
        let live = try node(Self.namespace([Self.condition("NamespaceContentRemaining", "none", status: "False")]))
        #expect(NamespaceDeletion(of: live, name: "ns", unavailable: nil) == nil)
    }

    @Test func `the APIService that is not available is named, for an apply, a deletion and a wait`() async throws {
        let service = "v1beta1.metrics.a.test"
        let namespace = Self.namespace([Self.condition("NamespaceDeletionDiscoveryFailure", Self.failedDiscovery)])
        let fake = try FakeAPIServer { request in
            switch request.target.prefix(while: { $0 != "?" }) {
            case "/api/v1/namespaces/ns": return FakeAPIServer.json(200, namespace)
            case "/apis/apiregistration.k8s.io/v1/apiservices/\(service)":
                let words = #""reason":"FailedDiscoveryCheck","message":"no response""#
                return FakeAPIServer.json(
                    200,
                    #"{"status":{"conditions":[{"type":"Available","status":"False",\#(words)}]}}"#
                )
            default: return nil
            }
        }
        let session = try fake.session()
        let deletion = try #require(
            await NamespaceDeletion.read("ns", on: session.client, until: .now + .seconds(1000))
        )
        let cause = "APIService '\(service)' is not available: FailedDiscoveryCheck: no response; "
        #expect(deletion.words.hasPrefix(cause))
        let hint = "make its server answer, or delete it if it is gone for good: 'kubectl delete apiservice \(service)'"
        #expect(deletion.hint == hint)
        let text = "{apiVersion: v1, kind: Namespace, metadata: {name: ns}}"
        let words = ": it is being deleted and waits for finalizer 'kubernetes': \(cause)"
        // On a busy machine the time may be over before the first request.
        let isNamed = try await becomes {
            let lines = await session.apply(text, retryPolicy: Session.retryPolicy(.seconds(5)))
            return lines.first?.contains(words) == true
        }
        #expect(isNamed)
        let identity = ObjectIdentity(type: .init(apiVersion: "v1", kind: "Namespace"), namespace: nil, name: "ns")
        let object = UnreadyObject(identity: identity, reason: "it is being deleted")
        let diagnosis = RolloutDiagnosis(client: session.client, deadline: .now + .seconds(1000))
        let found = await diagnosis.causes(of: [object])[object]
        #expect(found?.words.hasPrefix(cause) == true)
        #expect(found?.hint == hint)
    }
}
