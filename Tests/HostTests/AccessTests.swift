import Base
import Glibc
import TestSupport
import Testing

@testable import Host

/// Which files the units that do not run as root can read.
@Suite(.temporaryDirectory, .timeLimit(.minutes(5)))
struct AccessTests {
    private let directory = TemporaryDirectory.file("d")

    init() throws {
        try Files.setMode(TemporaryDirectory.path, 0o755)
        try FileSystem.write([1], to: "\(directory)/a.yaml", mode: 0o644)
        try FileSystem.write([1], to: "\(directory)/notes", mode: 0o600)
    }

    private func isReadable(_ path: String) -> Bool {
        FileSystem.isReadableByAll(path) { $0.hasSuffix(".yaml") }
    }

    @Test func `a file is readable by all if it and its directories are, also by way of a link`() throws {
        let file = "\(directory)/a.yaml"
        let link = TemporaryDirectory.file("link")
        try FileSystem.makeSymbolicLink(at: link, to: file, replacing: false)
        #expect(isReadable(file) && isReadable(link))
        try Files.setMode(file, 0o640)
        #expect(!isReadable(file) && !isReadable(link))
        try Files.setMode(file, 0o644)
        try Files.setMode(directory, 0o750)
        #expect(!isReadable(file) && !isReadable(link))
    }

    @Test func `a directory is readable by all if it and the files in it are that count`() throws {
        #expect(isReadable(directory))
        try Files.setMode("\(directory)/a.yaml", 0o600)
        #expect(!isReadable(directory))
        try Files.setMode("\(directory)/a.yaml", 0o644)
        for mode in [0o754, 0o751] as [UInt32] {
            try Files.setMode(directory, mode)
            #expect(!isReadable(directory))
        }
    }

    @Test func `what does not exist yet is readable`() {
        #expect(isReadable("\(directory)/later/b.yaml"))
    }
}
