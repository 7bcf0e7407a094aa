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
        let generated = TemporaryDirectory.file("units")
        let generate = "units \(generated) --config /etc/nest-bootstrap/bootstrap.yaml".split(separator: " ")
        #expect(
            try await run("ln -s /srv/gone bootstrap.yaml; set -- \"$1\" \(generate.joined(separator: " "))").status
                == 78
        )
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
