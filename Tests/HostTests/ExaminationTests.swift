import Base
import Glibc
import TestSupport
import Testing

@testable import Host

/// The nearest part of a path that does not exist.
@Suite(.temporaryDirectory, .timeLimit(.minutes(5)))
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
