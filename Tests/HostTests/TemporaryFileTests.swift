import Base
import Glibc
import TestSupport
import Testing

@testable import Host

/// What killed processes leave, and what only looks like it.
@Suite(.temporaryDirectory, .timeLimit(.minutes(5))) struct TemporaryFileTests {
    private let path = TemporaryDirectory.file("key.pem")

    private func temporary() throws -> String {
        TemporaryDirectory.file(try PathParts(path, "").temporaryName())
    }

    private func names() throws -> Set<String> { Set(try FileSystem.list(TemporaryDirectory.path)) }

    @Test func `a temporary file that nobody writes is removed`() throws {
        try FileSystem.write([1], to: path, mode: 0o600)
        try FileSystem.write([2], to: try temporary(), mode: 0o600)
        FileSystem.removeAbandoned(of: path)
        #expect(try names() == ["key.pem"])
    }

    @Test func `the temporary file of a directory of records is removed by the next record`() throws {
        let directory = try DirectoryHandle(reaching: TemporaryDirectory.path, isCreating: false)
        try FileSystem.write([2], to: try temporary(), mode: 0o600)
        try directory.write([1], to: "key.pem", mode: 0o600)
        #expect(try names() == ["key.pem"])
    }

    @Test func `a temporary file stays while it is written, and no longer because a child has it open`() throws {
        let directory = try DirectoryHandle(opening: TemporaryDirectory.path, "")
        let name = try PathParts(path, "").temporaryName()
        let lock = try directory.makeFile(name, "", name)
        // As a child has it that is just being started.
        let inherited = try lock.file.duplicate("", "")
        FileSystem.removeAbandoned(of: path)
        #expect(try names() == [name])
        lock.release()
        FileSystem.removeAbandoned(of: path)
        #expect(try names() == [])
        withExtendedLifetime(inherited) {}
    }

    @Test func `of files that are written together each is locked until all are, and found when its writer is gone`()
        throws
    {
        let other = TemporaryDirectory.file("other")
        func prepared() throws -> [NewFile] {
            try [path, other].map { try NewFile(FileContent([1], path: $0, mode: 0o600), isSynced: false) }
        }
        let files = try prepared()
        let names = try names()
        for path in [path, other] { FileSystem.removeAbandoned(of: path) }
        #expect(try self.names() == names)
        try withExtendedLifetime(files) { for file in files { try file.rename() } }
        #expect(try self.names() == ["key.pem", "other"])
        // A writer that was killed: the files without its locks.
        for name in names { try FileSystem.write([2], to: TemporaryDirectory.file(name), mode: 0o600) }
        for path in [path, other] { FileSystem.removeAbandoned(of: path) }
        #expect(try self.names() == ["key.pem", "other"])
    }

    @Test(
        arguments: [
            ".key.pem.tmp", ".key.pem.backup.tmp", ".key.pem.nest-bootstrap-.tmp",
            "key.pem.nest-bootstrap-0123456789abcdef.tmp",
            ".key.pem.nest-bootstrap-0123456789abcdef", ".key.pem.nest-bootstrap-0123456789abcdeg.tmp",
            ".other.nest-bootstrap-0123456789abcdef.tmp", ".key.pem.nest-bootstrap-0123456789abcdef0.tmp",
        ]
    )
    func `a file with another name stays`(name: String) throws {
        try FileSystem.write([1], to: TemporaryDirectory.file(name), mode: 0o600)
        FileSystem.removeAbandoned(of: path)
        #expect(try names() == [name])
    }

    @Test func `a directory and a new link stay, an old link is removed`() async throws {
        let (directory, new, old) = (try temporary(), try temporary(), try temporary())
        try FileSystem.makeDirectories(directory)
        for link in [new, old] { try FileSystem.makeSymbolicLink(at: link, to: "/nowhere", replacing: false) }
        // The new link stays new however long this test takes.
        for (link, time) in [(new, "1 hour"), (old, "1 minute ago")] {
            let touch = try await Tool.run("touch", ["-h", "-d", time, link])
            #expect(touch.status == 0, "\(touch.errors)")
        }
        FileSystem.removeAbandoned(of: path)
        #expect(try FileSystem.status(directory) != nil)
        #expect(try FileSystem.status(new) != nil)
        #expect(try FileSystem.status(old) == nil)
    }

    @Test(.enabled(if: geteuid() == 0)) func `a file of another user stays`() throws {
        let foreign = try temporary()
        try FileSystem.write([1], to: foreign, mode: 0o600, owner: 4321)
        FileSystem.removeAbandoned(of: path)
        #expect(try FileSystem.status(foreign) != nil)
    }

    @Test func `processes that write one file do not remove each other's temporary files`() async throws {
        let path = path
        try await withThrowingTaskGroup { group in
            for number in 0..<4 {
                group.addTask {
                    for _ in 0..<300 {
                        FileSystem.removeAbandoned(of: path)
                        try FileSystem.write([UInt8(number)], to: path, mode: 0o600, isSynced: false)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try names() == ["key.pem"])
    }
}
