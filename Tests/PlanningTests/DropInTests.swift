import Base
import Planning
import Testing

@Suite(.timeLimit(.minutes(15))) struct DropInTests {
    static let base = """
        cluster:
          name: nest
          servers: {control-plane: "https://127.0.0.1:6443", worker: "https://api:6443"}
        nodes:
          one: {role: control-plane}
        variables: {a: x, b: y}
        tasks:
          first: {exec: {command: ls}}
          second: {after: [first], exec: {command: ls}}
          third: {after: [second], exec: {command: ls}}
        """

    @Test func `a later file replaces by name, and keeps the order`() throws {
        let dropIn = """
            cluster: {servers: "https://other:6443"}
            nodes: {two: {role: worker}}
            variables: {b: z}
            tasks:
              second: {description: "${a}${b}", symlink: {path: /l, target: t}}
              fourth: {exec: {command: ls}}
            """
        let read = try declarations([("bootstrap.yaml", Self.base), ("bootstrap.d/10.yaml", dropIn)])
        #expect(read.tasks.map(\.name) == ["first", "second", "third", "fourth"])
        #expect(read.tasks[1].description == "xz")
        #expect(read.plan.dependencies(of: "second").isEmpty)
        #expect(read.tasks[1].location.description == "bootstrap.d/10.yaml:5:3")
        #expect(read.cluster.name == "nest")
        #expect(read.cluster.servers.isEmpty)
        #expect(read.cluster.server(for: ["worker"])?.path == "https://other:6443")
        #expect(read.nodes.entries.map(\.name) == ["one", "two"])
        #expect(read.nodes.entries.map(\.roles) == [["control-plane"], ["worker"]])
    }

    @Test(arguments: ["", "# nothing\n", "tasks:\n", "---\n"])
    func `an empty drop-in is fine`(_ text: String) throws {
        #expect(try declarations([("b.yaml", Self.base), ("d.yaml", text)]).tasks.count == 3)
    }

    @Test func `a task that is switched off is removed`() throws {
        let read = try declarations([("b.yaml", Self.base), ("d.yaml", "tasks: {third: {enable: false}}")])
        #expect(read.tasks.map(\.name) == ["first", "second"])
    }

    @Test func `a task that is off is switched on, wherever it was switched off`() throws {
        let off = (
            path: "b.yaml",
            text: "tasks:\n  t: {enable: false, description: d, exec: {command: ls}}\n  u: {exec: {command: ls}}"
        )
        let on = (path: "e.yaml", text: "tasks: {t: {enable: true}}")
        #expect(try declarations([off]).tasks.map(\.name) == ["u"])
        let read = try declarations([off, on])
        #expect(read.tasks.map(\.name) == ["t", "u"])
        #expect(read.tasks[0].description == "d")
        #expect(read.tasks[0].location.description == "b.yaml:2:3")
        let twice = try declarations([
            ("a.yaml", Self.base), ("d.yaml", "tasks: {third: {enable: false}}"),
            ("e.yaml", "tasks: {third: {enable: true}}"),
        ])
        #expect(twice.tasks.map(\.name) == ["first", "second", "third"])
        #expect(twice.tasks[2].location.file == "a.yaml")
        let undeclared = problems([off, ("f.yaml", "tasks: {w: {enable: true}}")])
        #expect(undeclared == "f.yaml:1:9: task 'w' is enabled, but no file declares it; remove it")
    }

    @Test func `what switches a task on or off is read once, with its variables`() throws {
        #expect(
            problems([("b.yaml", Self.base), ("d.yaml", "tasks: {third: {enable: 'no'}}")])
                == "d.yaml:1:25: 'enable' of task 'third' must be true or false, found 'no'"
        )
        let read = try declarations([
            ("b.yaml", Self.base), ("d.yaml", "variables: {sw: false}\ntasks: {third: {enable: \"${sw}\"}}"),
        ])
        #expect(read.tasks.map(\.name) == ["first", "second"])
    }

    @Test func `a task cannot run after one that is switched off`() {
        let printed = problems([("b.yaml", Self.base), ("d.yaml", "tasks: {second: {enable: false}}")])
        #expect(isReported(printed, "b.yaml:10:19: task 'third' runs after 'second', which is disabled at d.yaml:1:9"))
    }

    @Test func `the faults of all files are reported together`() {
        let printed = problems([
            ("a.yaml", "tasks: {t: {exec: {command: 'unclosed}}}"), ("b.yaml", "tasks: {T: {exec: {command: ls}}}"),
            ("c.yaml", "- x"),
        ])
        #expect(printed.split(separator: "\n").map { $0.prefix(7) } == ["a.yaml:", "b.yaml:", "c.yaml:"])
    }

    @Test func `what may be in a file that cannot be read is not reported as missing`() {
        let printed = problems([
            ("a.yaml", "tasks: {t: {exec: {command: 'unclosed}}}"),
            ("b.yaml", "tasks: {u: {after: [t], apply: {manifests: ['${x}']}}}"),
        ])
        #expect(printed.hasPrefix("a.yaml:") && !printed.contains("b.yaml"))
    }

    @Test func `--role wins over NEST_ROLE, and that over the host name`() throws {
        let files = [(path: "b.yaml", text: Self.base)]
        let said = try declarations(files, role: "worker", environmentRole: "control-plane", host: "one")
        #expect(said.roles == ["worker"])
        #expect(try declarations(files, role: nil, environmentRole: "worker", host: "one").roles == ["worker"])
        #expect(try declarations(files, role: nil, host: "one").roles == ["control-plane"])
        #expect(try declarations(files, role: nil, host: "other").roles.isEmpty)
    }

    @Test func `a role that nobody knows is reported`() {
        let files = [(path: "b.yaml", text: Self.base)]
        #expect(problems(files, role: "wroker") == "--role: no role is named 'wroker'; did you mean 'worker'?")
        #expect(isReported(problems(files, role: nil, environmentRole: "x"), "NEST_ROLE: no role is named 'x'"))
    }

    @Test func `a task that is switched off and described nowhere is reported, with the one that is meant`() {
        let texts = [("b.yaml", Self.base), ("d.yaml", "tasks: {thrid: {enable: false}, nothing: {enable: false}}")]
        let expected =
            "d.yaml:1:9: task 'thrid' is disabled…'third'?\nd.yaml:1:33: task 'nothing' is disabled…remove it"
        #expect(isReported(problems(texts), expected))
    }

    @Test func `a misspelt role of a node is reported, another role is not`() {
        let text = """
            nodes: {laptop: {role: contol-plane}, other: {role: storage}, third: {role: wokers}}
            tasks: {t: {roles: [wokers], exec: {command: ls}}}
            """
        let printed = problems(text, role: nil, host: "laptop")
        #expect(isReported(printed, "1:24: role 'contol-plane' of node 'laptop' is used by no task… 'control-plane'?"))
    }

    @Test func `a node without role is reported with three ways to give it one`() {
        let text = "tasks: {t: {roles: [worker], exec: {command: ls}}}"
        let expected =
            "1:9: task 't' is for role 'worker', and this node, 'laptop', has no role; …--role ROLE or set NEST_ROLE"
        #expect(isReported(problems(text, role: nil, host: "laptop"), expected))
    }

    @Test(arguments: [
        ("roles: [worker], ", "roles: [control-plane], ", false), ("roles: [worker], ", "", true),
        ("", "roles: [worker], ", true), ("roles: [worker, control-plane], ", "roles: [worker], ", true),
    ])
    func `two tasks of one node cannot write the same path, and tasks of different nodes may`(
        _ first: String,
        _ second: String,
        _ isFault: Bool
    ) {
        let text = """
            tasks:
              a: {\(first)file: {path: /x, content: a}}
              b: {\(second)file: {path: //x, content: b}}
            """
        let printed = problems(text)
        #expect(printed.isEmpty != isFault)
        #expect(!isFault || isReported(printed, "3:…writes '//x', which task 'a' writes as well at bootstrap.yaml:2"))
    }

    private func dropIn(
        _ variables: String,
        base: String = "variables: {podCIDR: 10.0.0.0/16}\n",
        task: String
    ) -> String {
        problems([("b.yaml", "\(base)tasks: {t: {\(task)}}"), ("d.yaml", "variables: {\(variables)}")])
    }

    @Test func `a variable that a drop-in sets and nothing uses is an error`() {
        let uses = "exec: {command: ls, args: ['${podCIDR}']}"
        let misspelt = dropIn("podCidr: 10.1.0.0/16", task: uses)
        #expect(misspelt == "d.yaml:1:13: variable 'podCidr' is set here and used nowhere; did you mean 'podCIDR'?")
        #expect(
            isReported(dropIn("other: x", task: uses), "d.yaml:1:13: variable 'other' is set here and used nowhere")
        )
        // One that the task file sets itself may be for a task that this drop-in replaces.
        #expect(dropIn("podCIDR: 10.1.0.0/16", task: "exec: {command: ls}") == "")
        #expect(dropIn("a: '${b}', b: x", task: "exec: {command: ls, args: ['${a}']}") == "")
    }

    @Test func `a variable that manifests may use is an error only if it is misspelt`() {
        let apply = "apply: {kubeconfig: /k, manifests: [m.yaml], substitute: true}"
        #expect(isReported(dropIn("pod_cidr: x", task: apply), "d.yaml:1:13: variable 'pod_cidr' is set here"))
        #expect(dropIn("image: x", task: apply) == "")
    }
}
