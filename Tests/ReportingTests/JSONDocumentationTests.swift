import Base
@testable import Host
@testable import Planning
@testable import Reporting
import TestSupport
import Testing

@testable import Certificates

/// What is printed as JSON, compared with `docs/json.md`.
@Suite(.timeLimit(.minutes(15)))
struct JSONDocumentationTests {
    /// Every kind of event, with every field that it can have.
    private static let events: [Event] =
        SampleRun.events + [
            Event(task: "c", .taskStarted(verb: "file")),
            Event(task: "c", .lease(holder)),
            Event(task: "c", .objectCount(3)),
            Event(task: "c", .planned("would run 'x'")),
            Event(task: "c", .change("unit 'x.service'", "started")),
            Event(task: "c", .objectFailed(.init("ConfigMap/z", [Problem("ConfigMap/z: it is refused")]))),
            Event(task: "c", .path("/etc/y", .init(.changed, diff: ["-a", "+b"]))),
            Event(
                task: "c",
                .object("ConfigMap/z", .init(.configured, fields: ["a"], diff: ["-a", "+b"], notes: ["n"]))
            ),
        ]

    private static let holder = LeaseHolder(
        lease: "kube-system/l",
        identity: "w1_1",
        since: Timestamp(seconds: 0),
        isSelf: true
    )

    /// The keys of the file of ``SampleRun/problem``.
    private static let keys = TaskFileKeys([SourceFile(path: "a.yaml", bytes: Array("# one\n  tasks: {}\n".utf8))])

    /// A node with two addresses.
    private static let address = AddressRule().choose(among: [
        NetworkInterface(
            name: "a",
            isUp: true,
            isRunning: true,
            addresses: ["10.0.0.1", "10.0.0.2"].compactMap { IPAddress($0).map { .init($0) } }
        )
    ])

    @Test func `every event and every field of a run is documented, and nothing else`() throws {
        let recorder = Recorder()
        let reporter = Reporter(JSONSink(recorder.output, run: "r"))
        for event in Self.events { reporter.receive(event) }
        reporter.finish()
        let document = try DocumentedFields("Events")
        let common: Set = ["version", "time", "run", "sequence", "event", "task"]
        var printed: [String: Set<String>] = [:]
        var paths: Set<String> = []
        for line in recorder.text().split(separator: "\n") {
            let node = try readJSON(Array(line.utf8), file: "line")
            let name = try #require(node["event"]?.string)
            let fields = try fieldPaths(node)
            printed[name, default: []].formUnion(fields.filter { !$0.contains(".") && !common.contains($0) })
            paths.formUnion(fields)
        }
        #expect(printed == document.events.mapValues(Set.init))
        #expect(paths.sorted() == document.paths.sorted())
    }

    /// A status in which everything is known.
    private static var completeStatus: TaskStatus {
        var status = TaskStatus(
            task: "a",
            description: "d",
            state: .notYet,
            age: .seconds(1),
            duration: .seconds(1),
            counts: ResultCounts(created: 1),
            reasons: ["r"]
        )
        (status.startedAt, status.finishedAt) = (Timestamp(seconds: 0), Timestamp(seconds: 0))
        let unit = UnitState(load: "loaded", active: "activating", sub: "auto-restart")
        status.add(ServiceState(unit: unit, statusText: "x"))
        (status.isPermanent, status.retriesIn) = (true, .seconds(1))
        status.repetition = TaskStatus(
            task: "a",
            state: .running,
            startedAt: Timestamp(seconds: 0),
            finishedAt: Timestamp(seconds: 0),
            age: .seconds(1),
            duration: .seconds(1),
            reasons: ["r"],
        )
        status.repeatsIn = .seconds(1)
        status.lease = holder
        status.wait = TaskWait(subject: Wait.Subject(.server, "s"), reason: "r", start: .zero)
        return status
    }

    @Test func `every field of a status is documented, and nothing else`() throws {
        let certificate = CertificateExpiry(
            path: "/c",
            subject: "CN=c",
            validFrom: Timestamp(seconds: 0),
            expires: Timestamp(seconds: 0),
        )
        let text = statusJSON(
            [Self.completeStatus],
            certificates: [certificate],
            warnings: [SampleRun.problem],
            address: Self.address
        )
        let node = try readJSON(Array(text.utf8), file: "status")
        #expect(try fieldPaths(node).sorted() == (try DocumentedFields("status").paths.sorted()))
    }

    @Test func `every field of a change of a status is documented, and nothing else`() throws {
        var changes = StatusChanges()
        let text = try #require(changes.json([Self.completeStatus]).first)
        let node = try readJSON(Array(text.utf8), file: "status")
        #expect(try fieldPaths(node).sorted() == (try DocumentedFields("status --watch").paths.sorted()))
    }

    @Test func `every field of a check is documented, and nothing else`() throws {
        let counts = CheckCounts(tasks: 3, objects: 5, uncheckedObjects: 4, tasksWithoutSandbox: 1)
        let text = checkJSON([SampleRun.problem], warnings: [SampleRun.problem], counts, Self.keys, Self.address)
        let problem =
            #"{"message":"ConfigMap/y: wrong \"type\"","place":{"file":"a.yaml","line":2,"column":3},"hint":"type a number","#
        #expect(text.hasPrefix(#"{"version":1,"problems":[\#(problem)"key":"tasks"}],"warnings":[{"#))
        let node = try readJSON(Array(text.utf8), file: "check")
        #expect(try fieldPaths(node).sorted() == (try DocumentedFields("check").paths.sorted()))
    }

    @Test func `every field of a check of all nodes is documented, and nothing else`() throws {
        let text = "nodes: {a: {role: worker, address: 10.0.0.1}, b: {role: worker}}\ntasks: {t: {exec: {command: ls}}}"
        let all = AllNodes([SourceFile(path: "a.yaml", bytes: Array(text.utf8))])
        var report = AllNodesReport([], Self.keys)
        for node in all.nodes {
            let found = node.hostName == "a" ? [SampleRun.problem] : []
            let counts = CheckCounts(
                tasks: 1,
                objects: 3,
                uncheckedObjects: found.isEmpty ? 0 : 2,
                tasksWithoutSandbox: found.isEmpty ? 0 : 1
            )
            report.add(node, found, warnings: found, counts)
        }
        #expect(report.json.contains(#""key":"tasks","nodes":["a"]}],"warnings":[{"#))
        #expect(report.json.hasSuffix(#""summary":{"nodes":2,"problems":1,"warnings":1}}"#))
        let check = try readJSON(Array(report.json.utf8), file: "check")
        #expect(try fieldPaths(check).sorted() == (try DocumentedFields("check --all-nodes").paths.sorted()))
    }

    @Test func `every field of a timeline is documented, and nothing else`() throws {
        var source = SampleBoot.source
        source.system?.boot.finished = .seconds(40)
        source.system?.units["kubelet.service"]?.ended = .seconds(50)
        let node = try readJSON(Array(timelineJSON(Timeline(source)).utf8), file: "timeline")
        #expect(try fieldPaths(node).sorted() == (try DocumentedFields("timeline").paths.sorted()))
    }

    @Test func `every field of a reset is documented, and nothing else`() throws {
        var report = ResetReport(isDryRun: true)
        report.units = ["k8s-bootstrap.target"]
        report.commands = [.init(task: "a", text: "rm x\n", hasFailed: true)]
        report.paths = [
            .init(task: "a", path: "/x", reason: nil), .init(task: "a", path: "/y", reason: "is not empty"),
        ]
        report.state = ["/run/nest-bootstrap"]
        report.problems = [SampleRun.problem]
        #expect(report.json.contains(#"{"task":"a","path":"/y","result":"kept","reason":"is not empty"}],"#))
        #expect(report.json.hasSuffix(#""summary":{"deleted":1,"kept":1,"commands":1,"units":1,"problems":1}}"#))
        let node = try readJSON(Array(report.json.utf8), file: "reset")
        #expect(try fieldPaths(node).sorted() == (try DocumentedFields("reset").paths.sorted()))
    }

    @Test func `every field about certificates is documented, and nothing else`() throws {
        let leaf = LeafDeclaration(
            node: "w1",
            name: "kubelet",
            commonName: "c",
            organizations: [],
            names: [],
            usages: [.clientAuth],
            validity: .seconds(1),
            key: .p256,
            renewBefore: .seconds(1),
            owner: "etcd",
            group: "g",
            mode: 0o40,
            location: SourceLocation(file: "f"),
        )
        let end = Timestamp(seconds: 0)
        let faulty = CertificateStatus(leaf: leaf, name: "kubelet", path: "/p", validUntil: end, faults: [.missing])
        let authority = CertificateStatus(leaf: nil, name: "k8s", path: "/c", validUntil: nil, faults: [])
        let inspection = SetInspection(authority: authority, leaves: [faulty], undeclared: ["u"], limits: ["l"])
        let check = certificatesJSON(inspection)
        #expect(
            check.contains(#""expires":"1970-01-01T00:00:00Z","owner":"etcd","group":"g","mode":"0040","problems":["#)
        )
        #expect(check.hasSuffix(#""summary":{"certificates":2,"problems":1}}"#))
        let checked = try readJSON(Array(check.utf8), file: "check")
        #expect(try fieldPaths(checked).sorted() == (try DocumentedFields("certificates check").paths.sorted()))
    }
}

/// The paths of all fields of an object, as ``TestSupport/JSON/fieldPaths``.
private func fieldPaths(_ node: Node) throws -> [String] {
    try JSON(String(decoding: node.json(), as: UTF8.self)).fieldPaths
}
