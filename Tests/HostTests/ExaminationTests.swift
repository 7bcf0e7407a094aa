import Base
import Glibc
import TestSupport
import Testing

@testable import Host

/// The cause of a failed call, as the file system shows it.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct ExaminationTests {
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
        #expect(text("settings.conf/x", ENOTDIR) == "'DIR/settings.conf' is a regular file, not a directory")
    }

    @Test func `a link that leads to nothing or back to itself is named`() throws {
        let links = [
            ("lost", "/nowhere/at/all"), ("self", "self"), ("one", "two"), ("two", "one"), ("above", "self/x"),
        ]
        for (name, target) in links {
            try FileSystem.makeSymbolicLink(at: TemporaryDirectory.file(name), to: target, replacing: false)
        }
        #expect(
            text("lost", ENOENT)
                == "'DIR/lost' is a link to '/nowhere/at/all', which does not exist; create '/nowhere/at/all', or correct the link"
        )
        #expect(
            text("self", ELOOP) == "'DIR/self' is a link to itself; remove that link, and put what it should name there"
        )
        #expect(
            text("self/x/y", ELOOP)
                == "'DIR/self' is a link to itself; remove that link, and put what it should name there"
        )
        #expect(
            text("one", ELOOP)
                == "'DIR/one' is a link to 'two', which leads back to it; remove that link, and put what it should name there"
        )
    }

    @Test func `a name that is too long, a mount point and the space of a file system are named`() {
        let long = String(repeating: "n", count: 300)
        #expect(
            text(long, ENAMETOOLONG)
                == "a name of the path has 300 bytes, more than the limit of 255; write a shorter one"
        )
        let space = text("x", ENOSPC)
        #expect(
            space.contains(/^no space is left in '\/.*' \(.+ free\); see what fills it: 'du -xh -d1 \/.*'$/)
                || space.contains(/^the file does not fit into '\/.*' \(.+ free\); enlarge '\/.*', or write elsewhere$/),
            "\(space)"
        )
        let busy = SystemError("cannot remove", "/proc", code: EBUSY).examined()
        #expect(busy.detail == "it is a mount point")
        #expect(busy.advice == "run 'umount /proc' first, or name what is mounted there")
    }

    @Test(arguments: [EIO, EBADMSG, EUCLEAN]) func `a damaged file system of a device is named`(code: Int32) throws {
        let device = try Mount.all().first {
            isPath($0.source, below: "/dev") && $0.path != "/" && Mount.containing($0.path) == $0
        }
        guard let device else { return }
        let error = SystemError("cannot read", device.path, code: code).examined()
        #expect(error.detail?.contains("the \(device.kind) file system of ") == true, "\(error)")
        #expect(error.advice?.hasPrefix("see 'dmesg', and run ") == true, "\(error)")
    }

    @Test func `a program that runs is named with its process`() throws {
        let path = try FileSystem.realPath("/proc/self/exe")
        let error = SystemError("cannot write", path, code: ETXTBSY).examined()
        #expect(error.detail?.wholeMatch(of: /process \d+ \('.*'\) runs it/) != nil, "\(error)")
    }

    @Test(arguments: [
        SystemError("cannot read", "relative", code: ENOENT), SystemError("cannot read", "", code: ENOENT),
        SystemError("cannot read", "/nowhere", code: ENOENT, detail: "known"),
        SystemError("cannot read", "/nowhere", code: ENOENT, advice: "known"),
        SystemError("cannot read", "/proc/x", code: EIO), SystemError("cannot write", "/proc/x", code: EROFS),
    ])
    func `an error whose cause is known or not seen stays as it is`(error: SystemError) {
        #expect(error.examined() == error)
    }
}
