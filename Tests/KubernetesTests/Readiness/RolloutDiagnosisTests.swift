import TestSupport
import Testing
import YAML
@testable import Kubernetes

/// Causes for which objects are not ready, from events and from the status of pods.
@Suite(.timeLimit(.minutes(5)))
struct RolloutDiagnosisTests {
    @Test(arguments: [
        (
            "containerStatuses: [{name: c, state: {waiting: {reason: ContainerCreating}}}]",
            "container 'c' is waiting: ContainerCreating", false
        ),
        (
            "containerStatuses: [{name: c, state: {waiting: {reason: ErrImageNeverPull, message: not there}}}]",
            "container 'c' is waiting: ErrImageNeverPull: not there", true
        ),
        (
            "containerStatuses: [{name: c, state: {waiting: {reason: CrashLoopBackOff}}, "
                + "lastState: {terminated: {reason: OOMKilled, exitCode: 137}}}]",
            "container 'c' is waiting: CrashLoopBackOff: OOMKilled, exit code 137", true
        ),
        (
            "initContainerStatuses: [{name: i, state: {terminated: {reason: Completed, exitCode: 0}}}], "
                + "containerStatuses: [{name: c, state: {running: {}}}]", "container 'c' is not ready", false
        ),
        (
            "conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: no node}]",
            "Unschedulable: no node", true
        ),
    ])
    func `a container is named with what it waits for or how it ended`(
        status: String,
        words: String,
        isExplained: Bool,
    ) throws {
        let state = try #require(
            RolloutDiagnosis.state(of: try node("{metadata: {name: p}, status: {phase: Pending, \(status)}}"))
        )
        #expect(state == (words, isExplained))
    }

    @Test func `the last warning about an object and its newest unready pod are the cause`() async throws {
        let pods = ["old", "new"].map { name in
            #"{"metadata":{"name":"\#(name)","creationTimestamp":"2024-05-0\#(name == "new" ? 2 : 1)T00:00:00Z"},"#
                + #""status":{"phase":"Pending","containerStatuses":[{"name":"c","state":{"waiting":{"reason":"Wait"}}}]}}"#
        }
        let fake = try FakeAPIServer { request in
            switch request.target.prefix(while: { $0 != "?" }) {
            case "/apis/apps/v1/namespaces/n/deployments/w":
                let metadata = #"{"name":"w","namespace":"n","uid":"u"}"#
                return FakeAPIServer.json(
                    200,
                    #"{"apiVersion":"apps/v1","kind":"Deployment","metadata":\#(metadata),"#
                        + #""spec":{"selector":{"matchLabels":{"app":"w"}}}}"#
                )
            case "/api/v1/namespaces/n/pods":
                return FakeAPIServer.json(200, #"{"items":[\#(pods.joined(separator: ","))]}"#)
            case "/api/v1/namespaces/n/events":
                let isPod = request.target.contains("kind%3DPod")
                let event = #"{"reason":"\#(isPod ? "FailedMount" : "FailedCreate")","message":"no"}"#
                return FakeAPIServer.json(200, #"{"items":[\#(event)]}"#)
            default: return nil
            }
        }
        let type = GroupVersionKind(apiVersion: "apps/v1", kind: "Deployment")
        let identity = ObjectIdentity(type: type, namespace: "n", name: "w")
        let object = UnreadyObject(identity: identity, reason: "replicas: 0 of 1")
        let session = try fake.session()
        let diagnosis = RolloutDiagnosis(client: session.client, deadline: .now + .seconds(1000))
        let causes = await diagnosis.causes(of: [object])
        #expect(causes[object] == "FailedCreate: no; pod 'new': container 'c' is waiting: Wait: FailedMount: no")
    }
}
