import Host
import TestSupport
import Testing

@testable import Actions

/// Programs that succeed without the path that they should create.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct MissingProductTests {
    private func task(_ fields: String) -> String { "tasks: {it: {exec: {\(fields)}}}\n" }

    @Test(
        arguments: [
            (
                "script: s.sh", "curl URL | cat >/dev/null\n", 0o644,
                "if 'curl' fails before the '|' in line 1 of 'DIR/s.sh', the shell does not notice it: "
                    + "write shell: /bin/bash, and 'set -eo pipefail' before it"
            ),
            (
                "script: s.sh, shell: /bin/bash", "true\ncurl URL | cat >/dev/null\n", 0o644,
                "if 'curl' fails before the '|' in line 2 of 'DIR/s.sh', the shell does not notice it: "
                    + "write 'set -o pipefail' before it"
            ),
            (
                "script: s.sh", "#!/bin/sh -e\ncurl URL | cat >/dev/null\n", 0o755,
                "if 'curl' fails before the '|' in line 2 of 'DIR/s.sh', the shell does not notice it: "
                    + "write '#!/bin/bash -e' as its first line, and 'set -o pipefail' before it"
            ),
            (
                "command: sh, args: [-ec, 'curl URL | cat >/dev/null']", "", 0o644,
                "if 'curl' fails before the '|' of its text, the shell does not notice it: "
                    + "write command: bash, and 'set -o pipefail' before it"
            ),
            (
                "command: sh, args: ['%DIR%/s.sh']", "curl URL | cat >/dev/null\n", 0o644,
                "if 'curl' fails before the '|' in line 1 of 'DIR/s.sh', the shell does not notice it: "
                    + "write command: bash, and 'set -o pipefail' before it"
            ),
            (
                "command: 'true', preStart: 'curl URL | cat >/dev/null'", "", 0o644,
                "if 'curl' fails before the '|' of 'preStart', the shell does not notice it: "
                    + "write shell: /bin/bash, and 'set -o pipefail' before it"
            ),
            (
                "script: s.sh, shell: /bin/bash", "set -o pipefail\ntrue | cat >/dev/null\n", 0o644,
                "correct 'creates'"
            ),
            ("command: bash, args: [-o, pipefail, -c, 'true | cat']", "", 0o644, "correct 'creates'"),
        ] as [(String, String, UInt32, String)]
    )
    func `a pipeline whose failure the shell does not notice`(
        fields: String,
        script: String,
        mode: UInt32,
        hint: String
    ) async throws {
        let fields = fields.replacing("%DIR%", with: TemporaryDirectory.path)
        try await withBench(task("\(fields), creates: \(TemporaryDirectory.file("x"))"), root: nil) {
            bench async throws in
            try bench.write(script, to: "s.sh", mode: mode)
            let error = try await bench.perform("it")
            #expect(error.contains(" succeeded, but 'DIR/x' does not exist"), "\(error)")
            #expect(error.hasSuffix("; \(hint)"), "\(error)")
        }
    }

    @Test func `the last output, a removed directory and a similar name`() async throws {
        let directory = TemporaryDirectory.path
        let said = "command: sh, args: [-c, 'rm -r \(directory)/none; echo why'], creates: \(directory)/none/x"
        try await withBench(task(said), root: nil) { bench async throws in
            #expect(
                try await bench.perform("it")
                    == "sh -c 'rm -r DIR/none; echo why' succeeded, but 'DIR/none/x' does not exist: "
                    + "directory 'DIR/none' does not exist; its last output was: why; correct 'creates'"
            )
        }
        let similar = "command: touch, args: ['\(directory)/settings.conf'], creates: \(directory)/setings.conf"
        try await withBench(task(similar), root: nil) { bench async throws in
            let error = try await bench.perform("it")
            let end = "'DIR/setings.conf' does not exist; did you mean 'DIR/settings.conf'? correct 'creates'"
            #expect(error.hasSuffix(end), "\(error)")
        }
    }

    @Test func `a path outside of the root`() async throws {
        let path = TemporaryDirectory.file("x")
        try await withBench(task("command: touch, args: ['\(path)'], creates: \(path)")) { bench async throws in
            #expect(
                try await bench.perform("it").hasSuffix(
                    "; 'DIR/x' outside of the root exists: let it write below '$NEST_ROOT', or correct 'creates'"
                )
            )
        }
    }

    @Test(
        arguments: [
            ("a | b", 1, "a"), ("a\nX=1 curl -L ${URL} |\n  tar x\n", 2, "curl"),
            ("if ! sudo a | b; then c; fi", 1, "a"),
            ("cat <<EOF | c\n x | y\nEOF\n", 1, "cat"), ("a $(b) | c", 1, "a"), ("x() { a |& b; }", 1, "a"),
            ("(cd /x && a | b)", 1, "a"), ("a \\\n  -x | b", 2, "a"), ("a | b\nc | d | e", 2, "c"),
            ("a || b", 0, ""), ("echo 'a | b' \"c | d\"", 0, ""), ("# a | b", 0, ""), ("a >| b", 0, ""),
            ("case $1 in a|b) c ;; esac", 0, ""), ("case $1 in\n  a | 'b') c ;; esac", 0, ""),
            ("set -o pipefail; a | b", 0, ""), ("cat <<'E' >x\na | b\nE\n", 0, ""), ("a <<< x", 0, ""),
        ]
    )
    func `pipelines are found in scripts`(script: String, line: Int, program: String) {
        #expect(Pipeline.unwatched(in: script) == (line == 0 ? nil : Pipeline(line: line, program: program)))
    }
}
