import TestSupport
import Testing

/// `check --fix`, which corrects the task file itself.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct FixTests {
    private static let wrong = """
        tasks:
          a:
            file: {path: /etc/x, contnt: text, mode: "0644"}
          b:
            afer: [a]
            exec: {comand: ls}

        """

    @Test func `what is certain is shown, corrected, and checked again`() async throws {
        let node = try TestNode("")
        try node.write(Self.wrong, to: "bootstrap.yaml", mode: 0o640)
        let before = try await node.run("check", "--offline", "--role", "worker", "--output", "json")
        #expect(before.status == 78)
        #expect(before.output.contains(#""old":"contnt","new":"content"}"#), "\(before.output)")
        let result = try await node.run("check", "--offline", "--role", "worker", "--fix", "--yes")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors == "")
        #expect(result.output.contains("-    exec: {comand: ls}\n"))
        #expect(result.output.contains("+    exec: {command: ls}\n"))
        #expect(result.output.contains("\(node.config): 3 mistakes corrected\n"))
        #expect(result.output.hasSuffix("2 tasks for this node, nothing wrong\n"), "\(result.output)")
        let corrected = try Files.text(node.config)
        #expect(
            corrected
                == Self.wrong.replacing("contnt", with: "content").replacing("afer", with: "after")
                .replacing("comand", with: "command")
        )
        #expect(try await Tool.run("stat", ["-c", "%a", node.config]).output == "640\n")
    }

    @Test func `a line that divides an object is removed`() async throws {
        let node = try TestNode("tasks: {a: {apply: {kubeconfig: /nowhere/k, manifests: [m.yaml]}}}\n")
        try node.write("apiVersion: v1\nkind: ConfigMap\n---\nmetadata: {name: a}\n", to: "m.yaml")
        let result = try await node.run("check", "--offline", "--role", "worker", "--fix", "--yes")
        #expect(result.status == 0, "\(result.errors)")
        #expect(try Files.text(node.path("m.yaml")) == "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    }

    @Test func `a missing quote is closed, and nothing else is changed`() async throws {
        let node = try TestNode("tasks: {}\n")
        try node.write("tasks:\n  a:\n    file: {path: \"/etc/x, content: text}\n", to: "bootstrap.yaml")
        let result = try await node.run("check", "--offline", "--role", "worker", "--fix", "--yes")
        #expect(result.status == 0, "\(result.errors)")
        #expect(try Files.text(node.config) == "tasks:\n  a:\n    file: {path: \"/etc/x\", content: text}\n")
    }

    @Test func `what removes or moves text, a link, and a file without a mistake are left as they are`() async throws {
        let text = "tasks:\n  a:\n    exec: {command: ls, timeout: 3s}\n"
        let node = try TestNode(text)
        let moved = try await node.run("check", "--offline", "--role", "worker", "--fix", "--yes")
        #expect(moved.status == 78)
        #expect(moved.errors.contains("it belongs one level up"))
        #expect(try Files.text(node.config) == text)
        try node.write(Self.wrong, to: "other.yaml")
        _ = try await Tool.run("ln", ["-sf", "other.yaml", node.config])
        let linked = try await node.run("check", "--offline", "--role", "worker", "--fix", "--yes")
        #expect(linked.status == 78)
        #expect(try Files.text(node.path("other.yaml")) == Self.wrong)
    }

    @Test func `nothing is changed without a question or --yes`() async throws {
        let node = try TestNode("tasks: {}\n")
        try node.write(Self.wrong, to: "bootstrap.yaml")
        let asked = try await node.run("check", "--fix")
        #expect(asked.status == 64)
        #expect(asked.errors.contains("nobody can be asked: pass '--yes'"), "\(asked.errors)")
        #expect(try await node.run("check", "--yes").status == 64)
        #expect(try await node.run("check", "--fix", "--yes", "--all-nodes").status == 64)
        #expect(try Files.text(node.config) == Self.wrong)
    }
}
