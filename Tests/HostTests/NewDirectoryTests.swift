import Base
import Glibc
import TestSupport
import Testing

@testable import Host

@Suite(.temporaryDirectory, .timeLimit(.minutes(5))) struct NewDirectoryTests {
    private let path = TemporaryDirectory.file("subject")

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
