import Planning
import Testing

/// Key `reset` of tasks.
@Suite(.timeLimit(.minutes(5)))
struct ResetKeyTests {
    @Test func `the lines are those of the file, with its variables`() throws {
        let text = """
            variables: {data: /var/lib/x}
            tasks:
              t:
                reset: |
                  systemctl stop x
                  rm -rf "${data}"
                exec: {command: ls}
              other: {exec: {command: ls}}
            """
        let plan = try plan(text)
        #expect(plan.steps.map(\.task.reset) == ["systemctl stop x\nrm -rf \"/var/lib/x\"\n", nil])
    }

    @Test(arguments: [
        ("[rm]", "1:20: 'reset' of task 't' must be a string, found a list"),
        ("''", "1:20: 'reset' of task 't' must be a string, found an empty string"),
        (
            "'rm ${x}'",
            "1:20: no variable is named 'x'; add it to 'variables:', or write '$${x}' for a literal '${x}'"
        ),
    ])
    func `a mistake is reported with its place`(value: String, expected: String) {
        let found = problems("tasks: {t: {reset: \(value), exec: {command: ls}}}")
        #expect(found == "bootstrap.yaml:\(expected)")
    }

    @Test func `it cannot use the address of the node, which is not known where it is kept`() {
        let found = problems(
            "cluster: {nodeAddress: {}}\ntasks: {t: {reset: 'ip address del ${node.address}', exec: {command: ls}}}"
        )
        #expect(found.contains("task 't' uses 'node.address' in what its unit is made of"), "\(found)")
    }

    /// The lines of the unit of a task that call the program before it.
    private func preparation(_ task: String) throws -> [String] {
        let files = try UnitsTests.files("tasks: {t: {\(task)}}")
        return try #require(files["k8s-bootstrap-t.service"]).split(separator: "\n")
            .filter { $0.hasPrefix("ExecStartPre=") }.map(String.init)
    }

    @Test func `the unit lists what undoes its task before it runs, and fails without`() throws {
        let call = "/usr/bin/nest-bootstrap run --task t --prepare"
        for verb in ["exec: {command: ls}", "file: {path: /etc/x, content: x}", "wait: {file: /x}"] {
            #expect(try preparation("reset: 'true', \(verb)").first?.hasPrefix("ExecStartPre=+:\(call)") == true)
            #expect(try preparation(verb) == [])
        }
        // Where links lead is examined.
        for path in ["/var/lib/x/", "/var/lib", "/srv"] {
            let directories = try preparation("exec: {command: ls, writes: [\(path)]}")
            #expect(directories.first?.hasPrefix("ExecStartPre=+:\(call)") == true)
        }
        #expect(try preparation("exec: {command: ls}") == [])
    }

    @Test func `a task that may write above the lists cannot write them`() throws {
        let files = try UnitsTests.files("tasks: {t: {exec: {command: ls, writes: [/var/lib]}}}")
        let sandbox = try #require(files["k8s-bootstrap-t.service.d/50-privileges.conf"])
        for path in ["/var/lib/nest-bootstrap", "/var/lib/nest-bootstrap-products"] {
            #expect(sandbox.contains("TemporaryFileSystem=\(path):ro\n"))
        }
    }
}
