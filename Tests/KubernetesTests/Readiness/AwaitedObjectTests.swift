import Base
import TestSupport
import Testing
import YAML
@testable import Kubernetes

/// Messages about objects that a task awaits and that need other objects.
@Suite(.timeLimit(.minutes(30)))
struct AwaitedObjectTests {
    private static let classes = "/apis/storage.k8s.io/v1/storageclasses"

    /// A server with a StorageClass that provides volumes for Pods only.
    private static func server(pods: String = "[]") throws -> FakeAPIServer {
        try FakeAPIServer { request in
            switch request.target.prefix(while: { $0 != "?" }) {
            case classes: return FakeAPIServer.json(200, #"{"items":[{"metadata":{"name":"local"}}]}"#)
            case "\(classes)/local":
                return FakeAPIServer.json(200, #"{"volumeBindingMode":"WaitForFirstConsumer"}"#)
            case "/api/v1/namespaces/n/pods": return FakeAPIServer.json(200, #"{"items":\#(pods)}"#)
            case "/api/v1/namespaces":
                return FakeAPIServer.json(200, #"{"items":[{"metadata":{"name":"production"}}]}"#)
            default: return nil
            }
        }
    }

    @Test(arguments: [
        (
            "{storageClassName: local}",
            "no Pod uses it, and StorageClass 'local' provides a volume only for a Pod (volumeBindingMode: "
                + "WaitForFirstConsumer)", "wait for the workload that uses it instead"
        ),
        (
            "{storageClassName: locale}", "StorageClass 'locale' does not exist",
            "did you mean 'storageClassName: local'?"
        ),
        (
            "{}", "it names no StorageClass, and none is the default",
            "write 'storageClassName', or make a StorageClass the default"
        ),
    ])
    func `a claim without a volume is explained by its StorageClass`(
        spec: String,
        words: String,
        hint: String
    ) async throws {
        let fake = try Self.server()
        let client = try fake.session().client
        let claim = try node("{metadata: {name: data}, spec: \(spec)}")
        let cause = await ClaimDiagnosis(client: client, deadline: .now + .seconds(1000)).cause(of: claim, pods: [])
        #expect(cause == ReadinessCause(words: words, hint: hint))
    }

    @Test func `a claim that a Pod uses is not explained by the absence of one`() async throws {
        let fake = try Self.server()
        let client = try fake.session().client
        let claim = try node("{metadata: {name: data}, spec: {storageClassName: local}}")
        let pod = try node("{spec: {volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]}}")
        let cause = await ClaimDiagnosis(client: client, deadline: .now + .seconds(1000)).cause(of: claim, pods: [pod])
        #expect(cause == nil)
    }

    @Test func `a namespace that does not exist is the reason for which its object does not`() async throws {
        let fake = try Self.server()
        let client = try fake.session().client
        let type = GroupVersionKind(apiVersion: "v1", kind: "ConfigMap")
        let identity = ObjectIdentity(type: type, namespace: "produktion", name: "a")
        let object = UnreadyObject(identity: identity, reason: UnreadyObject.absence)
        let causes = await RolloutDiagnosis(client: client, deadline: .now + .seconds(1000)).causes(of: [object])
        #expect(
            causes[object]
                == ReadinessCause(reason: "namespace 'produktion' does not exist", hint: "did you mean 'production'?")
        )
    }
}
