import Base
import Glibc
import Host
import TestSupport
import Testing

@Suite(.temporaryDirectory, .timeLimit(.minutes(15))) struct FileSystemWriteTests {
    private let path = TemporaryDirectory.file("subject")

    private func names() throws -> [String] { try FileSystem.list(TemporaryDirectory.path) }

    @Test(arguments: [0o600, 0o644, 0o755, 0o4711, 0o000] as [UInt32])
    func `the mode does not depend on the mask`(mode: UInt32) throws {
        try FileSystem.write([1], to: path, mode: mode)
        #expect(try FileSystem.status(path)?.mode == mode)
    }

    @Test(.enabled(if: getuid() == 0)) func `owner and group are set`() throws {
        try FileSystem.writeTogether([FileContent([1], path: path, mode: 0o4755, owner: 4321, group: 1234)])
        let status = try FileSystem.status(path)
        #expect(status?.owner == 4321)
        #expect(status?.group == 1234)
        #expect(status?.mode == 0o4755)
    }

    @Test func `missing directories are created and nothing else is left`() throws {
        let deep = "\(path)/a//b/file"
        try FileSystem.write([7], to: deep, mode: 0o600)
        #expect(try readFile(deep, limit: 1) == [7])
        #expect(try FileSystem.list("\(path)/a/b") == ["file"])
    }

    @Test func `files are written together, or none of them`() throws {
        let other = TemporaryDirectory.file("other")
        try FileSystem.write([1], to: path, mode: 0o644)
        let files = [FileContent([2], path: path, mode: 0o600), FileContent([3], path: other, mode: 0o644)]
        try FileSystem.makeDirectories("\(other)/full")
        let error = #expect(throws: SystemError.self) { try FileSystem.writeTogether(files) }
        #expect(error?.description == "cannot write '\(other)': a directory is in the way")
        #expect(try readFile(path, limit: 10) == [1])
        #expect(try names() == ["other", "subject"])
        try FileSystem.removeTree(other)
        try FileSystem.writeTogether(files)
        #expect(try readFile(path, limit: 10) == [2])
        #expect(try readFile(other, limit: 10) == [3])
        #expect(try FileSystem.status(path)?.mode == 0o600)
        #expect(try names() == ["other", "subject"])
    }

    @Test func `an existing file is replaced completely`() throws {
        try FileSystem.write([1, 2, 3], to: path, mode: 0o644)
        try FileSystem.write([9], to: path, mode: 0o600)
        #expect(try readFile(path, limit: 10) == [9])
        #expect(try FileSystem.status(path)?.mode == 0o600)
        #expect(try names() == ["subject"])
    }

    @Test func `a link is replaced and its target unchanged`() throws {
        let target = TemporaryDirectory.file("target")
        try FileSystem.write([1], to: target, mode: 0o600)
        try FileSystem.makeSymbolicLink(at: path, to: target, replacing: false)
        try FileSystem.write([2], to: path, mode: 0o600)
        #expect(try FileSystem.status(path)?.kind == .regular)
        #expect(try readFile(target, limit: 1) == [1])
    }

    @Test func `what is in the way is reported and stays, and nothing is left`() throws {
        func reason(_ path: String) -> String {
            let error = #expect(throws: SystemError.self) { try FileSystem.write([1], to: path, mode: 0o600) }
            return error?.description ?? ""
        }
        try FileSystem.makeDirectories(path)
        #expect(reason(path) == "cannot write '\(path)': a directory is in the way")
        let (fifo, file) = (TemporaryDirectory.file("fifo"), TemporaryDirectory.file("file"))
        try Kernel.makeFIFO(fifo)
        #expect(reason(fifo) == "cannot write '\(fifo)': a FIFO is in the way")
        try FileSystem.write([1], to: file, mode: 0o600)
        #expect(reason("\(file)/x/y") == "cannot create directory '\(file)': is a regular file")
        #expect(reason("/proc/x").hasPrefix("cannot write '/proc/x': "))
        for path in ["", "/", "x/", ".", "..", "x/.."] { #expect(reason(path) != "") }
        #expect(try names() == ["fifo", "file", "subject"])
        #expect(try FileSystem.status(path)?.kind == .directory && FileSystem.status(fifo)?.kind == .fifo)
    }

    @Test func `a name of the maximum length is written, a longer one refused`() throws {
        let longest = TemporaryDirectory.file(String(repeating: "n", count: 255))
        try FileSystem.write([1], to: longest, mode: 0o600)
        #expect(try readFile(longest, limit: 1) == [1])
        let error = #expect(throws: SystemError.self) { try FileSystem.write([1], to: longest + "n", mode: 0o600) }
        #expect(error?.description == "cannot write '\(longest)n': File name too long")
        #expect(try names().count == 1)
    }

    /// A limit on file sizes simulates a full disk: `write` fails after the file was created.
    @Test func `a disk that fills up leaves the old file and nothing else`() async throws {
        await #expect(processExitsWith: .success) {
            let directory = "/tmp/nest-bootstrap.full.\(getpid())"
            try FileSystem.write([1], to: "\(directory)/subject", mode: 0o600)
            try Kernel.limitFileSize(1000)
            let error = #expect(throws: SystemError.self) {
                try FileSystem.write([UInt8](repeating: 2, count: 100_000), to: "\(directory)/subject", mode: 0o600)
            }
            #expect(error?.description == "cannot write '\(directory)/subject': File too large")
            #expect(try readFile("\(directory)/subject", limit: 10) == [1])
            #expect(try FileSystem.list(directory) == ["subject"])
            try FileSystem.removeTree(directory)
        }
    }

    @Test func `a reader sees the old file or the new one, never a part`() async throws {
        let path = path
        let contents = (0..<4).map { [UInt8](repeating: $0, count: 50_000) }
        try FileSystem.write(contents[0], to: path, mode: 0o600)
        try await withThrowingTaskGroup { group in
            for content in contents {
                group.addTask { try FileSystem.write(content, to: path, mode: 0o600) }
                group.addTask {
                    let seen = try readFile(path, limit: 60_000)
                    #expect(contents.contains(seen))
                }
            }
            try await group.waitForAll()
        }
        #expect(try names() == ["subject"])
    }
}
