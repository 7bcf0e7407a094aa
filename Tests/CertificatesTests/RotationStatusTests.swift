import Base
import Testing

@testable import Certificates

@Suite struct RotationStatusTests {
    private static let current = RotationStatus.Leaf(
        node: "w1",
        name: "kubelet",
        serialNumber: "4A",
        isCurrent: true
    )

    /// What is said of a step: that it is due, that it is done, or why it is refused.
    private func answer(_ step: RotationStep, _ status: RotationStatus) -> String {
        do throws(Problem) {
            return try status.isDue(step) ? "due" : "done"
        } catch {
            return error.message
        }
    }

    @Test(arguments: [
        (RotationProgress.notRotating, ["due", "there is no new CA that could issue certificates", "done"]),
        (.added, ["done", "due", "the old CA cannot be removed: it has issued the certificates of the nodes"]),
        (.issued, ["done", "done", "due"]),
    ])
    func `one step is due, and none is left out`(progress: RotationProgress, answers: [String]) {
        let status = RotationStatus(progress: progress, authorityPath: "/ca.crt", leaves: [Self.current])
        #expect(RotationStep.allCases.map { answer($0, status) } == answers)
        #expect(answer(status.next, status) == "due")
    }

    @Test func `the old CA stays while it has issued a certificate`() {
        var leaf = Self.current
        leaf.isCurrent = false
        let status = RotationStatus(progress: .issued, authorityPath: "/ca.crt", leaves: [Self.current, leaf])
        #expect(answer(.remove, status) == "the new CA has not issued w1/kubelet")
    }
}
