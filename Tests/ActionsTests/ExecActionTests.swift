import Base
import Host
@testable import Planning
import TestSupport
import Testing

@testable import Actions

/// Verb `exec`.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct ExecActionTests {
    private func task(_ fields: String) -> String { "tasks: {it: {exec: {\(fields)}}}\n" }

    @Test func `a program is not run where what it creates is there`() async throws {
        try await withBench(
            task("command: touch, args: [\"\(TemporaryDirectory.file("root/srv/x"))\"], creates: /srv/x")
        ) { bench async throws in
            #expect(try await bench.perform("it") == "changed")
            #expect(try await bench.perform("it") == "unchanged")
            #expect(bench.lines == ["/srv/x created", "/srv/x unchanged"])
        }
    }

    @Test func `with a root a program is run also where the machine itself has what it creates`() async throws {
        try await withBench(task("command: \"true\", creates: /etc/passwd")) { bench async throws in
            #expect(try await bench.perform("it") == "'true' succeeded, but '/etc/passwd' does not exist")
        }
        try await withBench(task("command: \"false\", creates: /etc/passwd"), root: nil) { bench async throws in
            #expect(try await bench.perform("it") == "unchanged")
        }
    }

    @Test(arguments: [
        "exec: {command: \"false\"}", "exec: {command: nowhere}", "exec: {script: none.sh}",
        "exec: {command: \"true\", creates: /nowhere/a}", "file: {path: /etc/a, source: /nowhere/a}",
        "remove: {paths: [/dir]}", "wait: {file: /nowhere/a}",
    ])
    func `a failure of the node has a place, and is not permanent`(verb: String) async throws {
        try await withBench("tasks: {it: {timeout: 1s, \(verb)}}") { bench async throws in
            try FileSystem.makeDirectories("\(bench.directory)/root/dir")
            let step = bench.run.plan.steps[0]
            let error = await #expect(throws: Problem.self) {
                _ = try await ActionRunner(bench.run).perform(
                    step,
                    StepContext(task: "it", timeout: .seconds(1)) { _ in }
                )
            }
            #expect(error?.location?.position?.line == 1)
            #expect(error.map { isPermanent($0) } == false)
        }
    }

    @Test func `the environment is the agent's, the task's and the variables of the task`() async throws {
        let fields = "command: sh, args: [-c, 'echo $INHERITED $NEST_TASK $NEST_ROOT $OWN'], environment: {OWN: mine}"
        try await withBench(task(fields)) { bench async throws in
            #expect(try await bench.perform("it") == "changed")
            #expect(bench.lines == ["| yes it DIR/root mine"])
        }
    }

    @Test(arguments: [0o644, 0o755] as [UInt32])
    func `a script is run by its own program, else by the shell`(mode: UInt32) async throws {
        try await withBench(task("script: s.sh, args: [a b]")) { bench async throws in
            try bench.write("#!/bin/cat\n# $1\n", to: "s.sh", mode: mode)
            _ = try await bench.perform("it")
            #expect(bench.lines.contains("| #!/bin/cat") == (mode == 0o755))
        }
    }

    @Test func `a link to a script counts as the script`() async throws {
        try await withBench(task("script: link")) { bench async throws in
            try bench.write("echo shell\n", to: "s.sh", mode: 0o644)
            try FileSystem.makeSymbolicLink(at: "\(bench.directory)/link", to: "s.sh", replacing: false)
            #expect(try await bench.perform("it") == "changed")
            #expect(bench.lines == ["| shell"])
        }
    }

    @Test func `a shell runs preStart and the script, also one that is executable`() async throws {
        let keys = "script: s, args: [x], shell: /bin/bash, preStart: \"[[ $- == *e* ]] && echo $BASH\""
        try await withBench(task(keys)) { bench async throws in
            let script = "#!/no/such/program\n[[ $- == *e* ]] || echo \"$BASH $1\"\n"
            try bench.write(script, to: "s", mode: 0o755)
            #expect(try await bench.perform("it") == "changed")
            #expect(bench.lines == ["| /bin/bash", "| /bin/bash x"])
        }
    }

    @Test(
        arguments: [
            ("command: \"true\", preStart: 'false; true'", "'preStart' exited with code 1 and wrote nothing"),
            ("command: \"false\"", "'false' exited with code 1 and wrote nothing"),
            (
                "command: sh, args: [-c, 'echo a; echo b; echo; echo c; echo d; exit 2']",
                "sh -c 'echo a; echo b; echo; echo c; echo d; exit 2' exited with code 2; its last output was: b | c | d"
            ),
            ("command: sh, args: [-c, 'kill -9 $$']", "sh -c 'kill -9 $$' was ended by signal 9 (SIGKILL)"),
            ("command: /nowhere/x", "cannot run '/nowhere/x': directory '/nowhere' does not exist;"),
            ("script: none.sh", "cannot run script 'DIR/none.sh': No such file or directory;"),
        ]
    )
    func `a program that fails is reported`(fields: String, expected: String) async throws {
        try await withBench(task(fields)) { bench async throws in
            let words = try await bench.perform("it")
            #expect(words.hasPrefix(expected), "\(words)")
        }
    }

    @Test(
        arguments: [
            ("command: touch, args: [x y]", "changed", ["would run touch 'x y'"]),
            ("command: touch, creates: /etc/passwd", "changed", ["would run 'touch'"]),
            ("script: later.sh, preStart: make it", "changed", ["would run 'preStart', then 'DIR/later.sh'"]),
        ]
    )
    func `a dry run says what it would run`(fields: String, outcome: String, lines: [String]) async throws {
        try await withBench(task(fields), isDryRun: true) { bench async throws in
            #expect(try await bench.perform("it") == outcome)
            #expect(bench.lines == lines)
        }
    }

    @Test func `a dry run takes a script that another task would write for one that is there`() async throws {
        let tasks = """
            tasks:
              write: {file: {path: /opt/s.sh, content: "exit 0"}}
              it: {after: [write], exec: {script: /opt/s.sh}}
            """
        try await withBench(tasks, isDryRun: true) { bench async throws in
            #expect(try await bench.perform("write") == "changed")
            #expect(try await bench.perform("it") == "changed")
        }
    }

    @Test func `every verb has an action`() {
        #expect(actionTypes.map { $0.verb } == verbNames)
    }
}
