import TestSupport
import Testing

/// Tasks that write on the node.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct FileVerbTests {
    @Test func `a file is written with its mode, once, and again after it was changed`() async throws {
        let node = try TestNode(
            """
            variables: {greeting: "yes"}
            tasks:
              written: {file: {path: /etc/nest/written, content: "${greeting}\\n", mode: "0640"}}
              copied: {file: {path: /etc/nest/copied, source: original, mode: "0400"}}
            """
        )
        try node.write("original", to: "original")
        let first = await node.call("run")
        #expect(first.status == 0)
        #expect(first.outputLines.last == "2 tasks: 2 changed")
        #expect(try Files.text(node.written("/etc/nest/written")) == "yes\n")
        #expect(try Files.status(node.written("/etc/nest/written"))?.mode == 0o640)
        #expect(try Files.text(node.written("/etc/nest/copied")) == "original")
        #expect(try Files.status(node.written("/etc/nest/copied"))?.mode == 0o400)
        #expect(try Files.list(node.written("/etc/nest")) == ["copied", "written"])
        #expect(await node.call("run").outputLines.last == "2 tasks: 2 unchanged")

        try Files.setMode(node.written("/etc/nest/written"), 0o666)
        try node.write("another", to: "original")
        let third = await node.call("run")
        #expect(third.outputLines.last == "2 tasks: 2 changed")
        #expect(third.outputLines.contains("written: /etc/nest/written changed"))
        #expect(try Files.status(node.written("/etc/nest/written"))?.mode == 0o640)
        #expect(try Files.text(node.written("/etc/nest/copied")) == "another")
    }

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
        #expect(dry.outputLines.last == "2 tasks would change", "\(dry.output)")
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
        #expect(
            empty.errorLines == [
                "token: error: \(node.config):2:24: cannot keep file '/var/lib/join/token': it is empty; "
                    + "write its content, or remove it, so that a token is generated"
            ]
        )
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

    @Test func `a file whose source or owner is not there is reported and not written`() async throws {
        let node = try TestNode(
            """
            tasks:
              no-source: {file: {path: /etc/a, source: nowhere}}
              no-owner: {file: {path: /etc/b, content: b, owner: nobody-of-this-name}}
            """
        )
        let result = await node.call("run")
        #expect(result.status == 1)
        #expect(
            result.errorLines.sorted() == [
                "no-owner: error: \(node.config):3:54: cannot write file '/etc/b': cannot find user 'nobody-of-this-name': "
                    + "no such user; create the account first",
                "no-source: error: \(node.config):2:44: cannot write file '/etc/a': cannot read '\(node.path("nowhere"))': "
                    + "No such file or directory; put the file there, or correct 'source'",
            ]
        )
        #expect(try Files.exists(node.written("/etc")) == false)
        #expect(await node.call("check").status == 65)
    }

    @Test func `a directory is made, corrected, and found right, and its differences are shown`() async throws {
        let node = try TestNode("tasks: {data: {directory: {path: /srv/data, mode: \"0700\"}}}\n")
        let new = await node.call("diff")
        #expect(new.status == 1)
        #expect(
            new.output.hasPrefix("--- /dev/null\n+++ /srv/data (task 'data')\ndirectory with mode 0700\n"),
            "\(new.output)"
        )
        #expect(await node.call("run").outputLines.last == "1 task: 1 changed")
        #expect(await node.call("run").outputLines.last == "1 task: 1 unchanged")
        try Files.setMode(node.written("/srv/data"), 0o755)
        let changed = await node.call("diff")
        #expect(changed.output.contains("+++ /srv/data (task 'data')\nmode 0755 -> 0700\n"), "\(changed.output)")
        #expect(await node.call("run").outputLines.contains("data: /srv/data changed"))
        #expect(try Files.status(node.written("/srv/data"))?.mode == 0o700)
    }

    @Test func `what is in the way of a directory stays`() async throws {
        let node = try TestNode("tasks: {data: {directory: {path: /srv/data}}}\n")
        try node.write("precious", to: "root/srv/data")
        let refused = await node.call("run")
        #expect(refused.status == 1)
        #expect(
            refused.errors
                == "data: error: \(node.config):1:34: cannot create directory '/srv/data': a regular file is in the way; "
                + "remove it, or write another path\n"
        )
        #expect(try Files.text(node.written("/srv/data")) == "precious")
    }

    @Test func `a link is made, corrected, and found right`() async throws {
        let node = try TestNode("tasks: {link: {symlink: {path: /opt/cni/bin/calico-ipam, target: /usr/bin/calico}}}\n")
        #expect(await node.call("run").outputLines.last == "1 task: 1 changed")
        let path = node.written("/opt/cni/bin/calico-ipam")
        #expect(try Files.status(path)?.target == "/usr/bin/calico")
        #expect(await node.call("run").outputLines.last == "1 task: 1 unchanged")
        try Files.makeSymbolicLink(at: path, to: "/elsewhere", replacing: true)
        let corrected = await node.call("run")
        #expect(corrected.outputLines.contains("link: /opt/cni/bin/calico-ipam changed"))
        #expect(try Files.status(path)?.target == "/usr/bin/calico")
    }

    @Test(arguments: ["directory", "regular file"])
    func `what is in the way of a link stays unless the task says replace`(kind: String) async throws {
        let node = try TestNode("tasks: {link: {symlink: {path: /opt/thing, target: /usr/bin/calico}}}\n")
        let path = node.written("/opt/thing")
        try node.write("precious", to: kind == "directory" ? "root/opt/thing/inside" : "root/opt/thing")
        let refused = await node.call("run")
        #expect(refused.status == 1)
        #expect(
            refused.errors
                == "link: error: \(node.config):1:32: cannot create link '/opt/thing': a \(kind) is in the way; "
                + "remove it, or write 'replace: true' below symlink: of task 'link'\n"
        )
        #expect(try Files.status(path)?.kind != .symbolicLink)
        try node.write(
            "tasks: {link: {symlink: {path: /opt/thing, target: /usr/bin/calico, replace: true}}}\n",
            to: "bootstrap.yaml",
        )
        let replaced = await node.call("run")
        #expect(replaced.status == 0, "\(replaced.errors)")
        #expect(try Files.status(path)?.target == "/usr/bin/calico")
        #expect(try Files.list(node.written("/opt")) == ["thing"])
    }
}
