import Glibc
import TestSupport
import Testing

/// The default task file, in an `/etc` of its own.
@Suite(.temporaryDirectory, .enabled(if: geteuid() == 0, "only root can mount"), .timeLimit(.minutes(30)))
struct AbsentTaskFileTests {
    /// Runs the program where `/etc/nest-bootstrap` has what a shell script puts there.
    private func run(_ preparation: String, _ arguments: String...) async throws -> ToolResult {
        let script = """
            mount -t tmpfs none /etc
            mkdir /etc/nest-bootstrap
            cd /etc/nest-bootstrap
            \(preparation)
            exec "$@"
            """
        let program = [TestNode.program] + arguments
        return try await Tool.run(
            "unshare",
            ["--mount", "sh", "-euc", script, "sh"] + program,
            environment: ["NEST_ROLE": nil, "JOURNAL_STREAM": nil]
        )
    }

    @Test func `a link that leads nowhere is not a missing task file`() async throws {
        let file = try await run("ln -s /srv/gone bootstrap.yaml", "check")
        #expect(file.status == 78)
        #expect(
            file.errors == "/etc/nest-bootstrap/bootstrap.yaml: cannot read the task file: No such file or directory; "
                + "it is a link to '/srv/gone': put the file there\n"
        )
        let directory = try await run("ln -s /srv/gone bootstrap.d", "check")
        #expect(directory.status == 78)
        #expect(
            directory.errors
                == "/etc/nest-bootstrap/bootstrap.d: the directory of the drop-ins is a link that leads nowhere\n"
        )
        let generated = try await run("ln -s /srv/gone bootstrap.yaml; \(try generator())", "")
        #expect(generated.status == 0, "\(generated.errors)")
        #expect(try Files.exists(TemporaryDirectory.file("normal/k8s-bootstrap-health.service")))
        let closed = try Files.text(TemporaryDirectory.file("normal/k8s-bootstrap.target.d/50-health.conf"))
        #expect(closed.contains("the task file is invalid"), "\(closed)")
    }

    /// A shell command that replaces the program by a generator, which writes to `normal`.
    private func generator(_ flags: String = "") throws -> String {
        let path = TemporaryDirectory.file("nest-bootstrap-generator")
        try Files.makeSymbolicLink(at: path, to: TestNode.program, replacing: true)
        let directories = ["normal", "early", "late"].map(TemporaryDirectory.file).joined(separator: " ")
        return "set -- \(path) \(directories) --root \(TemporaryDirectory.file("root")) \(flags)"
    }

    /// systemd creates the directory of a task before its program starts and writes the record.
    @Test func `a task that is just starting keeps its unit while the task file is invalid`() async throws {
        try Files.makeDirectories(TemporaryDirectory.file("root/run/nest-bootstrap/tasks/starting"), mode: 0o711)
        let invalid = "echo 'tasks: {t: {exec: {comand: ls}}}' >bootstrap.yaml"
        let generated = try await run("\(invalid); \(try generator())", "")
        #expect(generated.status == 0, "\(generated.errors)")
        #expect(try Files.exists(TemporaryDirectory.file("normal/k8s-bootstrap-starting.service")))
    }

    @Test func `a drop-in needs no task file`() async throws {
        let dropIn = "mkdir bootstrap.d; echo 'tasks: {a: {exec: {command: /bin/true}}}' >bootstrap.d/50-a.yaml"
        let result = try await run(dropIn, "check", "--offline")
        #expect(result.status == 0 && result.output == "1 task for this node, nothing wrong\n", "\(result.errors)")
    }

    @Test func `the unit of a task whose task file is gone says so`() async throws {
        let result = try await run("export NOTIFY_SOCKET=/nowhere", "run", "--task", "a")
        #expect(result.status == 78)
        #expect(
            result.errors.contains("there is no task file '/etc/nest-bootstrap/bootstrap.yaml'"),
            "\(result.errors)"
        )
    }
}
