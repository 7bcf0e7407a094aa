import TestSupport
import Testing

/// Tasks that run programs.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct ExecVerbTests {
    @Test func `a script has its environment, its arguments and what preStart made`() async throws {
        let node = try TestNode(
            """
            variables: {place: north}
            tasks:
              seed:
                exec:
                  script: seed.sh
                  args: [one, "two words", "$HOME"]
                  environment: {PLACE: "${place}", STAMP: \(TemporaryDirectory.file("stamp"))}
                  preStart: |
                    echo "prepared for $PLACE" > "$STAMP"
            """
        )
        try node.write(
            """
            cat "$STAMP"
            echo "$NEST_TASK $#: $1, $2, $3"
            echo "problems go here" >&2
            """,
            to: "seed.sh",
        )
        let result = try await node.run("run")
        #expect(result.status == 0, "\(result.errors)")
        for line in ["prepared for north", "seed 3: one, two words, $HOME", "problems go here"] {
            #expect(result.outputLines.contains("seed: | \(line)"), "\(result.output)")
        }
    }

    @Test func `a program that fails is reported with its place, its code and its last line`() async throws {
        let node = try TestNode("tasks:\n  fails: {exec: {script: fails.sh}}\n")
        try node.write("echo first\necho the disk is full >&2\nexit 7\n", to: "fails.sh")
        let result = try await node.run("run")
        #expect(result.status == 1)
        #expect(
            result.errors.replacing("\(node.directory)/", with: "")
                == "fails: error: bootstrap.yaml:2:26: 'fails.sh' exited with code 7; its last output was: first | the disk is full\n"
        )
    }

    @Test func `the deadline ends a program with all its descendants`() async throws {
        // A busy machine may need longer than the first deadlines to begin.
        for seconds in [5, 20, 80] {
            let node = try TestNode("tasks: {hangs: {timeout: \(seconds)s, exec: {script: hangs.sh}}}\n")
            // The grandchild ignores the polite signal.
            try node.write(
                """
                #!/bin/sh
                sh -c 'trap "" TERM; echo $$; while :; do sleep 1; done' &
                wait
                """,
                to: "hangs.sh",
                mode: 0o755,
            )
            let result = try await node.run("run")
            #expect(result.status == 1)
            let line = result.outputLines.first { $0.hasPrefix("hangs: | ") }
            guard let grandchild = line?.split(separator: " ").last.flatMap({ Int32($0) }) else { continue }
            #expect(
                result.errors
                    == "hangs: error: \(node.config):1:\(seconds < 10 ? 45 : 46): '\(node.path("hangs.sh"))' did not finish within \(seconds)s and was "
                    + "stopped; its last output was: \(grandchild); a program that does not end, such as a server, belongs "
                    + "into a unit, and 'wait' waits for it; otherwise find out what it waits for, or increase 'timeout' "
                    + "of task 'hangs'\n"
            )
            return #expect(!isAlive(grandchild))
        }
        Issue.record("the program has never begun")
    }
}
