import Base
import Diagnosis
import TestSupport
import Testing

@testable import nest_bootstrap

/// The text and the JSON of `doctor`.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct DoctorTests {
    private static let diagnosis = NodeDiagnosis(
        findings: [
            Finding("swap-on", .machine, "swap 'a'", "is on", fix: "turn it off"),
            Finding("x", .kubelet, kind: .symptom, "kubelet.service", "has failed", fix: "see its journal"),
            Finding("cni-missing", .network, "CNI", "there is none", fix: "install one"),
        ],
        notes: [Finding("n", .pods, kind: .note, "module 'm'", "is not loaded", fix: "load it")],
        unseen: [Unseen(.kubelet, "journal", "permission denied")],
        isReady: false
    )

    @Test func `the first cause and its fix are two lines, the rest is printed on demand`() {
        let short = ["swap 'a': is on", "fix: turn it off"]
        let more = "1 more fault: see 'nest-bootstrap doctor --all'"
        #expect(Self.diagnosis.lines(isComplete: false) == short + [more])
        #expect(
            Self.diagnosis.lines(isComplete: true) == short + [
                "because of it: kubelet.service: has failed", "also wrong: CNI: there is none", "fix: install one",
                "note: module 'm': is not loaded; load it", "not looked at: journal: permission denied",
            ]
        )
    }

    @Test func `every field is documented, and nothing else`() throws {
        let documented = try DocumentedFields("doctor").paths
        #expect(try JSON(Self.diagnosis.json).fieldPaths.sorted() == documented.sorted())
    }

    @Test func `a root directory without kubelet is no node`() async throws {
        let root = TemporaryDirectory.file("root")
        try Files.makeDirectories(root)
        let result = await callProgram(["doctor", "--root", root])
        #expect(result.status == 1)
        #expect(result.outputLines.first?.hasPrefix("kubelet: is not installed") == true, "\(result.output)")
        #expect(result.outputLines.count > 1 && result.outputLines[1].hasPrefix("fix: install it"))
        let json = try await callProgram(["doctor", "--root", root, "-o", "json"]).output.json
        #expect(json["cause"]?["code"]?.string == "kubelet-not-installed")
    }
}
