import Base
import Glibc
import TestSupport
import Testing

@testable import Host

/// Directories of state, in which no link is followed.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct DirectoryHandleTests {
    private let path = TemporaryDirectory.file("state")

    @Test func `a missing directory is created, and files in it are written and read`() throws {
        let tasks = try DirectoryHandle(reaching: path, isCreating: true).directory("tasks", creatingWith: 0o755)
        try tasks.write([1, 2], to: "a", mode: 0o640)
        #expect(try tasks.read("a", limit: 10) == [1, 2])
        #expect(try tasks.status("a")?.mode == 0o640)
        #expect(try tasks.names() == ["a"])
        try tasks.remove("a")
        try tasks.remove("a")
        #expect(try tasks.status("a") == nil)
    }

    @Test func `nothing there is not an error of its own kind`() {
        let error = #expect(throws: SystemError.self) {
            _ = try DirectoryHandle(reaching: "\(path)/x/y", isCreating: false)
        }
        #expect(error?.isNotFound == true)
    }

    @Test(arguments: [false, true]) func `a link on the way is refused`(isCreating: Bool) throws {
        try FileSystem.makeDirectories(TemporaryDirectory.file("elsewhere/tasks"))
        try FileSystem.makeSymbolicLink(at: path, to: "elsewhere", replacing: false)
        let error = #expect(throws: SystemError.self) {
            _ = try DirectoryHandle(reaching: "\(path)/tasks", isCreating: isCreating)
        }
        let verb = isCreating ? "create" : "open"
        #expect(error?.description == "cannot \(verb) directory '\(path)': is a symbolic link")
        #expect(error?.isNotFound == false)
    }

    @Test func `a file in the way is reported`() throws {
        try FileSystem.write([], to: path, mode: 0o644)
        let error = #expect(throws: SystemError.self) {
            _ = try DirectoryHandle(reaching: "\(path)/tasks", isCreating: true)
        }
        #expect(error?.description == "cannot create directory '\(path)': is a regular file")
    }

    @Test func `a link in place of a file is neither read nor written through`() throws {
        let target = TemporaryDirectory.file("target")
        try FileSystem.write([7, 7], to: target, mode: 0o600)
        let directory = try DirectoryHandle(reaching: path, isCreating: true)
        try FileSystem.makeSymbolicLink(at: "\(path)/a", to: target, replacing: false)
        #expect(throws: SystemError.self) { try directory.read("a", limit: 10) }
        #expect(throws: SystemError.self) { _ = try directory.lock("a") }
        try directory.write([1], to: "a", mode: 0o600)
        #expect(try readFile(target, limit: 10) == [7, 7])
        #expect(try directory.read("a", limit: 10) == [1])
    }

    @Test(.enabled(if: geteuid() == 0)) func `a directory that another user can change is refused`() throws {
        try FileSystem.makeDirectories("\(path)/tasks")
        #expect(unsafe chown("\(path)/tasks", 65534, 0) == 0)
        let directory = try DirectoryHandle(reaching: path, isCreating: false)
        let error = #expect(throws: SystemError.self) { _ = try directory.directory("tasks", creatingWith: nil) }
        #expect(error?.advice == "run 'chown root \(path)/tasks'")
    }

    @Test(.enabled(if: geteuid() == 0)) func `what root makes in a directory of a service belongs to the service`()
        throws
    {
        try FileSystem.makeDirectories("\(path)/task")
        #expect(unsafe chown("\(path)/task", 999, 998) == 0)
        let state = try DirectoryHandle(reaching: path, isCreating: false)
        let task = try state.directory("task", creatingWith: nil, isOfService: true)
        try task.write([1], to: "a", mode: 0o600)
        _ = try task.directory("b", creatingWith: 0o711, isOfService: true)
        for (name, mode) in [("a", 0o600), ("b", 0o711)] as [(String, UInt32)] {
            let status = try #require(try task.status(name))
            #expect(status.owner == 999 && status.group == 998 && status.mode == mode, "\(name)")
        }
        #expect(unsafe chown("\(path)/task", 1000, 0) == 0)
        #expect(throws: SystemError.self) { _ = try state.directory("task", creatingWith: nil, isOfService: true) }
    }

    @Test func `a FIFO in place of a file is neither read nor waited for`() throws {
        let directory = try DirectoryHandle(reaching: path, isCreating: true)
        #expect(unsafe mkfifo("\(path)/a", 0o600) == 0)
        #expect(throws: SystemError.self) { try directory.read("a", limit: 10) }
        try directory.write([1], to: "a", mode: 0o600)
        #expect(try directory.read("a", limit: 10) == [1])
    }

    @Test func `a directory is locked by one process at a time`() throws {
        let directory = try DirectoryHandle(reaching: path, isCreating: true)
        let lock = try directory.lock()
        #expect(try FileLock.holders()[directory.status().identity] == getpid())
        let second = try directory.lock() == nil
        #expect(second)
        lock?.release()
    }

    /// Makes a directory, and a link to one in it.
    private func makeReal() throws -> String {
        try FileSystem.makeDirectories(TemporaryDirectory.file("real/sub"))
        try FileSystem.makeSymbolicLink(at: TemporaryDirectory.file("link"), to: "real/sub", replacing: false)
        return try FileSystem.realPath(TemporaryDirectory.file("real"))
    }

    @Test(arguments: [
        ("real/f", "/f", []), ("real/a/b/f", "/a/b/f", ["/a", "/a/b"]), ("link/f", "/sub/f", []),
        ("link/a/f", "/sub/a/f", ["/sub/a"]), ("link/../f", "/f", []), ("link/.//a//f", "/sub/a/f", ["/sub/a"]),
        ("real/sub", "/sub", []),
    ])
    func `links above a path are followed, and missing directories found`(
        path: String,
        expected: String,
        missing: [String],
    ) throws {
        let real = try makeReal()
        let found = try FileSystem.physicalPath(of: TemporaryDirectory.file(path))
        #expect(found.path == real + expected)
        #expect(found.missingDirectories == missing.map { real + $0 })
    }

    @Test(arguments: ["real/file/../f", "real/a/../f"])
    func `a directory above what is no directory is refused`(path: String) throws {
        let real = try makeReal()
        try FileSystem.write([], to: "\(real)/file", mode: 0o600)
        let error = #expect(throws: SystemError.self) {
            _ = try FileSystem.physicalPath(of: TemporaryDirectory.file(path))
        }
        #expect(error?.isNotFound == true)
    }

    @Test func `a link at the path itself is not followed`() throws {
        _ = try makeReal()
        let parent = try FileSystem.realPath(TemporaryDirectory.path)
        #expect(try FileSystem.physicalPath(of: TemporaryDirectory.file("link")).path == "\(parent)/link")
        #expect(try FileSystem.physicalPath(of: "/f").path == "/f")
    }

    @Test func `a directory without links is opened, and one behind a link is not`() throws {
        let real = try makeReal()
        #expect(try DirectoryHandle(withoutLinks: "\(real)/sub").names().isEmpty)
        let parent = try FileSystem.realPath(TemporaryDirectory.path)
        let error = #expect(throws: SystemError.self) {
            _ = try DirectoryHandle(withoutLinks: "\(parent)/link/x").names()
        }
        #expect(error?.subject == "\(parent)/link")
        #expect(error?.reason == "is a symbolic link")
    }
}
