import Base
import Glibc
import TestSupport
import Testing

@testable import Host

/// What root does not act on, because another user could change it.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct TrustTests {
    private static var isRoot: Bool { geteuid() == 0 }
    private let directory = TemporaryDirectory.file("d")
    private var path: String { "\(directory)/f" }

    init() throws {
        try FileSystem.write([1], to: path, mode: 0o644)
    }

    private func fault() throws -> String? {
        do throws(SystemError) {
            try FileSystem.requireTrusted(path)
            return nil
        } catch {
            return "\(error); \(error.advice ?? "")".replacing(TemporaryDirectory.path, with: "DIR")
        }
    }

    private func setOwner(_ path: String, _ owner: UInt32, _ group: UInt32) {
        #expect(unsafe lchown(path, owner, group) == 0)
    }

    @Test func `what only its owner can change is trusted`() throws {
        #expect(try fault() == nil)
        try Files.setMode(path, 0o600)
        #expect(try fault() == nil)
        #expect(throws: Never.self) { try FileSystem.requireTrusted("\(directory)/nothing/there") }
    }

    @Test(.enabled(if: isRoot), arguments: [("inside/b", true), ("inside", true), ("outside", false), ("..", false)])
    func `root follows a link that a program can have made only to what the program may write`(
        target: String,
        isFollowed: Bool
    ) throws {
        let (own, other) = (TemporaryDirectory.file("vendor"), TemporaryDirectory.file("outside"))
        for directory in ["\(own)/inside/b", "\(own)/x", other] { try FileSystem.makeDirectories(directory) }
        let place = target == "outside" ? other : "\(own)/\(target)"
        try FileSystem.makeSymbolicLink(at: "\(own)/x/link", to: place, replacing: false)
        FileSystem.programDirectories.withLock { $0.append(own) }
        defer { FileSystem.programDirectories.withLock { $0.removeAll { $0 == own } } }
        func attempt(_ body: () throws(SystemError) -> Void) -> Bool {
            do throws(SystemError) {
                try body()
                return true
            } catch {
                #expect(error.code == EACCES && "\(error)".contains("a program of a task"), "\(error)")
                return false
            }
        }
        #expect(
            attempt { () throws(SystemError) in try FileSystem.write([1], to: "\(own)/x/link/f", mode: 0o644) }
                == isFollowed
        )
        #expect(
            attempt { () throws(SystemError) in try FileSystem.makeDirectories("\(own)/x/link/new/sub") }
                == isFollowed
        )
        #expect(
            attempt { () throws(SystemError) in try FileSystem.requireTrusted("\(own)/x/link/f", isData: true) }
                == isFollowed
        )
        #expect(try FileSystem.exists("\(place)/f") == isFollowed)
        #expect(try FileSystem.exists("\(place)/new") == isFollowed)
    }

    @Test(
        .enabled(if: isRoot),
        arguments: [("0", "0", true), ("1500", "1500", true), ("1500", "0", false), ("1500", "2", false)]
    )
    func `root writes behind a link of a user only into what is that user's`(
        link: String,
        target: String,
        isFollowed: Bool
    ) throws {
        let (home, target) = (TemporaryDirectory.file("home"), (path: TemporaryDirectory.file("target"), owner: target))
        for directory in [home, target.path] { try FileSystem.makeDirectories(directory) }
        setOwner(target.path, try #require(UInt32(target.owner)), 0)
        try FileSystem.makeSymbolicLink(at: "\(home)/kube", to: target.path, replacing: false)
        setOwner("\(home)/kube", try #require(UInt32(link)), 0)
        func attempt(_ body: () throws(SystemError) -> Void) -> String? {
            do throws(SystemError) {
                try body()
                return nil
            } catch {
                return "\(error)".replacing(TemporaryDirectory.path, with: "DIR")
            }
        }
        let words = "'DIR/home/kube' is a link of user \(link) to 'DIR/target', which is not that user's"
        let file = attempt { () throws(SystemError) in try FileSystem.write([1], to: "\(home)/kube/f", mode: 0o600) }
        #expect(file == (isFollowed ? nil : "cannot write 'DIR/home/kube': \(words)"))
        let link = attempt { () throws(SystemError) in
            try FileSystem.makeSymbolicLink(at: "\(home)/kube/l", to: "/x", replacing: false)
        }
        #expect((link == nil) == isFollowed)
        #expect(try FileSystem.list(target.path) == (isFollowed ? ["f", "l"] : []))
    }

    @Test(.enabled(if: isRoot)) func `a file that others can write is refused with the command to type`() throws {
        try Files.setMode(path, 0o666)
        let reason = "a user other than root can change it"
        #expect(
            try fault()
                == "cannot trust 'DIR/d/f': \(reason) (owner 0, group 0, mode 0666); run 'chmod go-w DIR/d/f'"
        )
        // The group of root is root's.
        try Files.setMode(path, 0o664)
        #expect(try fault() == nil)
        setOwner(path, 0, 34)
        #expect(
            try fault()
                == "cannot trust 'DIR/d/f': \(reason) (owner 0, group 34, mode 0664); run 'chmod go-w DIR/d/f'"
        )
    }

    @Test(.enabled(if: isRoot)) func `a file of another user is refused`() throws {
        setOwner(path, 65534, 0)
        try Files.setMode(path, 0o622)
        #expect(
            try fault()
                == "cannot trust 'DIR/d/f': a user other than root can change it (owner 65534, group 0, mode 0622); "
                + "run 'chown root DIR/d/f && chmod go-w DIR/d/f'"
        )
    }

    @Test(.enabled(if: isRoot)) func `data may belong to a service, not to a person`() throws {
        for (owner, isTrusted) in [(999, true), (1000, false), (65534, false)] as [(UInt32, Bool)] {
            for place in [path, directory] {
                setOwner(place, owner, 0)
                #expect(throws: SystemError.self) { try FileSystem.requireTrusted(path) }
                let isAccepted = (try? FileSystem.requireTrusted(path, isData: true)) != nil
                #expect(isAccepted == isTrusted, "\(place), \(owner)")
                setOwner(place, 0, 0)
            }
        }
    }

    @Test(.enabled(if: isRoot)) func `a file that is only compared may belong to a person`() throws {
        func isTrusted() -> Bool {
            (try? FileSystem.requireTrusted(path, isData: true, exceptFile: true)) != nil
        }
        setOwner(path, 1500, 1500)
        try Files.setMode(path, 0o666)
        #expect(isTrusted())
        setOwner(directory, 1500, 0)
        #expect(!isTrusted())
        setOwner(directory, 0, 0)
        // In a directory with the sticky bit its owner can put a link in its place.
        try Files.setMode(directory, 0o1777)
        #expect(isTrusted())
        try FileSystem.write([1], to: TemporaryDirectory.file("other"), mode: 0o600)
        try FileSystem.remove(path)
        try FileSystem.makeSymbolicLink(at: path, to: "../other", replacing: false)
        setOwner(path, 1500, 0)
        #expect(!isTrusted())
    }

    @Test(.enabled(if: isRoot)) func `a directory that others can write is refused unless it is sticky`() throws {
        try Files.setMode(directory, 0o777)
        #expect(try fault()?.hasPrefix("cannot trust 'DIR/d': ") == true)
        try Files.setMode(directory, 0o1777)
        #expect(try fault() == nil)
        setOwner(directory, 65534, 0)
        #expect(try fault()?.hasPrefix("cannot trust 'DIR/d': ") == true)
    }

    @Test(.enabled(if: isRoot)) func `links are examined with what they lead to`() throws {
        let elsewhere = TemporaryDirectory.file("elsewhere/f")
        try FileSystem.write([1], to: elsewhere, mode: 0o666)
        try FileSystem.makeSymbolicLink(at: path, to: "../elsewhere/f", replacing: true)
        #expect(try fault()?.hasPrefix("cannot trust 'DIR/elsewhere/f': ") == true)
        try Files.setMode(elsewhere, 0o644)
        #expect(try fault() == nil)
        setOwner(path, 65534, 0)
        #expect(try fault()?.hasSuffix("; run 'chown -h root DIR/d/f'") == true)
    }

    @Test(arguments: [
        (0o600, 0o755, true), (0o644, 0o755, false), (0o604, 0o755, false), (0o644, 0o700, true),
    ])
    func `a private key that every user can read is refused`(mode: UInt32, above: UInt32, isUsable: Bool) throws {
        try Files.setMode(TemporaryDirectory.path, 0o755)
        try Files.setMode(directory, above)
        try Files.setMode(path, mode)
        let error = { () -> SystemError? in
            do throws(SystemError) {
                try FileSystem.requirePrivate(path)
                return nil
            } catch {
                return error
            }
        }()
        #expect((error == nil) == isUsable)
        guard let error else { return }
        let reason = "every user of the node can read it"
        #expect("\(error)".hasPrefix("cannot use private key '\(path)': \(reason) (owner \(geteuid()), group "))
        #expect(error.advice == "run 'chmod 0600 \(path)'")
    }

    @Test(.enabled(if: isRoot)) func `a group may read a private key of root, and none of another user`() throws {
        try Files.setMode(TemporaryDirectory.path, 0o750)
        setOwner(path, 0, 34)
        try Files.setMode(path, 0o640)
        #expect(throws: Never.self) { try FileSystem.requirePrivate(path) }
        setOwner(path, 65534, 34)
        let error = #expect(throws: SystemError.self) { try FileSystem.requirePrivate(path) }
        #expect(error?.detail?.hasPrefix("group 34 can read it") == true)
    }

    @Test func `the names behind links are found as far as they exist`() throws {
        let root = TemporaryDirectory.path
        try FileSystem.makeSymbolicLink(at: "\(root)/one", to: "d", replacing: true)
        try FileSystem.makeSymbolicLink(at: "\(root)/two", to: "\(root)/one/later", replacing: true)
        let names = FileSystem.linkedNames(of: "\(root)/two/a")
        #expect(names == ["\(root)/one/later/a", "\(root)/d/later/a"])
        try FileSystem.makeSymbolicLink(at: "\(root)/loop", to: "loop", replacing: true)
        #expect(FileSystem.linkedNames(of: "\(root)/loop").count <= 41)
        #expect(FileSystem.linkedNames(of: path) == [])
    }
}

/// Which files the units that do not run as root can read.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct AccessTests {
    private let directory = TemporaryDirectory.file("d")

    init() throws {
        try Files.setMode(TemporaryDirectory.path, 0o755)
        try FileSystem.write([1], to: "\(directory)/a.yaml", mode: 0o644)
    }

    private func isReadable(_ path: String) -> Bool { FileSystem.isReadableByAll(path) }

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

    @Test func `what does not exist yet is readable`() {
        #expect(isReadable("\(directory)/later/b.yaml"))
    }
}
