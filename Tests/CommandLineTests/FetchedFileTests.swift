import Base
import HTTP
import Host
import TestSupport
import Testing

/// Files from pinned URLs, and archives that are unpacked.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct FetchedFileTests {
    private static let program = Array("#!/bin/sh\necho hello\n".utf8)

    private static func archive(_ fill: (inout TarText) -> Void = { _ in }) -> [UInt8] {
        var tar = TarText()
        tar.add("pkg/", .directory, mode: 0o755)
        tar.add("pkg/bin/tool", .file, "one", mode: 0o755)
        tar.add("pkg/README", .file, "two", mode: 0o600)
        tar.add("pkg/bin/alias", .link, target: "tool")
        tar.add("pkg/bin/same", .hardLink, target: "pkg/bin/tool")
        fill(&tar)
        return tar.ended
    }

    private func server(_ body: [UInt8]) throws -> LoopbackServer {
        try LoopbackServer { _ in .response(200, body: body) }
    }

    private func node(_ keys: String) throws -> TestNode {
        try TestNode("tasks: {it: {timeout: 1m, file: {path: /opt/it, \(keys)}}}")
    }

    private func node(_ server: LoopbackServer, _ body: [UInt8], _ keys: String = "") throws -> TestNode {
        try node("url: \"\(server.url)/it\", sha256: \"\(sha256(body))\"\(keys.isEmpty ? "" : ", \(keys)")")
    }

    /// A node that unpacks an archive beside its task file.
    private func node(unpacking body: [UInt8], _ keys: String) throws -> TestNode {
        let node = try node("source: it.tar, unpack: \(keys)")
        try Files.write(body, to: node.path("it.tar"), mode: 0o644)
        return node
    }

    @Test func `a file is fetched once, and restored without its server`() async throws {
        let server = try server(Self.program)
        let node = try node(server, Self.program, "mode: \"0755\"")
        let dry = await node.call("run", "--dry-run")
        #expect(dry.outputLines.contains("it: would fetch '\(server.url)/it', and write '/opt/it'"), "\(dry.output)")
        #expect(server.requests.isEmpty)
        let first = await node.call("run")
        #expect(first.outputLines.first == "it: /opt/it created", "\(first.output)\(first.errors)")
        #expect(try Files.read(node.written("/opt/it")) == Self.program)
        #expect(try Files.status(node.written("/opt/it"))?.mode == 0o755)
        #expect(await node.call("run").outputLines.last == "1 task: 1 unchanged")
        #expect(server.requests.count == 1)
        server.stop()

        try node.write("damaged", to: "root/opt/it")
        #expect(await node.call("run", "--dry-run").outputLines.contains("it: /opt/it would be changed"))
        #expect(await node.call("run").outputLines.first == "it: /opt/it changed")
        #expect(try Files.read(node.written("/opt/it")) == Self.program)
        // Only its permissions differ, for which nothing is fetched.
        try Files.removeTree(node.written("/var/lib/nest-bootstrap/cache"))
        try Files.setMode(node.written("/opt/it"), 0o644)
        #expect(await node.call("run").outputLines.last == "1 task: 1 changed")
        #expect(try Files.status(node.written("/opt/it"))?.mode == 0o755)
        #expect(await node.call("reset", "--yes").status == 0)
        #expect(try Files.exists(node.written("/opt")) == false)
    }

    @Test func `a transfer that breaks off is resumed by the run`() async throws {
        let body = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 251) }
        let server = try LoopbackServer { request in
            let start = request.header("Range").flatMap { Int($0.dropFirst("bytes=".count).dropLast()) } ?? 0
            let end = min(start + 40_000, body.count)
            let status = start == 0 ? "200 OK" : "206 Partial Content"
            let header =
                "HTTP/1.1 \(status)\r\nContent-Length: \(body.count - start)\r\n"
                + "Content-Range: bytes \(start)-\(body.count - 1)/\(body.count)\r\n\r\n"
            return .rawThenClose(Array(header.utf8) + body[start..<end])
        }
        let node = try node(server, body)
        let run = await node.call("run")
        #expect(run.outputLines.last == "1 task: 1 changed", "\(run.output)\(run.errors)")
        #expect(server.requests.map { $0.header("Range") } == [nil, "bytes=40000-", "bytes=80000-"])
        #expect(try Files.read(node.written("/opt/it")) == body)
    }

    @Test func `the damaged part of an earlier run is fetched again`() async throws {
        let body = [UInt8](repeating: 7, count: 5000)
        let server = try LoopbackServer { request in
            guard request.header("Range") != nil else { return .response(200, body: body) }
            let range = "Content-Range: bytes 1000-4999/5000"
            return .response(206, headers: [range], body: Array(body.dropFirst(1000)))
        }
        let node = try node(server, body)
        let part = "/var/lib/nest-bootstrap/cache/it/\(sha256(body)).part"
        try node.write(String(repeating: "x", count: 1000), to: "root\(part)")
        let run = await node.call("run")
        #expect(run.outputLines.last == "1 task: 1 changed", "\(run.output)\(run.errors)")
        #expect(server.requests.map { $0.header("Range") } == ["bytes=1000-", nil])
        #expect(try Files.exists(node.written(part)) == false)
    }

    @Test func `another content is refused with its digest, and nothing is written`() async throws {
        let server = try server(Array("other".utf8))
        let node = try node(server, Self.program)
        let run = await node.call("run")
        #expect(run.status == 1)
        let line = run.errorLines.first ?? ""
        #expect(line.contains("the digest of '\(server.url)/it' differs: expected SHA-256 "), "\(line)")
        #expect(try Files.exists(node.written("/opt")) == false)
    }

    @Test func `only the download of the present digest is kept`() async throws {
        let server = try LoopbackServer { .response(200, body: Array($0.target.utf8)) }
        let (old, new) = (Array("/old".utf8), Array("/new".utf8))
        let node = try node("url: \"\(server.url)/old\", sha256: \"\(sha256(old))\"")
        #expect(await node.call("run").status == 0)
        try node.write(
            "tasks: {it: {file: {path: /opt/it, url: \"\(server.url)/new\", sha256: \"\(sha256(new))\"}}}",
            to: "bootstrap.yaml"
        )
        #expect(await node.call("run").outputLines.last == "1 task: 1 changed")
        #expect(try Files.list(node.written("/var/lib/nest-bootstrap/cache/it")) == [sha256(new)])
    }

    @Test func `an archive is unpacked, repaired and removed`() async throws {
        let body = Self.archive()
        let server = try server(body)
        let node = try node(server, body, "unpack: {strip: 1}")
        let first = await node.call("run")
        #expect(
            Set(first.outputLines.dropLast(2)) == [
                "it: /opt/it/bin/tool created", "it: /opt/it/bin/same created", "it: /opt/it/README created",
                "it: /opt/it/bin/alias created",
            ],
            "\(first.output)\(first.errors)"
        )
        #expect(try Files.text(node.written("/opt/it/bin/same")) == "one")
        #expect(try Files.status(node.written("/opt/it/bin/tool"))?.mode == 0o755)
        #expect(try Files.status(node.written("/opt/it/README"))?.mode == 0o644)
        #expect(try Files.status(node.written("/opt/it/bin/alias"))?.target == "tool")
        #expect(await node.call("run").outputLines.last == "1 task: 1 unchanged")
        server.stop()

        try node.write("changed", to: "root/opt/it/README")
        try Files.remove(node.written("/opt/it/bin/alias"))
        let planned = await node.call("run", "--dry-run")
        #expect(planned.outputLines.contains("it: would unpack '\(server.url)/it' in '/opt/it'"), "\(planned.output)")
        let repaired = await node.call("run")
        #expect(
            Set(repaired.outputLines.dropLast(2)) == ["it: /opt/it/README changed", "it: /opt/it/bin/alias created"]
        )
        #expect(await node.call("reset", "--yes").status == 0)
        #expect(try Files.exists(node.written("/opt")) == false)
    }

    @Test func `the archive of another digest or part is unpacked again`() async throws {
        let node = try node("source: it.tar, mode: \"0555\", unpack: {strip: 1, only: [README]}")
        #expect(await node.call("check").errors.contains("cannot read '\(node.path("it.tar"))'"))
        try Files.write(Self.archive(), to: "\(node.directory)/it.tar", mode: 0o644)
        #expect(await node.call("check").status == 0)
        #expect(await node.call("run").outputLines.first == "it: /opt/it/README created")
        #expect(try Files.status(node.written("/opt/it/README"))?.mode == 0o555)
        #expect(try Files.list(node.written("/opt/it")) == ["README"])
        try Files.write(Self.archive { $0.add("pkg/new", .file, "3") }, to: "\(node.directory)/it.tar", mode: 0o644)
        #expect(await node.call("run").outputLines.last == "1 task: 1 unchanged")
        let other = Self.archive { $0.add("pkg/new", .file, "3") }.replacing(Array("two".utf8), with: Array("six".utf8))
        try Files.write(other, to: node.path("it.tar"), mode: 0o644)
        #expect(await node.call("run").outputLines.first == "it: /opt/it/README changed")
        #expect(try Files.text(node.written("/opt/it/README")) == "six")
        try node.write(
            "tasks: {it: {file: {path: /opt/it, source: it.tar, mode: \"0555\", unpack: {strip: 1, only: [new]}}}}",
            to: "bootstrap.yaml"
        )
        #expect(await node.call("run").outputLines.first == "it: /opt/it/new created")
    }

    @Test func `a link in the place of a directory is not followed`() async throws {
        let node = try node(unpacking: Self.archive(), "{strip: 1}")
        try Files.makeDirectories(node.written("/elsewhere"))
        try Files.makeDirectories(node.written("/opt/it"))
        try Files.makeSymbolicLink(at: node.written("/opt/it/bin"), to: "/elsewhere")
        let run = await node.call("run")
        let words = "/opt/it/bin': a symbolic link to '/elsewhere' is in the way"
        #expect(run.errorLines.first?.contains(words) == true, "\(run.errors)")
        #expect(try Files.list(node.written("/elsewhere")) == [])
        #expect(try Files.list(node.written("/opt/it")) == ["bin"])
    }

    @Test func `a directory in the place of a file or link is kept`() async throws {
        for name in ["README", "bin/alias"] {
            let node = try node(unpacking: Self.archive(), "{strip: 1}")
            try Files.makeDirectories(node.written("/opt/it/\(name)"))
            try node.write("own", to: "root/opt/it/\(name)/own")
            let run = await node.call("run")
            #expect(run.status == 1)
            #expect(run.errors.contains("director"), "\(run.errors)")
            #expect(try Files.text(node.written("/opt/it/\(name)/own")) == "own")
            _ = await node.call("reset", "--yes")
            try Files.removeTree(node.written("/opt"))
        }
    }
}
