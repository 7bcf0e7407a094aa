import TestSupport
import Testing

/// The completion in the shells themselves.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct CompletionTests {
    private struct Case {
        /// What is typed after the name of the program.
        var line: String
        /// Words that are offered, among others; of a path the last part.
        var offered: [String]
        /// Words that are not.
        var others: [String] = []
    }

    /// A task file with two tasks and one that is off, and a node.
    private let node: TestNode

    init() throws {
        let tasks = """
            nodes: {cp1: {role: control-plane}}
            tasks:
              calico-crds: {description: "Custom: resources", exec: {command: ls}}
              calico-node: {description: 'Files: C:\\tmp', exec: {command: ls}}
              coredns: {enable: false, exec: {command: ls}}

            """
        node = try TestNode(tasks)
        let program = TemporaryDirectory.file("nest-bootstrap")
        try Files.makeSymbolicLink(at: program, to: TestNode.program)
        try Files.makeDirectories("\(node.directory)/my dir")
        try Files.write(Array(tasks.utf8), to: "\(node.directory)/my dir/tasks.yaml", mode: 0o644)
    }

    /// The home directory is that of the node, which is also the working directory.
    private var cases: [Case] {
        let tasks = ["calico-crds", "calico-node"]
        return [
            Case(line: "st", offered: ["status"], others: ["run", "schema"]),
            Case(line: "status --config \(node.config) cal", offered: tasks, others: ["coredns"]),
            Case(line: "status -c ~/bootstrap.yaml cal", offered: tasks),
            Case(line: "status -c 'my dir/tasks.yaml' cal", offered: tasks),
            Case(line: "run -c \(node.config) --task calico-n", offered: ["calico-node"], others: ["calico-crds"]),
            Case(line: "run --with", offered: ["--with-dependencies"]),
            Case(line: "check --output ", offered: ["json", "text"], others: ["--"]),
            Case(line: "certificates re", offered: ["renew"], others: ["check"]),
            Case(line: "check --config bootst", offered: ["bootstrap.yaml"]),
        ]
    }

    private func check(_ offered: [String], _ one: Case) {
        func has(_ word: String) -> Bool {
            offered.contains { $0 == word || $0.hasSuffix("/\(word)") }
        }
        for word in one.offered { #expect(has(word), "\(one.line): \(offered)") }
        for word in one.others { #expect(!has(word), "\(one.line): \(offered)") }
    }

    @Test func `fish completes`() async throws {
        for one in cases {
            let script = """
                cd $HOME; nest-bootstrap completion fish | source; complete -C "nest-bootstrap $argv[1]"
                """
            let result = try await Tool.run("fish", ["-N", "-c", script, one.line], environment: environment)
            #expect(result.status == 0 && result.errors == "", "\(result.errors)")
            check(result.outputLines.map { String($0.prefix { $0 != "\t" }) }, one)
        }
    }

    /// The whole word, not its last part as in a list; bash itself completes paths.
    @Test(arguments: [
        ("bash", "status --config CONFIG calico-n", "calico-node"),
        ("fish", "check --config DIR/bootst", "DIR/bootstrap.yaml"),
    ])
    func `the whole word is put into the line`(shell: String, line: String, word: String) async throws {
        func inNode(_ text: String) -> String {
            text.replacing("CONFIG", with: node.config).replacing("DIR", with: node.directory)
        }
        let bash = #"""
            . <(nest-bootstrap completion bash)
            COMP_LINE=$1 COMP_POINT=${#1}
            compopt() { :; }
            _nest_bootstrap; printf '%s\n' "${COMPREPLY[@]}"
            """#
        let fish = "nest-bootstrap completion fish | source; complete -C $argv[1]"
        let script = shell == "bash" ? ["-c", bash, "bash"] : ["-N", "-c", fish]
        let result = try await Tool.run(shell, script + ["nest-bootstrap \(inNode(line))"], environment: environment)
        #expect(result.outputLines.map { String($0.prefix { $0 != "\t" }) } == [inNode(word)], "\(result.errors)")
    }

    private var environment: [String: String?] {
        ["HOME": node.directory, "PATH": "\(node.directory):/usr/local/bin:/usr/bin:/bin"]
    }

    /// Types a line and a tab in an interactive shell, and prints what the terminal shows.
    private static let typist = #"""
        import os, pty, re, select, sys, time
        shell, directory, line = sys.argv[1:]
        arguments, setup = {
            "bash": (["--norc", "--noprofile", "-i"], "bind '\"\\t\": possible-completions'; "
                     "bind 'set completion-query-items 0'; bind 'set page-completions off'"),
            "zsh": (["-f", "-i"], "autoload -U compinit; compinit -D -u; zstyle ':completion:*' list-prompt ''; "
                    "LISTMAX=1000; bindkey '^I' list-choices"),
        }[shell]
        process, terminal = pty.fork()
        if process == 0:
            os.chdir(directory)
            path = directory + ":" + os.environ["PATH"]
            os.environ.update(HOME=directory, PATH=path, TERM="dumb", PS1="$ ", COLUMNS="300")
            os.execvp(shell, [shell] + arguments)
        def until(words, count):
            # The limit only guards against waiting forever.
            seen, end = "", time.monotonic() + 600
            while seen.count(words) < count and time.monotonic() < end:
                if select.select([terminal], [], [], 0.1)[0]:
                    seen += os.read(terminal, 65536).decode(errors="replace")
            return seen
        script = "; . <(nest-bootstrap completion " + shell + "); echo rea''dy\n"
        os.write(terminal, (setup + script).encode())
        # The editor of the line has begun when there is a prompt.
        if "$ " not in until("ready", 1).split("ready")[-1]:
            until("$ ", 1)
        time.sleep(0.2)
        os.write(terminal, line.encode() + b"\t")
        # Below the list the shell shows the line again.
        shown = until(line, 2)
        print("\n".join(re.split(r"\s{2,}|[\r\n]", shown.replace(line, "", 1))))
        os.kill(process, 9)
        """#

    private func typed(_ line: String, in shell: String) async throws -> [String] {
        let result = try await Tool.run("python3", ["-c", Self.typist, shell, node.directory, line])
        #expect(result.status == 0 && result.errors == "", "\(result.errors)")
        return result.outputLines.map { String($0.prefix { $0 != " " }) }
    }

    @Test(arguments: ["bash", "zsh"]) func `bash and zsh complete`(shell: String) async throws {
        for one in cases { check(try await typed("nest-bootstrap \(one.line)", in: shell), one) }
    }
}
