import Base
import Host
import TestSupport
import Testing

/// The completion in the shells themselves.
@Suite(.temporaryDirectory, .timeLimit(.minutes(3)))
struct CompletionTests {
    private struct Case {
        var line: String
        /// Words that are offered, among others.
        var offered: [String]
        /// Words that are not.
        var others: [String] = []
    }

    /// A task file with two tasks and one that is off.
    private let node: TestNode

    init() throws {
        node = try TestNode(
            """
            tasks:
              calico-crds: {description: "Custom: resources", exec: {command: ls}}
              calico-node: {exec: {command: ls}}
              coredns: {enable: false, exec: {command: ls}}

            """
        )
        let program = TemporaryDirectory.file("nest-bootstrap")
        try FileSystem.makeSymbolicLink(at: program, to: TestNode.program, replacing: false)
    }

    private var cases: [Case] {
        [
            Case(line: "st", offered: ["status"], others: ["run", "schema"]),
            Case(
                line: "status --config \(node.config) cal",
                offered: ["calico-crds", "calico-node"],
                others: ["coredns"]
            ),
            Case(line: "run -c \(node.config) --task calico-n", offered: ["calico-node"], others: ["calico-crds"]),
            Case(line: "run --with", offered: ["--with-dependencies"]),
            Case(line: "check --output js", offered: ["json"], others: ["text"]),
            Case(line: "explain apply.wa", offered: ["apply.wait"], others: ["apply.prune"]),
            Case(line: "certificates re", offered: ["renew"], others: ["check"]),
            Case(line: "check --config \(node.directory)/bootst", offered: ["\(node.directory)/bootstrap.yaml"]),
        ]
    }

    private func check(_ offered: [String], _ one: Case) {
        for word in one.offered { #expect(offered.contains(word), "\(one.line): \(offered)") }
        for word in one.others { #expect(!offered.contains(word), "\(one.line): \(offered)") }
    }

    @Test func `bash completes`() async throws {
        for one in cases {
            let script = """
                PATH=$1:$PATH; . <(nest-bootstrap completion bash)
                COMP_LINE="nest-bootstrap $2" COMP_POINT=$((15 + ${#2}))
                compopt() { :; }
                _nest_bootstrap; printf '%s\\n' "${COMPREPLY[@]}"
                """
            let result = try await Tool.run("bash", ["-c", script, "bash", node.directory, one.line])
            #expect(result.status == 0 && result.errors == "", "\(result.errors)")
            check(result.outputLines, one)
        }
    }

    @Test func `fish completes`() async throws {
        for one in cases {
            let script = "nest-bootstrap completion fish | source; complete -C \"nest-bootstrap $argv[1]\""
            let path = "\(node.directory):/usr/local/bin:/usr/bin:/bin"
            let result = try await Tool.run("fish", ["-N", "-c", script, one.line], environment: ["PATH": path])
            #expect(result.status == 0 && result.errors == "", "\(result.errors)")
            check(result.outputLines.map { String($0.prefix { $0 != "\t" }) }, one)
        }
    }

    /// Types a line and a tab in an interactive zsh, and prints what the terminal shows.
    private static let typist = """
        import os, pty, re, select, sys, time
        directory, line = sys.argv[1:]
        process, terminal = pty.fork()
        if process == 0:
            os.environ.update(PATH=directory + ":" + os.environ["PATH"], TERM="dumb", PS1="$ ", COLUMNS="200")
            os.execvp("zsh", ["zsh", "-f", "-i"])
        def read(seconds):
            seen, end = b"", time.monotonic() + seconds
            while time.monotonic() < end:
                if select.select([terminal], [], [], 0.1)[0]:
                    try:
                        seen += os.read(terminal, 65536)
                    except OSError:
                        break
            return seen.decode(errors="replace")
        def until(words, seconds=30):
            seen, end = "", time.monotonic() + seconds
            while words not in seen and time.monotonic() < end:
                seen += read(0.2)
            return seen
        os.write(terminal, b"autoload -U compinit; compinit -D -u; . <(nest-bootstrap completion zsh); zstyle ':completion:*' "
                           b"list-prompt ''; LISTMAX=1000; bindkey '^I' list-choices; echo rea''dy\\n")
        until("ready")
        os.write(terminal, b"nest-bootstrap " + line.encode() + b"\\t")
        shown = read(1.5)
        while True:
            more = read(1)
            if not more:
                break
            shown += more
        print("\\n".join(re.split(r"\\s{2,}|[\\r\\n]", shown.replace(line, "", 1))))
        os.kill(process, 9)
        """

    @Test func `zsh completes`() async throws {
        for one in cases.dropLast() {
            let result = try await Tool.run("python3", ["-c", Self.typist, node.directory, one.line])
            #expect(result.status == 0 && result.errors == "", "\(result.errors)")
            check(result.outputLines.map { String($0.prefix { $0 != " " }) }, one)
        }
    }
}
