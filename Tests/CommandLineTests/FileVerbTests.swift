import TestSupport
import Testing

/// Tasks that write on the node.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct FileVerbTests {
    @Test func `a token is generated once, and for one user`() async throws {
        let node = try TestNode(
            """
            tasks:
              token: {file: {path: /var/lib/join/token, generate: token}}
              copy: {after: [token], file: {path: /var/lib/join/copy, source: /var/lib/join/token, mode: "0600"}}
            """
        )
        let token = node.written("/var/lib/join/token")
        let dry = await node.call("run", "--dry-run")
        #expect(dry.outputLines.contains("token: would write '/var/lib/join/token', with a new token"), "\(dry.output)")
        #expect(dry.outputLines.last == "2 tasks: 2 would change", "\(dry.output)")
        #expect(try Files.exists(token) == false)
        let first = await node.call("run")
        #expect(first.outputLines.last == "2 tasks: 2 changed", "\(first.output)")
        let text = try Files.text(token)
        #expect(text.utf8.count == 65 && text.dropLast().allSatisfy { "0123456789abcdef".contains($0) }, "\(text)")
        #expect(Set(text).count > 8)
        #expect(try Files.status(token)?.mode == 0o600)
        #expect(try Files.text(node.written("/var/lib/join/copy")) == text)

        #expect(await node.call("run").outputLines.last == "2 tasks: 2 unchanged")
        try Files.setMode(token, 0o644)
        #expect(await node.call("run").outputLines.last == "2 tasks: 1 changed, 1 unchanged")
        #expect(try Files.status(token)?.mode == 0o600)
        #expect(try Files.text(token) == text)

        try node.write("of an administrator", to: "root/var/lib/join/token", mode: 0o600)
        #expect(await node.call("run").outputLines.last == "2 tasks: 1 changed, 1 unchanged")
        #expect(try Files.text(token) == "of an administrator")
        try node.write("\n", to: "root/var/lib/join/token", mode: 0o600)
        let empty = await node.call("run", "--task", "token")
        #expect(empty.status == 1)
        #expect(empty.errors.contains(":2:24: cannot keep file '/var/lib/join/token': it is empty;"), "\(empty.errors)")
    }

    @Test func `a token is in no output and no record, whatever changes`() async throws {
        let node = try TestNode(
            """
            tasks:
              token: {file: {path: /var/lib/join/token, generate: token}}
              copy: {after: [token], file: {path: /var/lib/join/copy, source: /var/lib/join/token}}
            """
        )
        let path = node.written("/var/lib/join/token")
        var tokens: [String] = []
        var shown = ""
        func call(_ arguments: String...) async -> String {
            let result = await node.call(arguments)
            shown += result.output + result.errors
            return result.output
        }
        #expect(await call("run").contains("2 tasks: 2 changed"))
        tokens.append(try Files.text(path))
        try Files.remove(path)
        #expect(await call("run", "--output", "json").contains(#""changed":2"#))
        tokens.append(try Files.text(path))
        // The copy is of another token, so that there is a difference to show.
        tokens.append(String(repeating: "0123456789abcdef", count: 4) + "\n")
        try node.write(tokens[2], to: "root/var/lib/join/token", mode: 0o600)
        #expect(await call("diff").contains("(content not shown: not everyone may read the file)"))
        for format in ["text", "json"] {
            #expect(await call("run", "--dry-run", "--output", format).contains("content not shown"), "\(shown)")
        }
        #expect(await call("run").contains("2 tasks: 1 changed, 1 unchanged"))
        for format in ["text", "json"] { #expect(await call("status", "--output", format).contains("copy")) }
        for task in ["token", "copy"] {
            shown += try Files.text(node.written("/run/nest-bootstrap/tasks/\(task)/record.json"))
        }
        #expect(Set(tokens).count == 3)
        for token in tokens { #expect(!shown.contains(token.prefix(24)), "\(shown)") }
    }
}
