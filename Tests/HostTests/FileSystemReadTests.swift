import Base
import Glibc
import TestSupport
import Testing

@testable import Host

@Suite(.temporaryDirectory, .timeLimit(.minutes(15))) struct FileSystemReadTests {
    private let path = TemporaryDirectory.file("subject")

    @Test(arguments: [0, 1, 65_535, 65_536, 200_000])
    func `all bytes of a file are read`(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        try FileSystem.write(bytes, to: path, mode: 0o600)
        #expect(try readFile(path, limit: count) == bytes)
    }

    @Test(arguments: [(0o644, false), (0o755, true), (0o100, true)] as [(UInt32, Bool)])
    func `links are followed to see whether a file is executable`(mode: UInt32, expected: Bool) throws {
        try FileSystem.write([], to: path, mode: mode)
        try FileSystem.makeSymbolicLink(at: TemporaryDirectory.file("link"), to: path, replacing: false)
        let link = Command(TemporaryDirectory.file("link"), environment: [:])
        #expect(((try? link.locate()) != nil) == expected)
    }

    @Test func `a file of proc is read although its size is zero`() throws {
        #expect(try readFile("/proc/self/stat", limit: 10_000).isEmpty == false)
    }

    @Test func `what cannot be read is refused with the reason, and nothing waits for a writer`() throws {
        func reason(_ path: String, limit: Int = 10) -> String {
            let error = #expect(throws: SystemError.self) { try readFile(path, limit: limit) }
            return error?.description.replacing("cannot read '\(path)': ", with: "") ?? ""
        }
        let missing = #expect(throws: SystemError.self) { try readFile(path, limit: 10) }
        #expect(missing?.description == "cannot read '\(path)': No such file or directory")
        #expect(missing?.isNotFound == true)
        try FileSystem.write([1, 2, 3, 4, 5], to: path, mode: 0o600)
        let below = #expect(throws: SystemError.self) { try readFile("\(path)/x", limit: 10) }
        #expect(below?.isNotFound == true)
        #expect(reason(path, limit: 4) == "is larger than 4 bytes")
        #expect(reason("/proc/self/stat", limit: 4) == "is larger than 4 bytes")
        #expect(reason(TemporaryDirectory.path) == "is a directory")
        #expect(reason("/dev/zero") == "is a character device")
        #expect(reason("") == "it is empty")
        #expect(reason("\(path)\0.yaml").hasSuffix("it contains a NUL character"))
        let (fifo, loop) = (TemporaryDirectory.file("fifo"), TemporaryDirectory.file("loop"))
        try Kernel.makeFIFO(fifo)
        #expect(reason(fifo) == "is a FIFO")
        try FileSystem.makeSymbolicLink(at: loop, to: loop, replacing: false)
        #expect(reason(loop) == "Too many levels of symbolic links")
    }

    @Test func `a status is that of a file or link itself, and of nothing if it is missing`() throws {
        #expect(try FileSystem.status(path) == nil)
        #expect(try FileSystem.exists(path) == false)
        try FileSystem.write([1, 2, 3], to: path, mode: 0o640)
        let status = try #require(try FileSystem.status(path))
        #expect(status.kind == .regular && status.mode == 0o640 && status.size == 3)
        #expect(status.owner == getuid() && status.group == getgid())
        try FileSystem.makeSymbolicLink(at: path, to: "nowhere", replacing: true)
        let link = try #require(try FileSystem.status(path))
        #expect(link.kind == .symbolicLink && link.target == "nowhere")
        #expect(try FileSystem.exists(path) == false)
    }

    @Test func `a directory is listed in byte order`() throws {
        for name in ["b", "a", "Z", "ä", "10", "9"] {
            try FileSystem.write([], to: "\(path)/\(name)", mode: 0o600)
        }
        #expect(try FileSystem.list(path) == ["10", "9", "Z", "a", "b", "ä"])
        let error = #expect(throws: SystemError.self) { try FileSystem.list(path, limit: 5) }
        #expect(error?.description == "cannot list '\(path)': contains more than 5 names")
        let file = #expect(throws: SystemError.self) { try FileSystem.list("\(path)/a") }
        #expect(file?.description == "cannot list '\(path)/a': Not a directory")
    }

    private var directory: String { TemporaryDirectory.path }

    private func text(_ name: String, _ code: Int32) -> String {
        let error = SystemError("cannot read", "\(directory)/\(name)", code: code).examined()
        return [error.reason, error.advice].compactMap(\.self).joined(separator: "; ").replacing(directory, with: "DIR")
    }

    @Test func `a missing part of a path is named`() throws {
        try FileSystem.makeDirectories("\(directory)/conf.d")
        for file in ["settings.conf", "conf.d/a"] {
            try FileSystem.write([1], to: TemporaryDirectory.file(file), mode: 0o644)
        }
        let missing = SystemError.text(for: ENOENT)
        #expect(text("setings.conf", ENOENT) == "\(missing); did you mean 'DIR/settings.conf'?")
        #expect(text("config.d/a", ENOENT) == "directory 'DIR/config.d' does not exist; did you mean 'DIR/conf.d/a'?")
        // The file would not exist in the similar directory either.
        #expect(text("config.d/b", ENOENT) == "directory 'DIR/config.d' does not exist")
        #expect(text("other", ENOENT) == missing)
        try FileSystem.makeSymbolicLink(at: TemporaryDirectory.file("lost"), to: "/nowhere/at/all", replacing: false)
        #expect(text("lost", ENOENT) == "'DIR/lost' is a link to '/nowhere/at/all', which does not exist")
    }

    @Test(arguments: [
        SystemError("cannot read", "relative", code: ENOENT), SystemError("cannot read", "", code: ENOENT),
        SystemError("cannot read", "/nowhere", code: ENOENT, detail: "known"),
        SystemError("cannot read", "/nowhere", code: ENOENT, advice: "known"),
        SystemError("cannot read", "/proc/x", code: EIO), SystemError("cannot write", "/proc/x", code: EROFS),
    ])
    func `every other error stays as it is`(error: SystemError) {
        #expect(error.examined() == error)
    }
}
