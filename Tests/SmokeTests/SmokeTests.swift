import Base
import HTTP
import Host
@testable import Planning
import TestSupport
import Testing

@testable import Actions
@testable import Certificates
@testable import Diagnosis
@testable import Kubernetes
@testable import Reporting
@testable import nest_bootstrap

/// One short test of each module, which `make quick` runs if a module has changed that most others import.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct SmokeTests {
    private static let tasks =
        "tasks: {one: {symlink: {path: /run/one, target: /etc}}, two: {after: [one], exec: {command: ls}}}"

    private static func declarations() -> Declarations {
        let file = SourceFile(path: "bootstrap.yaml", bytes: Array(tasks.utf8))
        let (declarations, problems) = readDeclarationsWithProblems([file], node: NodeFacts(hostName: "node"))
        #expect(problems.isEmpty)
        return declarations
    }

    @Test func `YAML: a document is read`() throws {
        let root = try readDocuments(Array("a: [1, two]\n".utf8), file: "f").first?.root
        #expect(root?["a"]?[1]?.string == "two")
    }

    @Test func `TLS: a text has its digest`() {
        #expect(sha256([]).hasPrefix("e3b0c44298fc1c14"))
    }

    @Test func `HTTP: a request gets its response`() async throws {
        let server = try LoopbackServer { _ in .response(200, body: [1, 2]) }
        let response = try await HTTPClient().send(HTTPRequest(url: server.url), deadline: .now + .seconds(600))
        #expect(response.status == 200 && response.body == [1, 2])
    }

    @Test func `Host: a file is read as it was written`() throws {
        let path = TemporaryDirectory.file("directory/file")
        try FileSystem.write([1, 2], to: path, mode: 0o640)
        #expect(try readFile(path, limit: 10) == [1, 2])
        #expect(try FileSystem.status(path)?.mode == 0o640)
    }

    @Test func `Kubernetes: a kubeconfig names its server`() throws {
        let text = """
            {current-context: x, contexts: [{name: x, context: {cluster: c, user: me}}],
             clusters: [{name: c, cluster: {server: 'https://10.0.0.1:6443'}}], users: [{name: me, user: {token: t}}]}
            """
        #expect(try Kubeconfig(Array(text.utf8), path: "k").address == "10.0.0.1:6443")
    }

    @Test func `Planning: a task file becomes a plan`() throws {
        #expect(Self.declarations().plan.steps.map(\.task.name) == ["one", "two"])
    }

    @Test func `Execution: every step of a plan is run`() async throws {
        let report = await Engine(clock: ContinuousClock()).run(Self.declarations().plan) { _, _ in .changed }
        #expect(report.entries.map(\.task) == ["one", "two"])
    }

    @Test func `State: a record is read as it was written`() throws {
        let store = RecordStore(path: TemporaryDirectory.file("state"), boot: "boot")
        try store.write(TaskRecord(task: "one", outcome: .changed, run: "run"))
        #expect(try store.record(of: "one")?.outcome == .changed)
    }

    @Test func `Actions: every verb has an action`() {
        #expect(actionTypes.count == verbTypes.count)
    }

    @Test func `Certificates: the header of an encrypted file names its recipients`() {
        let text = "age-encryption.org/v1\n-> ssh-ed25519 tag share\nbody\n-> X25519 share\nbody\n--- mac\n"
        let file = AgeFile(Array(text.utf8))
        #expect(file?.tags == ["tag"] && file?.ageCount == 1)
    }

    @Test func `Diagnosis: a machine without kubelet is not a node`() {
        #expect(diagnose(Facts()).first?.code == "kubelet-not-installed")
    }

    @Test func `Reporting: an event is a line`() {
        let written = Locked("")
        let output = ConsoleOutput({ bytes, _ in written.withLock { $0 += String(decoding: bytes, as: UTF8.self) } })
        let events = EventQueue([LineSink(output: output)])
        events.send(Event(task: "one", .output("text")))
        #expect(events.finish(idleLimit: .seconds(600)) && output.flush(idleLimit: .seconds(600)))
        #expect(written.withLock { $0 } == "one: | text\n")
    }

    @Test func `nest-bootstrap: arguments are a command`() throws {
        let invocation = try parseArguments(["check", "--offline"])
        guard case .perform(_, let options) = invocation else { throw Problem("no command") }
        #expect(options.output == .text)
    }
}
