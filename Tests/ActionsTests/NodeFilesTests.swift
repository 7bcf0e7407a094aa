import Actions
import Base
import Glibc
import HTTP
import Host
import Planning
import TestSupport
import Testing

@testable import Actions

/// The node's files with a root and with a dry run.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct NodeFilesTests {
    private let root = TemporaryDirectory.file("root")

    private func files(isDryRun: Bool = false) -> NodeFiles { NodeFiles(root: root, isDryRun: isDryRun) }

    private func text(_ files: NodeFiles, _ path: String) throws -> String {
        String(decoding: try files.read(path, limit: 100), as: UTF8.self)
    }

    @Test(arguments: [("", "/etc/a"), ("/", "/etc/a"), ("/r", "/r/etc/a"), ("/r/", "/r/etc/a"), ("r//", "r/etc/a")])
    func `a root comes before every path that is written`(root: String, location: String) throws {
        #expect(try NodeFiles(root: root, isDryRun: false).location(ofWritten: "/etc/a") == location)
        #expect(try NodeFiles(root: nil, isDryRun: false).location(ofWritten: "/etc/a") == "/etc/a")
    }

    @Test func `what was written under the root is read from there, all else from the node`() throws {
        let files = files()
        let path = TemporaryDirectory.file("a")
        try FileSystem.write(Array("node".utf8), to: path, mode: 0o644)
        #expect(try text(files, path) == "node")
        #expect(try files.write(Array("root".utf8), to: path, by: "task", mode: 0o644) == .created)
        #expect(try text(files, path) == "root")
        #expect(try text(NodeFiles(root: nil, isDryRun: false), path) == "node")
        #expect(try files.exists("/etc/nest-bootstrap-nowhere") == false)
    }

    @Test func `a source whose content is not the pinned one is not put in place`() throws {
        let source = TemporaryDirectory.file("source")
        try FileSystem.write([1], to: source, mode: 0o644)
        let file = FileContent(sha256: sha256([2]), path: "/etc/a", mode: 0o644)
        let error = #expect(throws: SystemError.self) { try files().write(file, from: source, by: "task") }
        #expect(error?.code == EIO)
        #expect(try FileSystem.list("\(root)/etc") == [])
    }

    @Test func `a dry run keeps two files whose names differ in their bytes only`() throws {
        let files = files(isDryRun: true)
        for name in ["\u{e9}", "e\u{301}"] {
            _ = try files.write(Array(name.utf8), to: "/etc/\(name)", by: "task", mode: 0o644)
        }
        #expect(try files.read("/etc/\u{e9}", limit: 10) == [0xc3, 0xa9])
        #expect(try files.read("/etc/e\u{301}", limit: 10) == [0x65, 0xcc, 0x81])
    }

    @Test func `a link in the root never leads out of it`() throws {
        let outside = TemporaryDirectory.file("outside")
        try FileSystem.makeDirectories(outside)
        try FileSystem.makeSymbolicLink(at: "\(root)/etc", to: outside, replacing: false)
        try FileSystem.makeSymbolicLink(at: "\(root)/up", to: "../../..\(outside)", replacing: false)
        let files = files()
        for path in ["/etc/a", "/up/b", "/etc/deep/c"] {
            #expect(try files.write([1], to: path, by: "task", mode: 0o600) == .created)
            #expect(try files.read(path, limit: 10) == [1])
        }
        #expect(try FileSystem.list(outside) == [])
        #expect(try FileSystem.list(root + outside) == ["a", "b", "deep"])
        #expect(try files.link("/etc/l", to: "/x", by: "task", replacing: false) == .created)
        #expect(try FileSystem.status("\(root)\(outside)/l")?.target == "/x")
    }

    @Test func `a slash before a combining mark is one`() throws {
        let outside = TemporaryDirectory.file("outside")
        try FileSystem.makeDirectories(outside)
        try FileSystem.makeSymbolicLink(at: "\(root)/etc/a", to: outside, replacing: false)
        try FileSystem.makeSymbolicLink(at: "\(root)/etc/foo", to: "a/\u{301}b", replacing: false)
        #expect(try files().write([1], to: "/etc/foo/x", by: "task", mode: 0o600) == .created)
        #expect(try FileSystem.list(outside) == [])
        #expect(try FileSystem.list("\(root)\(outside)/\u{301}b") == ["x"])
    }

    @Test func `too many links in the root are an error, not a way out`() throws {
        try FileSystem.makeSymbolicLink(at: "\(root)/loop", to: "/loop", replacing: false)
        let error = #expect(throws: SystemError.self) { try files().write([1], to: "/loop/a", by: "task", mode: 0o600) }
        #expect(error?.code == ELOOP)
        let dryRun = files(isDryRun: true)
        _ = try dryRun.link("/a", to: "b", by: "task", replacing: false)
        _ = try dryRun.link("/b", to: "/a", by: "task", replacing: false)
        #expect(throws: SystemError.self) { try dryRun.read("/a", limit: 10) }
    }

    @Test(.enabled(if: geteuid() == 0)) func `a source that another user can change is not read by root`() throws {
        let path = TemporaryDirectory.file("a")
        try FileSystem.write([1], to: path, mode: 0o666)
        let error = #expect(throws: SystemError.self) { try NodeFiles(root: nil, isDryRun: false).read(path, limit: 9) }
        #expect(error?.advice == "run 'chmod go-w \(path)'")
        #expect(throws: SystemError.self) { try files().read(path, limit: 9) }
    }

    @Test func `a file that is as described is left alone`() throws {
        let files = files()
        let location = "\(root)/a"
        #expect(try files.write([1, 2], to: "/a", by: "task", mode: 0o640) == .created)
        #expect(try files.write([1, 2], to: "/a", by: "task", mode: 0o640) == .unchanged)
        #expect(try files.write([1, 3], to: "/a", by: "task", mode: 0o640) == .changed)
        #expect(try files.write([1, 3], to: "/a", by: "task", mode: 0o600) == .changed)
        #expect(try FileSystem.status(location)?.mode == 0o600)
        try Files.setMode(location, 0o644)
        #expect(try files.write([1, 3], to: "/a", by: "task", mode: 0o600) == .changed)
        #expect(try files.write([1, 3], to: "/a", by: "task", mode: 0o600) == .unchanged)
    }

    @Test(.enabled(if: geteuid() == 0)) func `a file of another owner or group is changed`() throws {
        let files = files()
        #expect(try files.write([1], to: "/a", by: "task", mode: 0o600, owner: 12, group: 34) == .created)
        #expect(try files.write([1], to: "/a", by: "task", mode: 0o600, owner: 12, group: 34) == .unchanged)
        #expect(try files.write([1], to: "/a", by: "task", mode: 0o600, owner: 12) == .unchanged)
        #expect(try files.write([1], to: "/a", by: "task", mode: 0o600, owner: 12, group: 35) == .changed)
        #expect(try files.write([1], to: "/a", by: "task", mode: 0o600).change == .changed)
        #expect(try FileSystem.status("\(root)/a")?.owner == 0)
    }

    @Test(arguments: [false, true]) func `a link in the way is replaced, not followed, and a directory refused`(
        isDryRun: Bool
    ) throws {
        let target = TemporaryDirectory.file("target")
        try FileSystem.write([7], to: target, mode: 0o600)
        try FileSystem.makeSymbolicLink(at: "\(root)/a", to: target, replacing: false)
        #expect(try files(isDryRun: isDryRun).write([1], to: "/a", by: "task", mode: 0o600).change == .changed)
        #expect(try readFile(target, limit: 10) == [7])
        #expect(try FileSystem.status("\(root)/a")?.kind == (isDryRun ? .symbolicLink : .regular))
        try FileSystem.makeDirectories("\(root)/b")
        let files = files(isDryRun: isDryRun)
        let error = #expect(throws: SystemError.self) { try files.write([1], to: "/b", by: "task", mode: 0o600) }
        #expect(error?.description == "cannot write '\(root)/b': a directory is in the way")
    }

    @Test(arguments: [false, true])
    func `a link to nothing and a file on the way are reported, also by a dry run`(isDryRun: Bool) throws {
        let directory = TemporaryDirectory.file("node")
        try FileSystem.write([], to: "\(directory)/file", mode: 0o644)
        try FileSystem.makeSymbolicLink(at: "\(directory)/link", to: "\(directory)/none", replacing: false)
        let listed = Locked<[String]>([])
        let files = NodeFiles(root: nil, isDryRun: isDryRun) { created, _ in
            listed.withLock { $0 += created.map(\.path) }
        }
        let reasons = [
            "file": "is a regular file",
            "link": "is a link to '\(directory)/none', which does not exist; create that directory, or remove the link",
        ]
        for (name, reason) in reasons {
            let path = "\(directory)/\(name)"
            let message = "cannot create directory '\(path)': \(reason)"
            let written = #expect(throws: SystemError.self) {
                try files.write([], to: "\(path)/a/b", by: "task", mode: 0o644)
            }
            #expect("\(try #require(written))" == message)
            let linked = #expect(throws: SystemError.self) {
                try files.link("\(path)/b", to: "/x", by: "task", replacing: true)
            }
            #expect("\(try #require(linked))" == message)
        }
        #expect(try FileSystem.list(directory).sorted() == ["file", "link"])
        // What existed before is not deleted by a reset.
        let link = try FileSystem.realPath(directory) + "/link"
        #expect(!listed.withLock { $0 }.contains(link))
    }

    @Test func `a dry run shows how a file would change`() throws {
        try FileSystem.write(Array("a\nb\n".utf8), to: "\(root)/a", mode: 0o644)
        let files = files(isDryRun: true)
        func diff(_ text: String, mode: UInt32 = 0o644) throws -> [String] {
            try files.write(Array(text.utf8), to: "/a", by: "task", mode: mode).diff
        }
        #expect(try diff("a\nc\n") == ["@@ -1,2 +1,2 @@", " a", "-b", "+c"])
        #expect(try diff("a\nb\n", mode: 0o600) == ["mode 0644 -> 0600"])
        let hidden = "(content not shown: not everyone may read the file)"
        #expect(try diff("x\n", mode: 0o640) == ["mode 0644 -> 0640", hidden])
        #expect(try diff("\0") == ["(binary content)"])
        #expect(
            try files.write(Array("x\n".utf8), to: "/new", by: "task", mode: 0o644).diff == ["@@ -0,0 +1 @@", "+x"]
        )
        #expect(try files.write([1], to: "/private", by: "task", mode: 0o600).diff == [hidden])
    }

    @Test func `a dry run follows the links that it would have made`() throws {
        let files = files(isDryRun: true)
        _ = try files.write([1], to: "/etc/real/file", by: "task", mode: 0o600)
        #expect(try files.link("/etc/pki", to: "real", by: "task", replacing: false).change == .created)
        #expect(try files.link("/pki", to: "/etc/pki", by: "task", replacing: false).change == .created)
        #expect(try files.read("/pki/file", limit: 10) == [1])
        #expect(try files.exists("/etc/pki/file"))
        #expect(try files.exists("/etc/pki/other") == false)
        _ = try files.write([2], to: "/pki/x", by: "task", mode: 0o600)
        #expect(try files.read("/pki/x", limit: 10) == [2] && files.read("/etc/real/x", limit: 10) == [2])
        #expect(try FileSystem.exists(root) == false)
    }

    @Test func `a dry run lists what it would have written into a directory`() throws {
        try FileSystem.write([1], to: "\(root)/d/c", mode: 0o600)
        let files = files(isDryRun: true)
        for path in ["/d/b", "/d/deep/x", "/new/z", "/new/y"] {
            _ = try files.write([1], to: path, by: "task", mode: 0o600)
        }
        #expect(try files.list("/d/") == ["b", "c"])
        #expect(try files.list("/new") == ["y", "z"])
        #expect(try files.list("/d/c") == nil)
        #expect(try files.list("/nowhere") == nil)
    }

    @Test func `what is kept below the state directory is not written through a link in it`() throws {
        let files = NodeFiles(root: root, isDryRun: false)
        let cache = "/var/lib/x/cache"
        try files.keep([1], as: "a", in: cache)
        #expect(try readFile("\(root)\(cache)/a", limit: 10) == [1])
        try FileSystem.removeTree("\(root)\(cache)")
        try FileSystem.makeDirectories("\(root)/elsewhere")
        try FileSystem.makeSymbolicLink(at: "\(root)\(cache)", to: "../../../elsewhere", replacing: false)
        let node = NodeFiles(root: nil, isDryRun: false)
        #expect(throws: SystemError.self) { try node.keep([1], as: "a", in: "\(root)\(cache)") }
        #expect(try FileSystem.list("\(root)/elsewhere") == [])
        let dryRun = NodeFiles(root: root, isDryRun: true)
        try dryRun.keep([2], as: "b", in: "/var/lib/y/cache")
        #expect(try dryRun.read("/var/lib/y/cache/b", limit: 10) == [2])
        #expect(try FileSystem.exists("\(root)/var/lib/y") == false)
    }
}
