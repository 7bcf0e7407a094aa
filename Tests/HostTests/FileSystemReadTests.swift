import Base
import Glibc
import Host
import TestSupport
import Testing

@Suite(.temporaryDirectory, .timeLimit(.minutes(5))) struct FileSystemReadTests {
    private let path = TemporaryDirectory.file("subject")

    @Test(arguments: [0, 1, 65_535, 65_536, 200_000])
    func `all bytes of a file are read`(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        try FileSystem.write(bytes, to: path, mode: 0o600)
        #expect(try FileSystem.read(path, limit: count) == bytes)
    }

    @Test(arguments: [(0o644, false), (0o755, true), (0o100, true)] as [(UInt32, Bool)])
    func `links are followed to see whether a file is executable`(mode: UInt32, expected: Bool) throws {
        try FileSystem.write([], to: path, mode: mode)
        try FileSystem.makeSymbolicLink(at: TemporaryDirectory.file("link"), to: path, replacing: false)
        #expect(try FileSystem.isExecutable(TemporaryDirectory.file("link")) == expected)
        #expect(throws: SystemError.self) { try FileSystem.isExecutable(TemporaryDirectory.file("none")) }
    }

    @Test func `a file of proc is read although its size is zero`() throws {
        #expect(try FileSystem.read("/proc/self/stat", limit: 10_000).isEmpty == false)
    }

    @Test func `a missing file is reported`() {
        let error = #expect(throws: SystemError.self) { try FileSystem.read(path, limit: 10) }
        #expect(error?.description == "cannot read '\(path)': No such file or directory")
        #expect(error?.isNotFound == true)
    }

    @Test func `a path below a file is reported`() throws {
        try FileSystem.write([1], to: path, mode: 0o600)
        let error = #expect(throws: SystemError.self) { try FileSystem.read("\(path)/x", limit: 10) }
        #expect(error?.isNotFound == true)
    }

    @Test func `a large file is refused before it is read`() throws {
        try FileSystem.write([1, 2, 3, 4, 5], to: path, mode: 0o600)
        let error = #expect(throws: SystemError.self) { try FileSystem.read(path, limit: 4) }
        #expect(error?.description == "cannot read '\(path)': is larger than 4 bytes")
    }

    @Test func `a large file without a size is refused during reading`() {
        let error = #expect(throws: SystemError.self) { try FileSystem.read("/proc/self/stat", limit: 4) }
        #expect(error?.description == "cannot read '/proc/self/stat': is larger than 4 bytes")
    }

    @Test func `a directory is refused`() {
        let error = #expect(throws: SystemError.self) { try FileSystem.read(TemporaryDirectory.path, limit: 10) }
        #expect(error?.description == "cannot read '\(TemporaryDirectory.path)': is a directory")
    }

    @Test func `a FIFO without a writer is refused and does not block`() throws {
        try Kernel.makeFIFO(path)
        let error = #expect(throws: SystemError.self) { try FileSystem.read(path, limit: 10) }
        #expect(error?.description == "cannot read '\(path)': is a FIFO")
    }

    @Test func `an endless device is refused`() {
        let error = #expect(throws: SystemError.self) { try FileSystem.read("/dev/zero", limit: 10) }
        #expect(error?.description == "cannot read '/dev/zero': is a character device")
    }

    @Test func `a path with a NUL is not cut off`() throws {
        try FileSystem.write([1], to: path, mode: 0o600)
        let error = #expect(throws: SystemError.self) { try FileSystem.read("\(path)\0.yaml", limit: 10) }
        #expect(error?.description == "cannot read '\(path)\\0.yaml': it contains a NUL character")
    }

    @Test func `an empty path is refused`() {
        let error = #expect(throws: SystemError.self) { try FileSystem.read("", limit: 10) }
        #expect(error?.description == "cannot read '': it is empty")
    }

    @Test func `a loop of links is reported`() throws {
        try FileSystem.makeSymbolicLink(at: path, to: path, replacing: false)
        let error = #expect(throws: SystemError.self) { try FileSystem.read(path, limit: 10) }
        #expect(error?.description == "cannot read '\(path)': Too many levels of symbolic links")
    }

    @Test func `a link's status is its own and names its target`() throws {
        try FileSystem.makeSymbolicLink(at: path, to: "nowhere", replacing: false)
        let status = try #require(try FileSystem.status(path))
        #expect(status.kind == .symbolicLink)
        #expect(status.target == "nowhere")
        #expect(try FileSystem.exists(path) == false)
    }

    @Test func `a status has mode, owner and size`() throws {
        try FileSystem.write([1, 2, 3], to: path, mode: 0o640)
        let status = try #require(try FileSystem.status(path))
        #expect(status.kind == .regular)
        #expect(status.mode == 0o640)
        #expect(status.owner == getuid())
        #expect(status.group == getgid())
        #expect(status.size == 3)
    }

    @Test func `a missing path has no status`() throws {
        #expect(try FileSystem.status(path) == nil)
        #expect(try FileSystem.exists(path) == false)
    }

    @Test func `a directory is listed in byte order`() throws {
        for name in ["b", "a", "Z", "ä", "10", "9"] {
            try FileSystem.write([], to: "\(path)/\(name)", mode: 0o600)
        }
        #expect(try FileSystem.list(path) == ["10", "9", "Z", "a", "b", "ä"])
        let error = #expect(throws: SystemError.self) { try FileSystem.list(path, limit: 5) }
        #expect(error?.description == "cannot list '\(path)': contains more than 5 names")
    }

    @Test func `a file is not listed`() throws {
        try FileSystem.write([], to: path, mode: 0o600)
        let error = #expect(throws: SystemError.self) { try FileSystem.list(path) }
        #expect(error?.description == "cannot list '\(path)': Not a directory")
    }
}
