import Base
import Glibc
import Host
import TestSupport
import Testing

@testable import Reporting

/// The lists of what tasks have made, and what is deleted because of them.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct ProductTests {
    private let root = TemporaryDirectory.file("root")
    private let store = ProductStore(
        path: TemporaryDirectory.file("state/products"),
        root: TemporaryDirectory.file("root")
    )

    init() throws { try FileSystem.makeDirectories(root) }

    private func note(_ created: [CreatedPath], by task: String = "t") throws {
        try store.note(created, by: task, at: 0)
    }

    private func file(_ text: String, _ path: String, mode: UInt32 = 0o600) -> CreatedPath {
        CreatedPath(root + path, .file(FileContent(Array(text.utf8), path: root + path, mode: mode)))
    }

    private func write(_ text: String, _ path: String, mode: UInt32 = 0o600) throws {
        try FileSystem.write(Array(text.utf8), to: root + path, mode: mode)
    }

    /// What a reset would do with the paths of all lists, one list after the other.
    private func removals(isDryRun: Bool = true) throws -> [Removal] {
        let lists = try store.lists().lists
        var remover = ProductRemover(lists, below: root, isDryRun: isDryRun)
        return lists.flatMap { list in
            list.products.map { product in
                let removal = remover.delete(product.path, of: list.task)
                return removal == .directory ? remover.deleteDirectory(product.path) : removal
            }
        }
    }

    @Test func `what a failed attempt has not created is not deleted once somebody else creates it`() throws {
        try note([.directory("\(root)/made"), .directory("\(root)/made/later"), .link("\(root)/link", target: "x")])
        try FileSystem.makeDirectories("\(root)/made")
        try store.forgetMissing(of: "t")
        try FileSystem.makeDirectories("\(root)/made/later")
        try FileSystem.makeSymbolicLink(at: "\(root)/link", to: "x", replacing: false)
        #expect(try store.list(of: "t")?.products.map(\.path) == ["/made"])
        try store.forgetMissing(of: "other")
        #expect(try store.list(of: "other") == nil)
    }

    @Test func `what failed attempts have not replaced is deleted`() throws {
        for text in ["first", "second", "third"] {
            try note([file(text, "/f")])
            if text == "first" { try write(text, "/f") } else { try store.forgetMissing(of: "t") }
        }
        #expect(try removals(isDryRun: false) == [.deleted])
    }

    private func listFile(_ task: String = "t") -> String { "\(store.path)/\(task).json" }

    @Test func `a list is read as it was written, and only its owner can read it`() throws {
        let all: [CreatedPath] = [
            .directory("\(root)/d"), file("x", "/d/é \"f\"", mode: 0o4755), .link("\(root)/d/l", target: "../x y"),
            .init("\(root)/d/g", .file(FileContent([], path: "\(root)/d/g", mode: 0o640, owner: 12, group: 34))),
        ]
        try note(all)
        try store.note(.init("rm \"$x\"\n", timeout: .seconds(7)), of: "t", at: 3)
        try store.note(.init("a", commands: "stop a"), of: "t", at: 3)
        let list = try #require(try store.lists().lists.first)
        #expect(list.products.map(\.path) == ["/d", "/d/é \"f\"", "/d/l", "/d/g"])
        #expect(list.reset == .init("rm \"$x\"\n", timeout: .seconds(7)))
        #expect(list.former == [.init("a", commands: "stop a")])
        #expect(list.position == 3)
        guard case .file(_, 0o640, 12, 34)? = list.products[3].forms.first else {
            Issue.record("\(list.products[3])")
            return
        }
        try store.write(list)
        #expect(try store.lists().lists == [list])
        #expect(try FileSystem.status(listFile())?.mode == 0o600)
        #expect(try FileSystem.status(store.path)?.mode == 0o700)
    }

    @Test func `a list that cannot be written keeps a file from being made`() throws {
        try FileSystem.write([], to: TemporaryDirectory.file("state"), mode: 0o600)
        #expect(throws: SystemError.self) { try note([file("x", "/f")]) }
    }

    @Test func `a file is deleted whether or not a killed run had replaced it`() throws {
        try note([file("one", "/f")])
        #expect(try removals() == [.absent])
        try write("one", "/f")
        #expect(try removals() == [.deleted])
        // The new content is listed, and not written.
        try note([file("two", "/f")])
        #expect(try removals() == [.deleted])
        try write("two", "/f")
        #expect(try removals() == [.deleted])
        // Only the content that was there when it was replaced counts, not every earlier one.
        try note([file("three", "/f")])
        try write("one", "/f")
        #expect(try removals() == [.kept("has been changed since")])
    }

    @Test func `what another task has made in place of it is left to that task`() throws {
        try note([file("one", "/f")], by: "a")
        try note([file("two", "/f")], by: "b")
        try write("two", "/f")
        #expect(try removals() == [.left, .deleted])
        try write("one", "/f")
        #expect(try removals() == [.left, .deleted])
        try write("three", "/f")
        #expect(try removals() == [.left, .kept("has been changed since")])
        // Both have made it.
        try note([file("two", "/f")], by: "a")
        try write("two", "/f")
        #expect(try removals() == [.left, .deleted])
    }

    @Test(arguments: [true, false])
    func `where a directory was to replace a link, what is there decides`(isLink: Bool) throws {
        let link = CreatedPath.link("\(root)/x", target: "y")
        try note([isLink ? .directory("\(root)/x") : link])
        if isLink {
            try FileSystem.makeDirectories("\(root)/x")
        } else {
            try FileSystem.makeSymbolicLink(at: "\(root)/x", to: "y", replacing: false)
        }
        // The process ends before the other one replaces it.
        try note([isLink ? link : .directory("\(root)/x")])
        let list = try #require(try store.lists().lists.first)
        #expect(list.products.map(\.forms.count) == [2])
        #expect(try removals(isDryRun: false) == [.deleted])
        #expect(try FileSystem.list(root) == [])
    }

    @Test func `what is different from what was made stays, with the reason`() throws {
        try note([file("x", "/f"), .link("\(root)/l", target: "a"), .directory("\(root)/d")])
        func expect(_ reasons: [String], line: Int = #line) throws {
            let found = try removals().compactMap { if case .kept(let reason) = $0 { reason } else { nil } }
            #expect(found == reasons, "line \(line)")
        }
        try write("x", "/f", mode: 0o644)
        try write("x", "/l")
        try write("x", "/d")
        let permissions = "has another owner or other permissions now"
        try expect([permissions, "is a regular file now", "is a regular file now"])
        for name in ["f", "l", "d"] {
            try FileSystem.remove("\(root)/\(name)")
            try FileSystem.makeSymbolicLink(at: "\(root)/\(name)", to: "b", replacing: false)
        }
        try expect(Array(repeating: "is a link to 'b' now", count: 3))
        for name in ["f", "l"] {
            try FileSystem.remove("\(root)/\(name)")
            try FileSystem.makeDirectories("\(root)/\(name)")
        }
        try expect(["is a directory now", "is a directory now", "is a link to 'b' now"])
        for removal in try removals(isDryRun: false) {
            guard case .kept = removal else {
                Issue.record("\(removal)")
                continue
            }
        }
        #expect(try FileSystem.list(root) == ["d", "f", "l"])
    }

    @Test func `a link above a path leads to nothing that is deleted`() throws {
        try note([.directory("\(root)/d"), file("x", "/d/f")])
        try write("x", "/elsewhere/f")
        try FileSystem.makeSymbolicLink(at: "\(root)/d", to: "elsewhere", replacing: false)
        let reason = "is below '\(root)/d', which is a symbolic link now"
        #expect(try removals(isDryRun: false) == [.kept("is a link to 'elsewhere' now"), .kept(reason)])
        #expect(try FileSystem.list("\(root)/elsewhere") == ["f"])
        // Nothing is below a file.
        try FileSystem.remove("\(root)/d")
        try write("x", "/d")
        #expect(try removals(isDryRun: false).last == .absent)
        #expect(try FileSystem.list(root) == ["d", "elsewhere"])
    }

    @Test func `a temporary file of a killed run goes with the file that it was for`() throws {
        try note([file("x", "/f")])
        try write("half", "/.f.nest-bootstrap.tmp")
        try write("x", "/f.tmp")
        #expect(try removals() == [.absent])
        #expect(try FileSystem.list(root).count == 2)
        #expect(try removals(isDryRun: false) == [.absent])
        #expect(try FileSystem.list(root) == ["f.tmp"])
    }

    @Test(arguments: ["/outside", "x/y"])
    func `a path outside of the root is refused`(path: String) throws {
        let outside = path.hasPrefix("/") ? TemporaryDirectory.file("outside") : root + path
        #expect(throws: SystemError.self) { try note([.directory("\(root)/in"), .directory(outside)]) }
        #expect(try store.lists().lists.isEmpty)
    }

    @Test func `a list that could not be read is not written`() throws {
        try note((1...10).map { .link("\(root)/\($0)", target: String(repeating: "x", count: 4000)) })
        let long = (1...4500).map { CreatedPath.link("\(root)/long\($0)", target: String(repeating: "x", count: 4000)) }
        #expect(throws: SystemError.self) { try note(long) }
        #expect(try store.lists().lists.first?.products.count == 10)
    }

    @Test func `commands that a task no longer has are forgotten`() throws {
        try store.note(nil, of: "t", at: 0)
        #expect(try FileSystem.exists(store.path) == false)
        try store.note(.init("false", timeout: .seconds(7)), of: "t", at: 0)
        try note([file("x", "/f")])
        try store.note(nil, of: "t", at: 0)
        #expect(try store.lists().lists.first?.reset == nil)
        #expect(try store.lists().lists.first?.products.count == 1)
    }

    @Test(arguments: [
        (#""path":"/f""#, #""path":"etc/x""#), (#""path":"/f""#, #""path":"/etc/../x""#),
        (#""path":"/f""#, #""path":"/etc//x""#), (#""path":"/f""#, #""path":"/""#),
        (#""path":"/f""#, #""path":"/x\u0000y""#), (#""forms":["#, #""forms":[],"x":["#),
        (#""file":"#, #""device":"#), (#""mode":384"#, #""mode":-1"#), (#""task":"t""#, #""task":"u""#), ("}", ""),
    ])
    func `a damaged list is reported, and the others are read`(value: String, other: String) throws {
        try note([file("x", "/f")], by: "good")
        try note([file("x", "/f")])
        let text = try Files.text(listFile())
        #expect(text.contains(value), "\(text)")
        try FileSystem.write(Array(text.replacing(value, with: other).utf8), to: listFile(), mode: 0o600)
        let (lists, faults) = try store.lists()
        #expect(lists.map(\.task) == ["good"])
        #expect(faults.map(\.description) == ["cannot use '\(listFile())': it is damaged"])
        // What it listed must not be forgotten.
        #expect(throws: SystemError.self) { try note([file("y", "/g")]) }
    }

    @Test func `a list that is a link or too large is not used`() throws {
        try note([file("x", "/f")])
        try FileSystem.remove(listFile())
        try FileSystem.makeSymbolicLink(at: listFile(), to: "/etc/passwd", replacing: false)
        #expect(try store.lists().faults.map(\.reason) == ["is a symbolic link"])
        try FileSystem.remove(listFile())
        try FileSystem.write(Array(repeating: 0x20, count: 17 << 20), to: listFile(), mode: 0o600)
        #expect(try store.lists().faults.count == 1)
    }

    @Test func `a list ends with its last product, and the directory with the last list`() throws {
        try note([file("x", "/f")])
        var list = try #require(try store.lists().lists.first)
        try store.removeIfEmpty()
        #expect(try FileSystem.exists(listFile()))
        (list.products, list.isResetDue) = ([], false)
        try store.write(list)
        try store.removeIfEmpty()
        #expect(try FileSystem.exists(store.path) == false)
        try store.removeIfEmpty()
        #expect(try store.lists().lists.isEmpty)
    }
}

extension CreatedPath {
    fileprivate static func directory(_ path: String) -> Self { Self(path, .directory) }

    fileprivate static func link(_ path: String, target: String) -> Self { Self(path, .link(target: target)) }
}
