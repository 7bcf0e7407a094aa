import Testing
import YAML

@Suite(.timeLimit(.minutes(3))) struct NearestNameTests {
    @Test(arguments: [
        ("hostNetwrok", "hostNetwork"), ("hostnetwork", "hostNetwork"), ("calico-crd", "calico-crds"),
        ("apiservr", "apiserver"), ("NAME", "name"),
    ])
    func `a slip of the finger is understood`(written: String, meant: String) {
        let names = ["hostNetwork", "hostPID", "calico-crds", "calico-node", "apiserver", "name"]
        #expect(nearestName(to: written, in: names) == meant)
    }

    @Test(arguments: ["", "x", "na", "replicas", "frobnicate"])
    func `what is too different is not guessed`(written: String) {
        #expect(nearestName(to: written, in: ["hostNetwork", "name", "ab", ""].filter { !$0.isEmpty }) == nil)
    }

    @Test func `the nearest wins, and the first of two`() {
        #expect(nearestName(to: "calico-nod", in: ["calico-noda", "calico-node", "calico"]) == "calico-noda")
        #expect(nearestName(to: "taskfil", in: ["taskxxx", "taskfile"]) == "taskfile")
    }

    @Test func `long names take no time`() {
        let names = (0..<2_000).map { String(repeating: "n", count: 5_000) + String($0) }
        _ = nearestName(to: String(repeating: "m", count: 100_000), in: names)
    }
}
