import Speaking
import Testing

@Suite(.timeLimit(.minutes(3)))
struct ArgumentTests {
    private func options(_ arguments: [String]) throws -> Options {
        let invocation = try parseArguments(arguments)
        guard case .perform(let options) = invocation else { throw Plain("\(invocation)") }
        return options
    }

    @Test func `a command alone has the defaults`() throws {
        let options = try options(["run"])
        #expect(options == Options(.run(RunOptions())))
        #expect(options.config == "/etc/nest-bootstrap/bootstrap.yaml")
        #expect(options.dropInDirectory == "/etc/nest-bootstrap/bootstrap.d")
        #expect(options.output == .text)
        #expect(!options.isDryRun)
    }

    @Test(arguments: [
        ["run", "--task", "a", "--task=b", "--task", "a", "--with-dependencies", "--dry-run", "--role=worker"],
        ["--role", "worker", "run", "--dry-run", "--task=a", "--with-dependencies", "--task", "b", "--"],
    ])
    func `flags stand anywhere and have their values either way`(arguments: [String]) throws {
        var run = RunOptions()
        run.tasks = ["a", "b"]
        run.withDependencies = true
        run.isDryRun = true
        var expected = Options(.run(run))
        expected.role = "worker"
        #expect(try options(arguments) == expected)
    }

    @Test func `status takes names, also those that look like flags`() throws {
        #expect(try options(["status", "a", "--output", "json", "--", "--b"]).command == .status(["a", "--b"]))
    }

    @Test func `a picture has a format`() throws {
        #expect(try options(["graph"]).command == .graph(.text))
        #expect(try options(["graph", "--format", "mermaid"]).command == .graph(.mermaid))
    }

    @Test func `a value may hold an equals sign`() throws {
        #expect(try options(["check", "--config=/a=b.yaml", "--root", "-x"]).config == "/a=b.yaml")
    }

    @Test(arguments: [
        ("/x/other.yaml", "/x/other.d"), ("plain", "plain.d"), ("/a.b/plain", "/a.b/plain.d"), (".hidden", ".hidden.d"),
        ("two.dots.yml", "two.dots.d"),
    ])
    func `the drop-ins lie beside the file`(config: String, directory: String) throws {
        #expect(try options(["check", "--config", config]).dropInDirectory == directory)
    }

    @Test(
        arguments: [
            (["--help"], nil), (["-h"], nil), (["help"], nil), (["help", "run"], .run), (["status", "-h"], .status),
            (["graph", "--fromat", "--help"], .graph), (["--help", "check"], .check),
        ] as [([String], CommandName?)]
    )
    func `help is asked for in many ways`(arguments: [String], command: CommandName?) throws {
        #expect(try parseArguments(arguments) == .help(command))
    }

    @Test func `the version is asked for in one`() throws {
        #expect(try parseArguments(["--version"]) == .version)
        #expect(versionText == "nest-bootstrap 0.1.0\n")
    }

    @Test(
        arguments: [
            ([], "a command is missing; see 'nest-bootstrap --help'"),
            (["rnu"], "unknown command 'rnu', did you mean 'run'?; see 'nest-bootstrap --help'"),
            (["frobnicate"], "unknown command 'frobnicate', known are run, status, check, graph, units, help"),
            (["help", "stauts"], "unknown command 'stauts', did you mean 'status'?"),
            (["run", "--taks", "a"], "unknown flag '--taks', did you mean '--task'?; see 'nest-bootstrap run --help'"),
            (["run", "-x"], "unknown flag '-x', known are --config, --output, --role, --root, --task,"),
            (
                ["status", "--task", "a"],
                "flag '--task' is one of 'run', not of 'status'; see 'nest-bootstrap status --help'"
            ),
            (["run", "--task"], "flag '--task' needs a value: '--task NAME'"),
            (["run", "--task="], "flag '--task' needs a value: '--task NAME'"),
            (["run", "--task", "--dry-run"], "flag '--task' needs a value: '--task NAME'"),
            (["run", "--dry-run=yes"], "flag '--dry-run' takes no value"),
            (["run", "--role", "a", "--role", "b"], "flag '--role' stands twice"),
            (
                ["run", "--with-dependencies"],
                "flag '--with-dependencies' needs the task whose they are: '--task NAME'"
            ),
            (["run", "calico-crds"], "'run' takes no names: 'calico-crds', type '--task calico-crds'"),
            (["check", "x"], "'check' takes no names: 'x'; see 'nest-bootstrap check --help'"),
            (["status", "--output", "jsno"], "unknown output 'jsno', did you mean 'json'?"),
            (["graph", "--format", "svg"], "unknown format 'svg', known are text, dot, mermaid"),
            (
                ["graph", "--format", "dot", "--output", "json"],
                "'--format' is a picture's, and '--output json' draws none: leave one of them out"
            ),
        ] as [([String], String)]
    )
    func `wrong usage is told in one line with something to type`(arguments: [String], message: String) {
        let error = #expect(throws: UsageError.self) { try parseArguments(arguments) }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [nil] + CommandName.allCases.map(Optional.some))
    func `help fits a terminal and has everything worth knowing`(command: CommandName?) {
        let text = helpText(command)
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
        #expect(text.hasSuffix("\n") && !text.hasSuffix("\n\n"))
        var parts = ["Usage: nest-bootstrap", "--help", "Examples:\n", "Files:\n"]
        if command != nil { parts += ["--config FILE", "--output text|json", "Exit codes:\n", "  64  ", "(default: "] }
        for part in parts { #expect(text.contains(part), "\(part)") }
    }

    @Test(
        arguments: [
            (["run", "-x", "--output", "json"], .json), (["--output=json", "frobnicate"], .json),
            (["run", "--output", "jsn"], .text), (["--output"], .text), ([], .text),
        ] as [([String], OutputFormat)]
    )
    func `wrong arguments are told in the form that they ask for`(arguments: [String], expected: OutputFormat) {
        #expect(wantedOutput(arguments) == expected)
    }
}
