import Base
import Glibc
import Host
import TestSupport
import Testing

/// Command `reset`: lists that change between two runs, or while a task runs.
@Suite(.temporaryDirectory, .timeLimit(.minutes(5)))
struct ResetListTests {
    private func node(_ tasks: String) throws -> TestNode {
        let node = try TestNode("tasks:\n\(tasks)\n")
        for path in ["/etc", "/run", "/var/lib"] { try FileSystem.makeDirectories(node.written(path)) }
        return node
    }

    @Test func `commands that were removed from the task file are not run when the task leaves it`() async throws {
        let tasks = { (reset: String) in "  t: {\(reset)exec: {command: \"true\"}}" }
        let node = try node(tasks("reset: echo undone, "))
        try #require(try await node.run("run").status == 0)
        try node.write("tasks:\n\(tasks(""))\n", to: "bootstrap.yaml")
        try #require(try await node.run("run").status == 0)
        try node.write("tasks: {}\n", to: "bootstrap.yaml")
        let result = try await node.run("reset", "--yes")
        #expect(result.status == 0 && !result.output.contains("undone"), "\(result.output)\(result.errors)")
    }

    @Test func `what a task makes is listed only by the process that has its lock`() async throws {
        let exec = "exec: {command: sleep, args: [\"60\"], writes: [/var/lib/made/]}"
        let node = try node("  t: {\(exec)}")
        let tool = try node.start(["run"])
        #expect(try await becomes { try await node.run("status").output.contains("running") })
        try node.write("tasks: {t: {timeout: 1s, \(exec)}}\n", to: "bootstrap.yaml")
        let result = try await node.run("run", "--task", "t", "--prepare")
        #expect(result.status == 1)
        let text = "nest-bootstrap: task 't' is being run by process \(tool.processIdentifier); "
        #expect(result.errorLines == ["\(text)see 'nest-bootstrap status'"])
        tool.signal(SIGTERM)
        _ = await tool.result()
    }

    @Test(arguments: [
        ("exec: {command: \"true\", writes: [/var/lib/made/]}", ["--prepare"]),
        ("file: {path: /var/lib/made/f, content: x}", []),
    ])
    func `nothing is made that cannot be listed`(verb: String, flags: [String]) async throws {
        let node = try node("  t: {\(verb)}")
        try FileSystem.makeDirectories(node.written("/var/lib/nest-bootstrap-products"), mode: 0o700)
        try node.write("{", to: "root/var/lib/nest-bootstrap-products/t.json", mode: 0o600)
        let result = await (try node.start(["run", "--task", "t"] + flags)).result()
        #expect(result.status == 1)
        #expect(result.errors.contains("cannot write the list of what task 't' makes: "), "\(result.errors)")
        #expect(result.errors.contains("it is damaged; run 'mv "), "\(result.errors)")
        #expect(try FileSystem.exists(node.written("/var/lib/made")) == false)
    }
}
