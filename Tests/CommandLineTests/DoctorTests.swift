import Base
import Diagnosis
import TestSupport
import Testing

@testable import nest_bootstrap

/// The text and the JSON of `doctor`.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct DoctorTests {
    private static let finding = Finding(
        "swap-on",
        in: .machine,
        blocks: .kubelet,
        "swap 'a'",
        "is on",
        fix: "turn it off"
    )
    private static let symptom = Finding(
        "x",
        .symptom,
        in: .kubelet,
        "kubelet.service",
        "has failed",
        fix: "see its journal"
    )
    private static let other = Finding("cni-missing", in: .network, "CNI", "there is none", fix: "install one")

    private static let report = DiagnosisReport(
        facts: Facts(),
        diagnosis: NodeDiagnosis(
            findings: [finding, symptom, other],
            notes: [Finding("n", .note, in: .pods, "module 'm'", "is not loaded", fix: "load it")],
            sound: [(.server, "https://10.0.0.1:6443")],
            unseen: [Unseen(.kubelet, "journal", "permission denied")],
            isReady: false
        )
    )

    @Test func `the first cause and its fix are two lines, the rest is printed on demand`() {
        let short = Self.report.lines(isComplete: false)
        #expect(
            short == ["swap 'a': is on", "fix: turn it off", "1 more fault: see 'nest-bootstrap doctor --all'"]
        )
        #expect(
            Self.report.lines(isComplete: true) == [
                "swap 'a': is on", "fix: turn it off", "because of it: kubelet.service: has failed",
                "also wrong: CNI: there is none", "fix: install one", "note: module 'm': is not loaded; load it",
                "ok: API server: https://10.0.0.1:6443", "not looked at: journal: permission denied",
            ]
        )
    }

    @Test func `the line of status names the first cause, on a machine that has a kubelet`() {
        var facts = Facts()
        facts.machine.swapAreas = ["/dev/sda2"]
        facts.cluster.nodeName = "worker-1"
        #expect(notReadyLine(facts) == nil)
        facts.kubelet.unitPath = "/etc/systemd/system/kubelet.service"
        facts.kubelet.program = "/usr/bin/kubelet"
        let line = notReadyLine(facts)
        #expect(line?.hasPrefix("Node 'worker-1' is not Ready: ") == true, "\(line ?? "")")
        #expect(line?.hasSuffix("; more: nest-bootstrap doctor") == true)
    }

    @Test func `every field is documented, and nothing else`() throws {
        let documented = try DocumentedFields("doctor").paths
        #expect(try JSON(Self.report.json).fieldPaths.sorted() == documented.sorted())
    }

    @Test func `a root directory without kubelet is no node`() async throws {
        let node = try TestNode("tasks: {}\n")
        let result = await node.call("doctor")
        #expect(result.status == 1)
        #expect(result.outputLines.first?.hasPrefix("kubelet: is not installed") == true, "\(result.output)")
        #expect(result.outputLines.count > 1 && result.outputLines[1].hasPrefix("fix: install it"))
        let json = try await node.call("doctor", "-o", "json").output.json
        #expect(json["cause"]?["code"]?.string == "kubelet-not-installed")
    }
}
