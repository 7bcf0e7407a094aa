import TestSupport
import Testing

/// Command `import` without Nix: inventories in CSV and JSON, and input that is not one.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct ImportTests {
    private static let examples = TestCluster.sourceRoot + "/Tests/import"

    private func read(_ arguments: String...) async -> ToolResult { await callProgram(["import"] + arguments) }

    /// Returns the output of `check --all-nodes` with a drop-in beside a task file.
    private func checked(_ dropIn: String) async throws -> String {
        let task = "{exec: {command: echo, args: [\"${node.name}\", \"${node.address}\"]}}"
        let node = try TestNode("tasks:\n  all: \(task)\n  first: {roles: [init], exec: {command: echo}}\n")
        try Files.makeDirectories(node.path("bootstrap.d"))
        try node.write(dropIn, to: "bootstrap.d/10-nodes.yaml")
        let check = await node.call("check", "--all-nodes")
        return check.output + check.errors
    }

    @Test func `the example of plans becomes nodes with two roles, variables and all addresses`() async throws {
        let result = await read("plans", Self.examples + "/plans")
        #expect(result.errors == "")
        #expect(result.output.contains("\n  olaf:\n    roles: [control-plane, init, worker]\n    address:"))
        #expect(result.output.contains("\n      k3s.server.address: 10.0.100.12\n"))
        #expect(
            try await checked(result.output) == """
                olaf (control-plane, init, worker): 2 tasks
                ulf (control-plane, join, worker): 1 task
                rolf (control-plane, join): 1 task
                karl (worker): 1 task
                ulrich (host): 1 task
                5 nodes, nothing wrong

                """
        )
    }

    @Test func `what is no inventory is refused at once`() async throws {
        let directory = TemporaryDirectory.file("plans")
        try Files.makeDirectories(directory)
        let fifo = "\(directory)/k3s.csv"
        try #require(try await Tool.run("mkfifo", [fifo]).status == 0)
        let noise = (0..<4000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 128) }
        try Files.write(noise, to: "\(directory)/hosts.csv", mode: 0o644)
        try Files.write(
            [UInt8](repeating: 0x20, count: (1 << 20) + 1),
            to: "\(directory)/network.yaml",
            mode: 0o644
        )
        let plans = await read("plans", directory)
        #expect(plans.status == 78)
        #expect(plans.output == "")
        #expect(plans.errorLines.first?.hasPrefix("\(directory)/hosts.csv: the file is no text in UTF-8") == true)
        #expect(
            plans.errorLines.dropFirst() == [
                "\(fifo): cannot read the inventory: is a FIFO",
                "\(directory)/network.yaml: cannot read the inventory: is larger than 1 MiB",
            ]
        )
        for (path, message) in [
            (fifo, "is a FIFO"), ("/dev/zero", "is a character device"), (directory, "is a directory"),
            ("\(directory)/absent", "No such file or directory"),
        ] {
            let result = await read("nico", path)
            #expect(result.status == 78)
            #expect(result.output == "")
            #expect(result.errors == "\(path): cannot read the inventory: \(message)\n")
        }
    }
}
