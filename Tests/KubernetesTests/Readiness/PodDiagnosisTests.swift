@testable import Kubernetes
import Testing
import YAML

/// What is said about a pod that is not ready, from its status.
@Suite(.timeLimit(.minutes(30)))
struct PodDiagnosisTests {
    private func diagnosis(
        _ containers: String,
        metadata: String = "{name: p}",
        conditions: String = ""
    ) throws
        -> PodDiagnosis?
    {
        let status = "{phase: Running, conditions: [\(conditions)], \(containers)}"
        return PodDiagnosis(try node("{metadata: \(metadata), status: \(status)}"))
    }

    @Test(arguments: [
        (
            "containerStatuses: [{name: c, state: {waiting: {reason: ContainerCreating}}}]",
            "container 'c' is waiting: ContainerCreating", true
        ),
        (
            "containerStatuses: [{name: c, state: {waiting: {reason: ErrImageNeverPull, message: not there}}}]",
            "container 'c' is waiting: ErrImageNeverPull: not there", false
        ),
        (
            "containerStatuses: [{name: c, state: {waiting: {reason: ImagePullBackOff, message: Back-off pulling}}}]",
            "container 'c' is waiting: ImagePullBackOff", true
        ),
        (
            "containerStatuses: [{name: c, state: {waiting: {reason: CrashLoopBackOff, message: back-off 10s}}, "
                + "lastState: {terminated: {reason: OOMKilled, exitCode: 137}}}]",
            "container 'c' is waiting: CrashLoopBackOff: OOMKilled, exit code 137", false
        ),
        (
            "containerStatuses: [{name: c, state: {terminated: {reason: Error, exitCode: 3, message: 'no file'}}}]",
            "container 'c' terminated: Error, exit code 3: no file", false
        ),
        (
            "containerStatuses: [{name: a, ready: true, state: {running: {}}}, {name: c, state: {running: {}}}]",
            "container 'c' is not ready", true
        ),
        (
            "containerStatuses: [{name: c, state: {running: {}}, lastState: {terminated: {reason: Error, exitCode: 3}}}]",
            "container 'c' is not ready, and was restarted: Error, exit code 3", true
        ),
        (
            "initContainerStatuses: [{name: i, state: {terminated: {reason: Completed, exitCode: 0}}}], "
                + "containerStatuses: [{name: c, state: {waiting: {reason: PodInitializing}}}]",
            "container 'c' is waiting: PodInitializing", true
        ),
        (
            "initContainerStatuses: [{name: i, state: {running: {}}}], "
                + "containerStatuses: [{name: c, state: {waiting: {reason: PodInitializing}}}]",
            "init container 'i' is still running", true
        ),
    ])
    func `a container is named with what it waits for or how it ended`(
        containers: String,
        words: String,
        needsWarning: Bool,
    ) throws {
        let diagnosis = try #require(try diagnosis(containers))
        #expect(diagnosis.words == words)
        #expect(diagnosis.needsWarning == needsWarning)
    }

    @Test func `a pod that is being deleted is terminating, whatever its containers do`() throws {
        let metadata = "{name: p, deletionTimestamp: '2024-05-01T00:00:30Z'}"
        let diagnosis = try #require(
            try diagnosis("containerStatuses: [{name: c, ready: true, state: {running: {}}}]", metadata: metadata)
        )
        #expect(diagnosis.words == "terminating (grace period ends at 2024-05-01T00:00:30Z)")
        #expect(diagnosis.isTerminating)
        #expect(!diagnosis.needsWarning)
    }

    @Test func `a pod that no node takes is unscheduled, and the scheduler says why`() throws {
        let text = "{type: PodScheduled, status: 'False', reason: Unschedulable, message: no node}"
        let pod = "{metadata: {name: p}, status: {phase: Pending, conditions: [\(text)]}}"
        let diagnosis = try #require(PodDiagnosis(try node(pod)))
        #expect(diagnosis.words == "Unschedulable: no node")
        #expect(diagnosis.isUnscheduled)
        #expect(!diagnosis.needsWarning)
    }

    @Test func `a pod that is ready has no diagnosis`() throws {
        let ready = "{type: Ready, status: 'True'}"
        #expect(try diagnosis("containerStatuses: [{name: c, ready: true}]", conditions: ready) == nil)
    }
}
