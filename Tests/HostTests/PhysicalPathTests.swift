import Base
import Host
import TestSupport
import Testing

/// Where a path is that may not exist yet.
@Suite(.temporaryDirectory, .timeLimit(.minutes(5)))
struct PhysicalPathTests {
    private let real: String

    init() throws {
        try FileSystem.makeDirectories(TemporaryDirectory.file("real/sub"))
        try FileSystem.makeSymbolicLink(at: TemporaryDirectory.file("link"), to: "real/sub", replacing: false)
        real = try FileSystem.realPath(TemporaryDirectory.file("real"))
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
        let found = try FileSystem.physicalPath(of: TemporaryDirectory.file(path))
        #expect(found.path == real + expected)
        #expect(found.missingDirectories == missing.map { real + $0 })
    }

    @Test(arguments: ["real/file/../f", "real/a/../f"])
    func `a directory above what is no directory is refused`(path: String) throws {
        try FileSystem.write([], to: "\(real)/file", mode: 0o600)
        let error = #expect(throws: SystemError.self) {
            _ = try FileSystem.physicalPath(of: TemporaryDirectory.file(path))
        }
        #expect(error?.isNotFound == true)
    }

    @Test func `a link at the path itself is not followed`() throws {
        let parent = try FileSystem.realPath(TemporaryDirectory.path)
        #expect(try FileSystem.physicalPath(of: TemporaryDirectory.file("link")).path == "\(parent)/link")
        #expect(try FileSystem.physicalPath(of: "/f").path == "/f")
    }

    @Test func `a directory without links is opened, and one behind a link is not`() throws {
        #expect(try DirectoryHandle(withoutLinks: "\(real)/sub").names().isEmpty)
        let parent = try FileSystem.realPath(TemporaryDirectory.path)
        let error = #expect(throws: SystemError.self) {
            _ = try DirectoryHandle(withoutLinks: "\(parent)/link/x").names()
        }
        #expect(error?.subject == "\(parent)/link")
        #expect(error?.reason == "is a symbolic link")
    }
}
