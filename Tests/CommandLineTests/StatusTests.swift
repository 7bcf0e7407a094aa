import TestSupport
import Testing

/// The states of tasks after runs, and of records that are damaged.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct StatusTests {
    private func states(_ node: TestNode) async throws -> [String: String] {
        let rows = try await node.call("status", "--output", "json").output.json["tasks"]?.sequence ?? []
        return Dictionary(rows.map { ($0["task"]?.string ?? "", $0["state"]?.string ?? "") }) { first, _ in first }
    }

    @Test func `a task that was skipped keeps its success of this boot`() async throws {
        let node = try TestNode(
            """
            tasks:
              first: {exec: {command: "true"}}
              second: {after: [first], exec: {command: "true"}}
            """
        )
        #expect(await node.call("run").status == 0)
        try node.write(
            """
            tasks:
              first: {exec: {command: "false"}}
              second: {after: [first], exec: {command: "true"}}
              third: {after: [first], exec: {command: "true"}}
            """,
            to: "bootstrap.yaml",
        )
        #expect(await node.call("run").status == 1)
        #expect(try await states(node) == ["first": "failed", "second": "changed", "third": "skipped"])
    }

    @Test func `a record that cannot be read is reported`() async throws {
        let node = try TestNode("tasks: {a: {exec: {command: ls}}}\n")
        let path = node.written("/run/nest-bootstrap/tasks/a/record.json")
        try Files.makeDirectories(path)
        let status = await node.call("status")
        #expect(status.outputLines.last == "    error: cannot read '\(path)': is a directory")
        #expect(status.status == 3)
        try Files.removeTree(node.written("/run"))
        try node.write("", to: "root/run")
        let run = await node.call("run")
        #expect(run.status == 1)
        #expect(run.errors.contains("cannot create directory '\(node.written("/run"))': is a regular file"))
    }

    @Test func `a damaged record is an unknown state, and the task can be run`() async throws {
        let node = try TestNode("tasks: {a: {exec: {command: \"true\"}}, b: {after: [a], exec: {command: \"true\"}}}\n")
        #expect(await node.call("run").status == 0)
        let path = node.written("/run/nest-bootstrap/tasks/a/record.json")
        try Files.write([], to: path, mode: 0o600)
        let status = await node.call("status")
        #expect(status.status == 3)
        let call = "nest-bootstrap run --task a --config \(node.config) --root \(node.root)"
        let damage = "    error: cannot read '\(path)': it is damaged; '\(call)' replaces it"
        #expect(status.outputLines.contains(damage), "\(status.output)")
        let dependant = await node.call("run", "--task", "b")
        #expect(dependant.status == 75)
        #expect(dependant.errors.contains("task 'b' runs after 'a', which has a damaged record"), "\(dependant.errors)")
        #expect(await node.call("run", "--task", "a").status == 0)
        #expect(try await states(node) == ["a": "changed", "b": "changed"])
    }

    @Test func `a certificate that expires soon has one line, also if several files contain it`() async throws {
        let authority = try TestAuthority()
        // The files exist as long as it does.
        defer { withExtendedLifetime(authority) {} }
        let client = try authority.issue("client", validity: .yearEndingInDays(3))
        let copy = authority.path("copy.crt")
        try Files.write(try Files.read(client.certificatePath), to: copy, mode: 0o644)
        func taskFile(_ warnBefore: String) -> String {
            func task(_ name: String, _ certificate: String) -> String {
                "  \(name): {kubeconfig: {path: /etc/\(name), user: u, certificate: \(certificate), key: \(client.keyPath)}}\n"
            }
            return """
                cluster: {servers: "https://127.0.0.1:1", certificateAuthority: \(authority.certificatePath)\(warnBefore)}
                tasks:
                \(task("a", client.certificatePath))\(task("b", copy))
                """
        }
        let node = try TestNode(taskFile(""))
        let status = await node.call("status")
        let warnings = status.outputLines.filter { $0.hasPrefix("warning: ") }
        #expect(warnings.count == 1, "\(status.output)")
        #expect(warnings.first?.contains("; renew it: ") == true, "\(warnings)")
        let rows = status.outputLines.drop { !$0.hasPrefix("CERTIFICATE ") }.dropFirst().prefix { !$0.isEmpty }
        let paths = rows.filter { !$0.hasPrefix("warning: ") }.map { $0.split(separator: " ").first }
        #expect(paths == [Substring(authority.certificatePath)])
        #expect(await node.call("check").errors.contains("client certificate '\(client.certificatePath)' "))

        try node.write(taskFile(", warnBefore: 48h"), to: "bootstrap.yaml")
        #expect(await node.call("check").errors == "")
        try node.write(taskFile(", warnBefore: 9000h"), to: "bootstrap.yaml")
        #expect(await node.call("check").errors.contains("CA '\(authority.certificatePath)' "))
    }
}
