import TestSupport
import Testing

/// Tasks that write on the node, in their units.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct FileVerbTests {
    @Test func `what a unit makes is put in place after it, or the task has failed`() async throws {
        let node = try TestNode(
            """
            tasks:
              file: {file: {path: /etc/nest/file, content: text}}
              link: {symlink: {path: /etc/nest/link, target: /nowhere}}
              data: {directory: {path: /etc/nest/data, mode: "0710"}}
              copy: {file: {path: /etc/nest/copy, source: original}}
            """
        )
        let unit = ["NEST_UNIT": "yes"]
        for task in ["file", "link", "data"] {
            #expect(try await node.run("run", "--task", task, environment: unit).status == 0)
            #expect(try Files.exists(node.written("/etc/nest/\(task)")) == false)
            #expect(try await node.run("supervise", task, environment: unit).status == 0)
        }
        #expect(try Files.text(node.written("/etc/nest/file")) == "text")
        #expect(try Files.status(node.written("/etc/nest/link"))?.target == "/nowhere")
        #expect(try Files.status(node.written("/etc/nest/data"))?.mode == 0o710)
        let again = try await node.run("run", "--task", "file", environment: unit)
        #expect(again.outputLines.last?.hasSuffix("unchanged") == true, "\(again.output)")

        // What an attempt has left is not put in place after another has failed.
        try node.write("another", to: "original")
        #expect(try await node.run("run", "--task", "copy", environment: unit).status == 0)
        try Files.remove(node.path("original"))
        #expect(try await node.run("run", "--task", "copy", environment: unit).status == 1)
        #expect(try await node.run("supervise", "copy", environment: unit).status == 0)
        #expect(try Files.exists(node.written("/etc/nest/copy")) == false)
    }

    @Test func `a product that cannot be put in place is a failure of its task`() async throws {
        let node = try TestNode("tasks: {file: {file: {path: /etc/nest/file, content: text}}}\n")
        let unit = ["NEST_UNIT": "yes"]
        #expect(try await node.run("run", "--task", "file", environment: unit).status == 0)
        try Files.write([], to: node.written("/etc/nest/file/in/the/way"), mode: 0o600)
        let result = try await node.run("supervise", "file", environment: unit)
        #expect(result.status == 1)
        let location = node.written("/etc/nest/file")
        let reason = "cannot put '/etc/nest/file' in place: cannot write '\(location)': a directory is in the way"
        let hint = "remove it, or write another path"
        #expect(result.errorLines == ["nest-bootstrap: task 'file' failed: \(reason); \(hint)"])
        let status = try await node.run("status", "file")
        #expect(status.status == 1)
        #expect(status.output.contains(reason), "\(status.output)")
        #expect(try Files.text(location + "/in/the/way") == "")
    }
}
