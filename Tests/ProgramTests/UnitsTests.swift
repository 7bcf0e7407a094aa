import TestSupport
import Testing

/// Whether systemd's own checks are there; they need no running systemd.
private let canAnalyze = ChildProcess.isInstalled("systemd-analyze")

/// What came of a program, as far as it matters here.
private struct Answer: Hashable {
    let status: Int32
    let said: String

    init(status: Int32, said: String) {
        self.status = status
        self.said = said
    }

    init(_ result: ToolResult) {
        self.init(status: result.status, said: result.output + result.errors)
    }
}

/// Success without a word.
private let silence = Answer(status: 0, said: "")

/// Command `units`, and what systemd says of the units.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct UnitsTests {
    private var directory: String { TemporaryDirectory.file("systemd") }

    /// Runs the program for the shipped task file, and puts beside its units what is installed with them.
    private func writeUnits(_ config: String, role: String) async throws -> [String] {
        let shipped = try await Tool.run("cp", ["-r", "\(TestCluster.sourceRoot)/units", directory])
        try #require(shipped.status == 0, "\(shipped.errors)")
        let result = try await Tool.run(TestNode.program, ["units", directory, "--config", config, "--role", role])
        try #require(result.status == 0, "\(result.errors)")
        return try Files.list(directory).filter { $0.hasSuffix(".service") && !Self.commonUnits.contains($0) }
    }

    /// The units that every node has.
    private static let commonUnits = [
        "k8s-bootstrap--metrics.service", "k8s-bootstrap--report.service", "k8s-bootstrap-alert@.service",
        "k8s-bootstrap-health.service",
    ]

    /// The timers that every node has.
    private static let commonTimers = [
        "k8s-bootstrap--metrics.timer", "k8s-bootstrap--report.timer", "k8s-bootstrap-health.timer",
    ]

    /// Has systemd load the units.
    private func verify(_ units: [String]) async throws -> ToolResult {
        let common = Self.commonUnits.filter { !$0.contains("@") } + Self.commonTimers
        return try await Tool.run(
            "systemd-analyze",
            ["verify"] + (units + common + ["k8s-bootstrap.target"]).map { "\(directory)/\($0)" }
        )
    }

    /// Asks systemd which units are more exposed than 2.0.
    private func exposures(of units: [String]) async throws -> ToolResult {
        let root = TemporaryDirectory.file("root")
        try Files.makeDirectories("\(root)/etc/systemd")
        try Files.makeSymbolicLink(at: "\(root)/etc/systemd/system", to: directory)
        let moved = try await Tool.run(
            "sh",
            ["-c", "rm \"$1\" && cp -r \"$0\" \"$1\"", directory, "\(root)/etc/systemd/system"]
        )
        try #require(moved.status == 0, "\(moved.errors)")
        return try await Tool.run(
            "systemd-analyze",
            ["security", "--offline=true", "--threshold=20", "--root=\(root)", "--no-pager"] + units
        )
    }

    @Test(.enabled(if: canAnalyze)) func `systemd takes the units, and finds none of every node exposed`() async throws
    {
        let path = "\(TestCluster.sourceRoot)/examples/homelab/bootstrap.yaml"
        let units = try await writeUnits(path, role: "control-plane")
        #expect(units.count == 15)
        #expect(Answer(try await verify(units)) == silence)
        let exposures = try await exposures(of: Self.commonUnits.map { $0.replacing("@.", with: "@any.") })
        #expect(exposures.status == 0, "\(exposures.output)")
    }

    @Test(.enabled(if: canAnalyze)) func `systemd takes whatever a task file may say`() async throws {
        let node = try TestNode(
            #"""
            tasks:
              odd:
                description: "100% of \"it\", 'here' and $HOME \\"
                after: ["dev-disk-by\\x2dlabel-x.device", plain]
                file: {path: "/etc/with space/100%/a\\b", content: x, mode: "4711", group: root}
              plain:
                wantedBy: [multi-user.target]
                exec:
                  command: "true"
                  writes: [/var/lib/made/, "/etc/it's"]
                  network: true
                  capabilities: [CAP_SYS_ADMIN, CAP_SYS_MODULE, CAP_SYS_TIME, CAP_SYSLOG, CAP_MKNOD, CAP_SYS_PTRACE]
            """#
        )
        let units = try await writeUnits(node.config, role: "worker")
        #expect(Answer(try await verify(units)) == silence)
    }

    /// Calls the program as systemd calls a generator, with a root of its own: this machine may have records of tasks.
    private func generate(config: String? = nil) async throws -> ToolResult {
        let generator = TemporaryDirectory.file("nest-bootstrap-generator")
        try Files.makeSymbolicLink(at: generator, to: TestNode.program, replacing: true)
        let directories = ["normal", "early", "late"].map(TemporaryDirectory.file)
        try Files.makeDirectories(TemporaryDirectory.file("root"))
        let flags = ["--root", TemporaryDirectory.file("root")] + (config.map { ["--config", $0] } ?? [])
        return try await Tool.run(generator, directories + flags, environment: ["NEST_ROLE": nil])
    }

    private func made() throws -> [String] {
        let normal = TemporaryDirectory.file("normal")
        return try Files.exists(normal) ? try Files.list(normal) : []
    }

    @Test func `a generator writes into the first of its directories, in silence`() async throws {
        let node = try TestNode("tasks: {t: {exec: {command: ls}}}\n")
        #expect(Answer(try await generate(config: node.config)) == silence)
        let units = Self.commonUnits + ["k8s-bootstrap-t.service"]
        #expect(try made() == (Self.commonTimers + units + ["k8s-bootstrap.target.d"]).sorted())
        let target = try Files.text(TemporaryDirectory.file("normal/k8s-bootstrap.target.d/50-tasks.conf"))
        #expect(target.contains("\nRequires=k8s-bootstrap-t.service\n"), "\(target)")
        #expect(try Files.exists(TemporaryDirectory.file("early")) == false)
    }

    @Test func `offline units are those of another machine, and depend on no file of this one`() async throws {
        let node = try TestNode(
            """
            nodes: {w1: {role: worker}}
            tasks:
              a: {roles: [worker], wait: {url: "https://a.example/"}}
            """
        )
        let arguments = ["units", directory, "--offline", "--config", node.config]
        let wrong = try await Tool.run(TestNode.program, arguments + ["--installed-as", "b.yaml"])
        #expect(Answer(wrong).said.contains("'--installed-as' is an absolute path, found 'b.yaml'"))
        let made = try await Tool.run(
            TestNode.program,
            arguments + ["--host-name", "w1", "--installed-as", "/etc/nest-bootstrap/bootstrap.yaml"],
            environment: ["NEST_ROLE": nil, "PATH": nil, "HOME": nil]
        )
        #expect(made.output == "units of 1 task written to '\(directory)'\n")
        #expect(made.errors == "")
        let unit = try Files.text("\(directory)/k8s-bootstrap-a.service")
        #expect(unit.contains("SourcePath=/etc/nest-bootstrap/bootstrap.yaml\n"), "\(unit)")
        #expect(unit.contains("ExecStart=:\(TestNode.program) run --task a\n"), "\(unit)")
        #expect(!unit.contains(node.directory), "\(unit)")
    }

    @Test func `a generator without a task file does nothing`() async throws {
        let missing = TemporaryDirectory.file("bootstrap.yaml")
        #expect(Answer(try await generate(config: missing)) == silence)
        #expect(try made() == [])
    }

    @Test func `a generator turns an invalid task file into a service that fails`() async throws {
        let node = try TestNode("tasks: {t: {exec: {comand: ls}}, u: {exec: {command: ls}, tiemout: 1s}}\n")
        #expect(Answer(try await generate(config: node.config)) == silence)
        #expect(try made() == (Self.commonTimers + Self.commonUnits + ["k8s-bootstrap.target.d"]).sorted())
        let file = TemporaryDirectory.file("normal/k8s-bootstrap.target.d/50-tasks.conf")
        // Every user can read a description, and only root this file.
        let closed = try Files.text(file)
        let hint = "Description=the task file has 2 mistakes; run 'nest-bootstrap check' as root\n"
        #expect(closed.contains(hint), "\(closed)")
        for path in [TemporaryDirectory.path, node.directory] { try Files.setMode(path, 0o755) }
        #expect(Answer(try await generate(config: node.config)) == silence)
        let text = try Files.text(file)
        #expect(text.contains("has 2 mistakes, the first: \(node.config):1:"), "\(text)")
        // A call by hand reports it.
        let asked = try await Tool.run(TestNode.program, ["units", directory, "--config", node.config])
        #expect(asked.status == 78)
        #expect(asked.errorLines.contains { $0.contains("unknown key 'comand'") }, "\(asked.errors)")
    }
}
