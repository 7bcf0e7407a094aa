import Base
import Testing

@Suite(.timeLimit(.minutes(15))) struct NearestNameTests {
    @Test(arguments: [
        ("hostNetwrok", "hostNetwork"), ("hostnetwork", "hostNetwork"), ("calico-crd", "calico-crds"),
        ("apiservr", "apiserver"), ("NAME", "name"),
    ])
    func `a typing mistake is recognised`(written: String, meant: String) {
        let names = ["hostNetwork", "hostPID", "calico-crds", "calico-node", "apiserver", "name"]
        #expect(nearestName(to: written, in: names) == meant)
    }

    @Test(arguments: [
        ("control_plane", "control-plane"), ("min_nodes", "minNodes"), ("kubelet.servce", "kubelet.service"),
        ("Deploymnet", "Deployment"), ("Ingres", "Ingress"), ("ingreses", "ingresses"), ("contnt", "content"),
        ("kube-sytem", "kube-system"), ("nsme", "name"), ("onde", "node"), ("roles", "role"), ("etdc", "etcd"),
        ("ubelet", "kubelet"), ("-config", "--config"), ("--tsk", "--task"), ("networking.k8s.oi", "networking.k8s.io"),
        ("pythn3", "python3"), ("owenr", "owner"), ("dryrun", "dry-run"), ("imagePullPolcy", "imagePullPolicy"),
    ])
    func `characters that are missing, swapped, doubled or replaced are typing mistakes`(written: String, meant: String)
    {
        #expect(nearestName(to: written, in: [meant]) == meant)
    }

    @Test(arguments: [
        ("--file", "--role"), ("export", "import"), ("unlock", "lock"), ("force", "source"), ("disable", "enable"),
        ("tile", "file"), ("node", "mode"), ("host", "port"),
        ("test", "reset"), ("start", "status"), ("mount", "count"), ("green", "great"), ("secret", "sector"),
        ("service", "device"), ("include", "exclude"), ("ingress", "egress"), ("unmount", "mount"), ("user", "owner"),
        ("client.key", "server.key"), ("v1", "v2"), ("ab", "ac"), ("min", "max"), ("tcp", "udp"),
    ])
    func `another word is no typing mistake`(written: String, other: String) {
        #expect(nearestName(to: written, in: [other]) == nil)
    }

    @Test(arguments: ["", "x", "na", "replicas", "frobnicate"])
    func `names that are too different are not suggested`(written: String) {
        #expect(nearestName(to: written, in: ["hostNetwork", "name", "ab", ""].filter { !$0.isEmpty }) == nil)
    }

    @Test func `of two that are equally similar, the first one is meant`() {
        #expect(nearestName(to: "calico-nod", in: ["calico-noda", "calico-node", "calico"]) == "calico-noda")
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
        // Only the first 64 characters count: compared in full, these pairs would not end within the limit of the suite.
        let names = (0..<200).map { String(repeating: "n", count: 10_000) + String($0) }
        #expect(nearestName(to: String(repeating: "m", count: 10_000), in: names) == nil)
    }
}
