import Base
import Glibc
import TestSupport
import Testing

@testable import Host

@Suite(.temporaryDirectory, .timeLimit(.minutes(5))) struct FileSystemChangeTests {
    private let path = TemporaryDirectory.file("subject")

    private func names() throws -> [String] { try FileSystem.list(TemporaryDirectory.path) }

    @Test func `a link is created with its directories`() throws {
        let link = "\(path)/a/link"
        try FileSystem.makeSymbolicLink(at: link, to: "../b", replacing: false)
        #expect(try FileSystem.status(link)?.target == "../b")
    }

    @Test func `an existing file stays unless it may be replaced`() throws {
        try FileSystem.write([1], to: path, mode: 0o600)
        let error = #expect(throws: SystemError.self) {
            try FileSystem.makeSymbolicLink(at: path, to: "x", replacing: false)
        }
        #expect(error?.description == "cannot create link '\(path)': a regular file is in the way")
        #expect(try FileSystem.status(path)?.kind == .regular)
    }

    @Test(arguments: FileStatus.Kind.allCases.filter { [.regular, .directory, .symbolicLink, .fifo].contains($0) })
    func `a link replaces what it is allowed to`(kind: FileStatus.Kind) throws {
        switch kind {
        case .regular: try FileSystem.write([1], to: path, mode: 0o600)
        case .directory: try FileSystem.write([1], to: "\(path)/full/file", mode: 0o600)
        case .symbolicLink: try FileSystem.makeSymbolicLink(at: path, to: "old", replacing: false)
        default: try Kernel.makeFIFO(path)
        }
        try FileSystem.makeSymbolicLink(at: path, to: "new", replacing: true)
        #expect(try FileSystem.status(path)?.target == "new")
        #expect(try names() == ["subject"])
    }

    @Test func `an empty target is refused`() {
        let error = #expect(throws: SystemError.self) {
            try FileSystem.makeSymbolicLink(at: path, to: "", replacing: true)
        }
        #expect(error?.description == "cannot create link '\(path)': its target is empty")
    }

    @Test func `removing returns whether something was removed`() throws {
        try FileSystem.write([1], to: path, mode: 0o600)
        #expect(try FileSystem.remove(path))
        #expect(try FileSystem.remove(path) == false)
        let error = #expect(throws: SystemError.self) { try FileSystem.remove(TemporaryDirectory.path) }
        #expect(error?.description == "cannot remove '\(TemporaryDirectory.path)': Is a directory")
    }

    @Test func `a tree is removed without following links out of it`() throws {
        let outside = TemporaryDirectory.file("outside")
        try FileSystem.write([1], to: "\(outside)/kept", mode: 0o600)
        try FileSystem.write([1], to: "\(path)/a/b/c/file", mode: 0o000)
        try FileSystem.makeSymbolicLink(at: "\(path)/a/link", to: outside, replacing: false)
        try FileSystem.removeTree(path)
        #expect(try names() == ["outside"])
        #expect(try FileSystem.list(outside) == ["kept"])
    }

    @Test func `mount points are found at a directory and below it, and not beside it`() throws {
        #expect(try FileSystem.mountPoint(atOrBelow: "/proc") != nil)
        #expect(try FileSystem.mountPoint(atOrBelow: "/") != nil)
        #expect(try FileSystem.mountPoint(atOrBelow: "/pro") == nil)
        #expect(try FileSystem.mountPoint(atOrBelow: path) == nil)
    }

    @Test func `a link to a tree is not a tree`() throws {
        try FileSystem.makeSymbolicLink(at: path, to: TemporaryDirectory.path, replacing: false)
        let error = #expect(throws: SystemError.self) { try FileSystem.removeTree(path) }
        #expect(error?.description == "cannot remove '\(path)': Not a directory")
    }

    @Test func `users and groups are found by name and by number`() async throws {
        let deadline = ContinuousClock.now + .seconds(600)
        #expect(try await FileSystem.lookupUser("root", until: deadline) == 0)
        #expect(try await FileSystem.lookupUser("4242", until: deadline) == 4242)
        #expect(try await FileSystem.lookupGroup("root", until: deadline) == 0)
        #expect(try await FileSystem.lookupGroup("4242", until: deadline) == 4242)
    }

    @Test(arguments: ["nobody-of-this-name", "-1", "4294967295", "4294967296", "0x10"])
    func `an unknown account is reported`(name: String) async {
        let user = await #expect(throws: SystemError.self) {
            try await FileSystem.lookupUser(name, until: .now + .seconds(600))
        }
        #expect(user?.description == "cannot find user '\(name)': no such user")
        let group = await #expect(throws: SystemError.self) {
            try await FileSystem.lookupGroup(name, until: .now + .seconds(600))
        }
        #expect(group?.description == "cannot find group '\(name)': no such group")
    }
}
