import Base
import Glibc
import TestSupport
import Testing

@testable import Host

/// What killed processes leave, and what only looks like it.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15))) struct TemporaryFileTests {
    private let path = TemporaryDirectory.file("key.pem")

    private func temporary() throws -> String {
        TemporaryDirectory.file(try PathParts(path, "").temporaryName)
    }

    private func names() throws -> Set<String> { Set(try FileSystem.list(TemporaryDirectory.path)) }

    @Test func `a temporary file, link or directory that nobody writes is removed by the next writer`() throws {
        let temporary = try temporary()
        for make in [
            { try FileSystem.write([2], to: temporary, mode: 0o600) },
            { try FileSystem.makeSymbolicLink(at: temporary, to: "/nowhere", replacing: false) },
        ] as [() throws -> Void] {
            try make()
            try FileSystem.write([1], to: path, mode: 0o600)
            #expect(try names() == ["key.pem"])
            try make()
            try FileSystem.makeSymbolicLink(at: path, to: "/x", replacing: true)
            #expect(try names() == ["key.pem"])
        }
        try FileSystem.makeDirectories("\(temporary)/d")
        try FileSystem.makeSymbolicLink(at: path, to: "/y", replacing: true)
        #expect(try names() == ["key.pem"])
    }

    @Test func `the temporary file of a directory of records is removed by the next record`() throws {
        let directory = try DirectoryHandle(reaching: TemporaryDirectory.path, isCreating: false)
        try FileSystem.write([2], to: try temporary(), mode: 0o600)
        try directory.write([1], to: "key.pem", mode: 0o600)
        #expect(try names() == ["key.pem"])
    }

    @Test func `a temporary file is waited for while it is written, and not because a child has it open`() async throws
    {
        let path = path
        let file = try NewFile(FileContent([1], path: path, mode: 0o600), isSynced: false)
        let other = Task { try FileSystem.write([2], to: path, mode: 0o600) }
        // Unlike a pause of the task, this cannot outlast the patience of the other writer on a busy machine.
        usleep(300_000)
        #expect(try FileSystem.exists(path) == false)
        try file.rename()
        withExtendedLifetime(file) {}
        try await other.value
        #expect(try readFile(path, limit: 10) == [2])
        #expect(try names() == ["key.pem"])
        let directory = try DirectoryHandle(opening: TemporaryDirectory.path, "")
        let name = try PathParts(path, "").temporaryName
        let lock = try directory.makeFile(name, "", name)
        // As a child has it that is just being started.
        let inherited = try lock.file.duplicate("", "")
        lock.release()
        try FileSystem.write([3], to: path, mode: 0o600)
        #expect(try names() == ["key.pem"])
        withExtendedLifetime(inherited) {}
    }

    @Test func `processes that write one file do not remove each other's temporary files`() async throws {
        let path = path
        try await withThrowingTaskGroup { group in
            for number in 0..<4 {
                group.addTask {
                    for _ in 0..<300 { try FileSystem.write([UInt8(number)], to: path, mode: 0o600, isSynced: false) }
                }
            }
            try await group.waitForAll()
        }
        #expect(try names() == ["key.pem"])
    }
}
