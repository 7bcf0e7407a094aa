import Certificates
import Reporting
import Testing

@testable import nest_bootstrap

@Suite(.timeLimit(.minutes(15)))
struct ArgumentTests {
    @Test func `a command alone has the defaults`() throws {
        let options = try options(["run"])
        #expect(try command(["run"], as: RunCommand.self) == RunCommand())
        #expect(options.config == "/etc/nest-bootstrap/bootstrap.yaml")
        #expect(options.dropInDirectory == "/etc/nest-bootstrap/bootstrap.d")
        #expect(options.output == .text)
        #expect(!options.isDryRun)
    }

    @Test(arguments: [
        ["run", "--task", "a", "--task=b", "--task", "a", "--with-dependencies", "--dry-run", "--role=worker"],
        ["run", "--role", "worker", "--dry-run", "--task=a", "--with-dependencies", "--task", "b", "--"],
    ])
    func `flags have their values after a space or an equals sign`(arguments: [String]) throws {
        var run = RunCommand()
        run.tasks = ["a", "b"]
        run.withDependencies = true
        run.isDryRun = true
        #expect(try command(arguments) == run)
        #expect(try options(arguments).role == "worker")
    }

    @Test func `status takes names, also those that look like flags, and may wait`() throws {
        let given = try command(["status", "a", "--output", "json", "--", "--b"], as: StatusCommand.self)
        #expect(given?.names == ["a", "--b"])
        var wait = StatusCommand()
        (wait.names, wait.waitLimit) = (["a"], .seconds(90))
        #expect(try command(["status", "--wait=1m30s", "a"]) == wait)
    }

    @Test func `a reset is confirmed or only shown`() throws {
        let shown = try options(["reset", "--dry-run", "--root", "/mnt"])
        #expect(
            try command(["reset", "--dry-run", "--root", "/mnt"], as: ResetCommand.self) == ResetCommand(isDryRun: true)
                && shown.isDryRun && !shown.acts
        )
        let running = try command(["reset", "--run-commands", "--yes", "--root", "/mnt"], as: ResetCommand.self)
        #expect(running == ResetCommand(isConfirmed: true, runsCommandsWithRoot: true))
        let confirmed = try options(["reset", "--yes"])
        #expect(try command(["reset", "--yes"], as: ResetCommand.self) == ResetCommand(isConfirmed: true))
        #expect(!confirmed.isDryRun && confirmed.acts)
    }

    @Test func `certificates have an action and selections`() throws {
        var expected = CertificatesCommand()
        #expect(try command(["certificates", "check"]) == expected)
        (expected.action, expected.isForced, expected.isDryRun) = (.renew, true, true)
        (expected.nodes, expected.names, expected.identities) = (["a", "b"], ["c"], ["i"])
        let selection = ["--node", "a", "--node=b", "--node=a", "--name", "c", "--identity", "i"]
        let renewal = ["certificates", "--all", "renew", "--dry-run"] + selection
        let given = try options(renewal)
        #expect(try command(renewal) == expected)
        #expect(given.isDryRun && !given.acts)
        #expect(try options(["certificates", "renew"]).acts)
        #expect(try !options(["certificates", "check"]).acts)
    }

    @Test func `a rotation of the CA only acts with a step`() throws {
        var expected = CertificatesCommand()
        expected.action = .rotateAuthority
        let shown = try options(["certificates", "rotate-ca"])
        #expect(try command(["certificates", "rotate-ca"], as: CertificatesCommand.self) == expected)
        #expect(!shown.acts)
        (expected.step, expected.isConfirmed) = (.issue, true)
        let issuing = ["certificates", "rotate-ca", "--step", "issue", "--confirm"]
        #expect(try command(issuing) == expected)
        #expect(try options(issuing).acts)
    }

    @Test func `an import has a format and a path`() throws {
        let source = ImportCommand(format: .nico, path: "cluster.nix")
        #expect(try command(["import", "nico", "cluster.nix"]) == source)
        #expect(try !options(["import", "plans", "p"]).acts)
        let faults = [
            (["import"], "'import' takes 'nico FILE' or 'plans DIR'"),
            (["import", "plans", "a", "b"], "'import' takes 'nico FILE' or 'plans DIR'"),
            (["import", "plan", "a"], "unknown format 'plan' (did you mean 'plans'?)"),
            (["import", "--role", "r", "nico", "a"], "'import' has no flag '--role'"),
        ]
        for (arguments, message) in faults {
            let error = #expect(throws: UsageError.self) { try parseArguments(arguments) }
            #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
        }
    }

    @Test func `a value may hold an equals sign`() throws {
        #expect(try options(["check", "--config=/a=b.yaml", "--root", "-x"]).config == "/a=b.yaml")
    }

    @Test(arguments: [
        ("/x/other.yaml", "/x/other.d"), ("plain", "plain.d"), ("/a.b/plain", "/a.b/plain.d"), (".hidden", ".hidden.d"),
        ("two.dots.yml", "two.dots.d"),
    ])
    func `the drop-ins are next to the file`(config: String, directory: String) throws {
        #expect(try options(["check", "--config", config]).dropInDirectory == directory)
    }

    @Test func `another call has the flags that say which node it is about`() throws {
        let given = try options(["check", "--offline", "--root", "/mnt", "--config", "/my dir", "--role", "worker"])
        #expect(given.commonArguments == ["--config", "/my dir", "--role", "worker", "--root", "/mnt"])
        #expect(try options(["check", "-c", "/etc/nest-bootstrap/bootstrap.yaml"]).commonArguments == [])
    }

    @Test(
        arguments: [
            (["-h"], nil), (["help", "help"], nil), (["help", "run"], "run"), (["status", "-w", "-h"], "status"),
            (["graph", "--fromat", "--help"], "graph"),
            (["--help", "check"], "check"),
        ] as [([String], String?)]
    )
    func `help can be requested in many ways`(arguments: [String], command: String?) throws {
        guard case .help(let found) = try parseArguments(arguments) else { throw Plain("\(arguments)") }
        #expect(found?.name == command)
    }

    @Test func `frequent flags have a short name`() throws {
        let arguments = ["diff", "a", "-c", "/x.yaml", "-o", "json", "b", "a"]
        let given = try options(arguments)
        #expect(try command(arguments) == DiffCommand(names: ["a", "b"]))
        #expect(given.config == "/x.yaml" && given.output == .json && given.isDryRun)
        #expect(try options(["status", "-o=json"]).output == .json)
    }

    @Test func `the version can be requested`() throws {
        guard case .help(nil) = try parseArguments([]) else { throw Plain("no help") }
        guard case .version = try parseArguments(["--version"]) else { throw Plain("no version") }
        let text = /nest-bootstrap 0\.1\.0( \([0-9a-f]+(-dirty)?\))?\n/
        #expect(versionText.wholeMatch(of: text) != nil, "\(versionText)")
    }

    @Test(
        arguments: [
            (["rnu"], "unknown command 'rnu' (did you mean 'run'?); see 'nest-bootstrap --help'"),
            (["frobnicate"], "unknown command 'frobnicate' (expected one of up, run, "),
            (["status", "--wait=soon"], "'--wait' is a duration such as 30s, 10m or 1h30m, found 'soon'"),
            (["reset", "--run-commands", "--yes"], "'--run-commands' requires '--root DIR'; see"),
            (["help", "stauts"], "unknown command 'stauts' (did you mean 'status'?)"),
            (["run", "--taks", "a"], "unknown flag '--taks' (did you mean '--task'?); see"),
            (["run", "-x"], "unknown flag '-x' (expected one of --task, --with-dependencies, --dry-run,"),
            (["status", "--task", "a"], "'status' has no flag '--task' (it belongs to 'run'); see"),
            (["run", "--task"], "flag '--task' requires a value: '--task NAME'"),
            (["run", "-o="], "flag '--output' requires a value: '-o, --output text|json'"),
            (["run", "--task="], "flag '--task' requires a value: '--task NAME'"),
            (["run", "--task", "--dry-run"], "flag '--task' requires a value: '--task NAME'"),
            (["run", "--dry-run=yes"], "flag '--dry-run' takes no value"),
            (["run", "--role", "a", "--role", "b"], "flag '--role' was given more than once"),
            (["run", "--with-dependencies"], "'--with-dependencies' requires '--task NAME'"),
            (["check", "--all-nodes", "--role", "x"], "'--all-nodes' and '--role' are mutually exclusive"),
            (["run", "calico-crds"], "'run' takes no arguments: 'calico-crds' (use '--task calico-crds'); see"),
            (
                ["check", "my file.yaml"],
                "'check' takes no arguments: 'my file.yaml' (use --config 'my file.yaml'); see"
            ),
            (["init"], "'init' needs a kind of node: kubeadm|k3s|worker|control-plane"),
            (["-V"], "no command given (it comes before flags such as '-V'); see 'nest-bootstrap --help'"),
            (["run", "-t", "x"], "unknown flag '-t' (did you mean '--task'?); see 'nest-bootstrap run --help'"),
            (["status", "--output", "jsno"], "invalid value 'jsno' for --output (did you mean 'json'?)"),
            (
                ["graph", "--output", "png"],
                "invalid value 'png' for --output (expected one of 'text', 'json', 'dot', "
            ),
            (["graph", "--output", "DOT"], "invalid value 'DOT' for --output (did you mean 'dot'?)"),
            (["check", "-config", "x"], "unknown flag '-config' (did you mean '--config'?)"),
            (["logs", "-fx"], "unknown flag '-fx' (expected one of -f, --follow, "),
            (["--dry-run", "run"], "no command given (it comes before flags such as '--dry-run'); see"),
            (["run", "--dry"], "unknown flag '--dry' (did you mean '--dry-run'?)"),
            (["explain", "a", "b"], "'explain' takes one key: unexpected argument 'b'; see"),
            (["help", "run", "extra"], "'help' takes one command: unexpected argument 'extra'; see"),
            (["--version", "extra"], "'--version' takes no arguments: 'extra'; see 'nest-bootstrap --help'"),
            (
                ["run", "--all-nodes"],
                "'run' has no flag '--all-nodes' (it belongs to 'check'); see"
            ),
        ] as [([String], String)]
    )
    func `wrong usage is reported in one line with something to type`(arguments: [String], message: String) {
        let error = #expect(throws: UsageError.self) { try parseArguments(arguments) }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [nil] + shownCommands.map { $0.name } + ["units", "supervise"])
    func `help fits a terminal, and has every flag and section`(name: String?) {
        let command = name.flatMap(findCommand)
        let text = helpText(command)
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
        #expect(text.hasSuffix("\n") && !text.hasSuffix("\n\n"))
        let withoutFiles = ["explain", "schema", "completion", "logs", "init"]
        var parts = ["Usage: nest-bootstrap", "--help", "Examples:\n"]
        if command != nil { parts += ["Exit codes:\n", "  64  "] }
        if let name, !(withoutFiles + ["import", "up", "doctor"]).contains(name) {
            parts += ["(default: ", "-c, --config FILE"]
        }
        for flag in command?.shownFlags ?? [] {
            parts.append(flag.shortName.map { "  \($0), \(flag.name)" } ?? "  \(flag.name)")
        }
        #expect(!text.contains("--confined"))
        for part in parts { #expect(text.contains(part), "\(part)") }
    }

    @Test(arguments: ["units", "supervise", "manual"])
    func `an internal command has its help, but is not listed`(name: String) throws {
        guard case .help(let command?) = try parseArguments(["help", name]) else { throw Plain("no help") }
        #expect(command.name == name)
        #expect(!helpText().contains("\n  \(name) "))
        let manual = manualPage(date: "November 20, 2026")
        #expect(manual.contains("\n.Ss check\n"))
        #expect(!manual.contains("\n.Ss \(name)\n") && !manual.contains("\n.Nm\n\(name)"))
        for words in [[name], ["help", name]] {
            #expect(Completer(words: words, environment: [:]).completion == .words([]), "\(words)")
        }
    }

    @Test func `the flags of internal commands and internal flags are not suggested`() {
        let misplaced = #expect(throws: UsageError.self) { try parseArguments(["run", "--installed-as", "/a"]) }
        #expect(misplaced?.message.hasPrefix("unknown flag '--installed-as' (expected one of --task, ") == true)
        let near = #expect(throws: UsageError.self) { try parseArguments(["run", "--confine"]) }
        #expect(near?.message.contains("--confined") == false, "\(near?.message ?? "")")
        #expect(!helpText(CompletionCommand.self).contains("--words"))
        #expect(Completer(words: ["completion", "--w"], environment: [:]).completion == .words([]))
    }

    @Test(arguments: shownCommands.map { $0.name } + ["units", "supervise"])
    func `every command has three examples that it understands`(name: String) throws {
        let examples = try #require(findCommand(name)).help.examples
        #expect(examples.count >= 3)
        for example in examples {
            // What a shell does with the output is not an argument.
            let words = example.split(separator: " ").prefix { !["|", ">"].contains($0) }.map(String.init)
            #expect(throws: Never.self, "\(example)") { try parseArguments(words) }
        }
    }
}
