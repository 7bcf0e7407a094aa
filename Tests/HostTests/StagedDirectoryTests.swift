import Base
import Host
import TestSupport
import Testing

@Suite(.temporaryDirectory, .timeLimit(.minutes(15))) struct StagedDirectoryTests {
    private let target = TemporaryDirectory.file("parent/set")

    private func write(_ text: String, to path: String) throws {
        try FileSystem.write(Array(text.utf8), to: path, mode: 0o644)
    }

    private func read(_ name: String) throws -> String {
        try Files.text("\(target)/\(name)")
    }

    private var beside: [String] { get throws { try FileSystem.list(TemporaryDirectory.file("parent")) } }

    @Test func `a directory is replaced as a whole, and keeps what is not changed`() throws {
        try write("old", to: "\(target)/ca/a")
        try write("same", to: "\(target)/derived/h/b")
        try write("gone", to: "\(target)/derived/i/c")
        try FileSystem.makeSymbolicLink(at: "\(target)/l", to: "nowhere", replacing: false)
        try Files.setMode("\(target)/ca", 0o750)
        let modified = try FileSystem.status("\(target)/derived/h/b")
        var staged = try StagedDirectory(replacing: target)
        try write("new", to: "\(staged.path)/ca/a")
        try staged.remove("derived/i/c")
        #expect(try read("ca/a") == "old")
        try staged.publish()
        #expect(try read("ca/a") == "new")
        #expect(try read("derived/h/b") == "same")
        #expect(try FileSystem.status("\(target)/derived/h/b")?.identity == modified?.identity)
        #expect(try FileSystem.status("\(target)/l")?.target == "nowhere")
        #expect(try FileSystem.status("\(target)/ca")?.mode == 0o750)
        #expect(try FileSystem.list("\(target)/derived") == ["h"])
        #expect(try beside == ["set"])
    }

    @Test func `a directory that does not exist is created`() throws {
        try FileSystem.makeDirectories(TemporaryDirectory.file("parent"))
        var staged = try StagedDirectory(replacing: target)
        try write("new", to: "\(staged.path)/a")
        try staged.publish()
        #expect(try read("a") == "new")
        #expect(try beside == ["set"])
    }

    @Test func `what is not published is removed, and with the lock what was left by others`() async throws {
        try write("old", to: "\(target)/a")
        try write("left", to: TemporaryDirectory.file("parent/.set.nest-bootstrap.tmp/a"))
        try write("other", to: TemporaryDirectory.file("parent/.set.nest-bootstrap-other.tmp/a"))
        let lock = try await StagedDirectory.lock(target, until: .now + .seconds(600))
        defer { withExtendedLifetime(lock) {} }
        func stage() throws {
            let staged = try StagedDirectory(replacing: target)
            try write("new", to: "\(staged.path)/a")
            #expect(try beside.count == 3)
        }
        try stage()
        #expect(try read("a") == "old")
        #expect(try beside == [".set.nest-bootstrap-other.tmp", "set"])
    }

    @Test func `a link to a directory stays, and its target is replaced`() throws {
        try write("old", to: "\(target)/a")
        let link = TemporaryDirectory.file("link")
        try FileSystem.makeSymbolicLink(at: link, to: target, replacing: false)
        var staged = try StagedDirectory(replacing: link)
        try write("new", to: "\(staged.path)/a")
        try staged.publish()
        #expect(try read("a") == "new")
        #expect(try FileSystem.status(link)?.kind == .symbolicLink)
    }

    @Test func `a link to a directory in it is an error`() throws {
        try write("old", to: TemporaryDirectory.file("parent/elsewhere/a"))
        try FileSystem.makeDirectories(target)
        try FileSystem.makeSymbolicLink(at: "\(target)/l", to: "../elsewhere", replacing: false)
        let error = #expect(throws: SystemError.self) { _ = try StagedDirectory(replacing: target) }
        #expect(error?.description == "cannot replace directory '\(target)/l': is a link to another directory")
        #expect(try beside == ["elsewhere", "set"])
    }

    @Test func `a file in the way is an error`() throws {
        try write("file", to: target)
        let error = #expect(throws: SystemError.self) { _ = try StagedDirectory(replacing: target) }
        #expect(error?.description == "cannot replace directory '\(target)': is a regular file")
    }

    @Test func `only one process has the lock`() async throws {
        guard let first = try await StagedDirectory.lock(target, until: .now + .seconds(600)) else {
            Issue.record("nothing else has the lock")
            return
        }
        let isTakenTwice = try await StagedDirectory.lock(target, until: .now + .milliseconds(100)) != nil
        #expect(!isTakenTwice)
        first.release()
        let isTakenAgain = try await StagedDirectory.lock(target, until: .now + .seconds(600)) != nil
        #expect(isTakenAgain)
    }
}
