import Base
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(30))) struct NearestNameTests {
    @Test(arguments: [
        ("hostNetwrok", "hostNetwork"), ("hostnetwork", "hostNetwork"), ("calico-crd", "calico-crds"),
        ("apiservr", "apiserver"), ("NAME", "name"),
    ])
    func `a typing mistake is recognised`(written: String, meant: String) {
        let names = ["hostNetwork", "hostPID", "calico-crds", "calico-node", "apiserver", "name"]
        #expect(nearestName(to: written, in: names) == meant)
    }

    @Test(arguments: ["", "x", "na", "replicas", "frobnicate"])
    func `names that are too different are not suggested`(written: String) {
        #expect(nearestName(to: written, in: ["hostNetwork", "name", "ab", ""].filter { !$0.isEmpty }) == nil)
    }

    @Test func `the most similar name is chosen, and the first of two`() {
        #expect(nearestName(to: "calico-nod", in: ["calico-noda", "calico-node", "calico"]) == "calico-noda")
        #expect(nearestName(to: "taskfil", in: ["taskxxx", "taskfile"]) == "taskfile")
    }

    @Test func `of two that are equally similar, the one with the same characters is meant`() {
        #expect(nearestName(to: "--wacht", in: ["--wait", "--watch"]) == "--watch")
        #expect(nearestName(to: "--wacht", in: ["--watch", "--wait"]) == "--watch")
        #expect(nearestName(to: "--waitt", in: ["--wait", "--watch"]) == "--wait")
    }

    @Test(
        arguments: [
            ("--out", "--output"), ("--dry", "--dry-run"), ("J", "json"), ("--rot", "--root"), ("--wat", "--watch"),
            ("--d", "--dry-run"), ("--w", nil), ("--", nil), ("", nil), ("frobnicate", nil),
        ] as [(String, String?)]
    )
    func `what is typed may be the beginning of one name, or similar to it`(typed: String, meant: String?) {
        let names = ["--root", "--output", "--dry-run", "--wait", "--watch", "--output", "json"]
        #expect(nameMeant(by: typed, in: names) == meant)
    }

    @Test func `long names are compared in bounded time`() {
        // Compared in full, each pair of the longer ones would take ten thousand times as long as one of the shorter; only
        // the first 64 characters count.
        func time(_ length: Int) -> Duration {
            let names = (0..<200).map { String(repeating: "n", count: length) + String($0) }
            return processorTime { #expect(nearestName(to: String(repeating: "m", count: length), in: names) == nil) }
        }
        let short = time(100)
        let long = time(10_000)
        #expect(long < short * 500, "\(long), and \(short) for names of a hundredth of the length")
    }
}
