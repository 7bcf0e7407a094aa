import Base
import Glibc
import TestSupport
import Testing

@testable import Host

@Suite(.temporaryDirectory, .timeLimit(.minutes(15))) struct FileSystemChangeTests {
    private let path = TemporaryDirectory.file("subject")

    private func names() throws -> [String] { try FileSystem.list(TemporaryDirectory.path) }

    @Test func `a link is created with its directories, and an existing file stays unless it may be replaced`() throws {
        let link = "\(path)/a/link"
        try FileSystem.makeSymbolicLink(at: link, to: "../b", replacing: false)
        #expect(try FileSystem.status(link)?.target == "../b")
        let file = "\(path)/file"
        try FileSystem.write([1], to: file, mode: 0o600)
        let error = #expect(throws: SystemError.self) {
            try FileSystem.makeSymbolicLink(at: file, to: "x", replacing: false)
        }
        #expect(error?.description == "cannot create link '\(file)': a regular file is in the way")
        #expect(try FileSystem.status(file)?.kind == .regular)
        let empty = #expect(throws: SystemError.self) {
            try FileSystem.makeSymbolicLink(at: link, to: "", replacing: true)
        }
        #expect(empty?.description == "cannot create link '\(link)': its target is empty")
        let directory = #expect(throws: SystemError.self) {
            try FileSystem.makeSymbolicLink(at: path, to: "x", replacing: true)
        }
        #expect(directory?.description == "cannot create link '\(path)': a directory is in the way")
        #expect(try FileSystem.list(path) == ["a", "file"])
    }

    @Test(arguments: FileStatus.Kind.allCases.filter { [.regular, .symbolicLink, .fifo].contains($0) })
    func `a link replaces what it is allowed to`(kind: FileStatus.Kind) throws {
        switch kind {
        case .regular: try FileSystem.write([1], to: path, mode: 0o600)
        case .symbolicLink: try FileSystem.makeSymbolicLink(at: path, to: "old", replacing: false)
        default: try Kernel.makeFIFO(path)
        }
        try FileSystem.makeSymbolicLink(at: path, to: "new", replacing: true)
        #expect(try FileSystem.status(path)?.target == "new")
        #expect(try names() == ["subject"])
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
        try FileSystem.makeSymbolicLink(at: path, to: outside, replacing: false)
        let error = #expect(throws: SystemError.self) { try FileSystem.removeTree(path) }
        #expect(error?.description == "cannot remove '\(path)': Not a directory")
    }

    @Test func `mount points are found at a directory and below it, and not beside it`() throws {
        #expect(try FileSystem.mountPoint(atOrBelow: "/proc") != nil)
        #expect(try FileSystem.mountPoint(atOrBelow: "/") != nil)
        #expect(try FileSystem.mountPoint(atOrBelow: "/pro") == nil)
        #expect(try FileSystem.mountPoint(atOrBelow: path) == nil)
    }

    @Test func `users and groups are found by name and by number`() async throws {
        let deadline = ContinuousClock.now + .seconds(600)
        #expect(try await FileSystem.lookupAccount("root", until: deadline) == 0)
        #expect(try await FileSystem.lookupAccount("4242", until: deadline) == 4242)
        #expect(try await FileSystem.lookupAccount("root", isGroup: true, until: deadline) == 0)
        #expect(try await FileSystem.lookupAccount("4242", isGroup: true, until: deadline) == 4242)
    }

    @Test(arguments: ["nobody-of-this-name", "-1", "4294967295"])
    func `an unknown account is reported`(name: String) async {
        let user = await #expect(throws: SystemError.self) {
            try await FileSystem.lookupAccount(name, until: .now + .seconds(600))
        }
        #expect(user?.description == "cannot find user '\(name)': no such user")
        let group = await #expect(throws: SystemError.self) {
            try await FileSystem.lookupAccount(name, isGroup: true, until: .now + .seconds(600))
        }
        #expect(group?.description == "cannot find group '\(name)': no such group")
    }

    @Test(arguments: [nil, 0o700, 0o755, 0o2775, 0o1777, 0o111] as [UInt32?])
    func `the mode of a new directory depends neither on the mask nor on the directory above`(mode: UInt32?) throws {
        let above = TemporaryDirectory.file("above")
        try FileSystem.makeDirectory(DirectorySettings(path: above, mode: 0o2777))
        let path = "\(above)/a/b"
        try FileSystem.makeDirectory(DirectorySettings(path: path, mode: mode))
        #expect(try FileSystem.directoryStatus(path)?.mode == mode ?? 0o755)
    }

    @Test(.enabled(if: getuid() == 0)) func `a new directory has the group of the process`() throws {
        let above = TemporaryDirectory.file("above")
        try FileSystem.makeDirectory(DirectorySettings(path: above, mode: 0o2755, group: 1234))
        try FileSystem.makeDirectory(DirectorySettings(path: "\(above)/a/b"))
        let made = try FileSystem.directoryStatus("\(above)/a/b")
        #expect(made?.group == getegid() && made?.mode == 0o755)
        #expect(try FileSystem.directoryStatus("\(above)/a")?.mode == 0o755)
    }

    @Test func `an existing directory is changed only as the settings say`() throws {
        try FileSystem.write([1], to: "\(path)/kept", mode: 0o600)
        try Files.setMode(path, 0o711)
        try FileSystem.makeDirectory(DirectorySettings(path: path))
        #expect(try FileSystem.directoryStatus(path)?.mode == 0o711)
        try FileSystem.makeDirectory(DirectorySettings(path: path, mode: 0o750))
        #expect(try FileSystem.directoryStatus(path)?.mode == 0o750)
        #expect(try FileSystem.list(path) == ["kept"])
        #expect(try FileSystem.status("\(path)/kept")?.mode == 0o600)
    }

    @Test(.enabled(if: getuid() == 0)) func `owner and group are set, each without the other`() throws {
        try FileSystem.makeDirectory(DirectorySettings(path: path, mode: 0o2770, owner: 4321, group: 1234))
        for (owner, group) in [(4321, 1234), (99, 1234), (99, 88)] as [(UInt32, UInt32)] {
            if owner == 99 {
                let settings =
                    group == 88
                    ? DirectorySettings(path: path, group: 88) : DirectorySettings(path: path, owner: owner)
                try FileSystem.makeDirectory(settings)
            }
            let status = try FileSystem.directoryStatus(path)
            #expect(status?.owner == owner && status?.group == group && status?.mode == 0o2770)
        }
    }

    @Test(arguments: [FileStatus.Kind.regular, .symbolicLink, .fifo])
    func `something else in the way stays, and a link is not followed`(kind: FileStatus.Kind) throws {
        let target = TemporaryDirectory.file("target")
        try FileSystem.makeDirectory(DirectorySettings(path: target, mode: 0o711))
        switch kind {
        case .regular: try FileSystem.write([1], to: path, mode: 0o600)
        case .symbolicLink: try FileSystem.makeSymbolicLink(at: path, to: target, replacing: false)
        default: try Kernel.makeFIFO(path)
        }
        let error = #expect(throws: SystemError.self) {
            try FileSystem.makeDirectory(DirectorySettings(path: path, mode: 0o700))
        }
        let words = kind == .symbolicLink ? "symbolic link to '\(target)'" : kind.rawValue
        #expect(error?.description == "cannot create directory '\(path)': a \(words) is in the way")
        #expect(error?.advice != nil)
        #expect(try FileSystem.status(path)?.kind == kind)
        #expect(try FileSystem.status(target)?.mode == 0o711)
    }

    @Test(.enabled(if: getuid() == 0)) func `a link of another user above the directory is not followed to root's`()
        throws
    {
        let own = TemporaryDirectory.file("own")
        try FileSystem.makeDirectory(DirectorySettings(path: own, owner: 4321))
        try FileSystem.makeDirectory(DirectorySettings(path: path))
        try FileSystem.makeSymbolicLink(at: "\(own)/link", to: path, replacing: false)
        let error = #expect(throws: SystemError.self) {
            try FileSystem.makeDirectory(DirectorySettings(path: "\(own)/link/new"))
        }
        #expect(error?.code == EACCES)
        #expect(try FileSystem.list(path) == [])
    }
}
