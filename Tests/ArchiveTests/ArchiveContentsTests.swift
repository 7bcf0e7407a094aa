import Archive
import Base
import Host
import TLS
import TestSupport
import Testing

/// The contents of archives, and what is refused before anything is written.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct ArchiveContentsTests {
    private var path: String { TemporaryDirectory.file("archive") }

    /// Returns the contents of an archive.
    private func contents(
        _ bytes: [UInt8],
        _ selection: ArchiveSelection = ArchiveSelection(),
        byteLimit: Int = ArchiveContents.byteLimit,
    ) throws -> ArchiveContents {
        try FileSystem.write(bytes, to: path, mode: 0o644)
        return try ArchiveContents(of: path, selection, byteLimit: byteLimit)
    }

    /// Returns the words with which an archive is refused, with its advice.
    private func refusal(
        _ bytes: [UInt8],
        _ selection: ArchiveSelection = ArchiveSelection(),
        byteLimit: Int = ArchiveContents.byteLimit,
    ) throws -> String {
        do {
            return "accepted: \(try contents(bytes, selection, byteLimit: byteLimit))"
        } catch let error as ArchiveError {
            return [error.description, error.advice].compactMap(\.self).joined(separator: "; ")
        }
    }

    private func tar(_ fill: (inout TarText) -> Void) -> [UInt8] {
        var text = TarText()
        fill(&text)
        return text.ended
    }

    private var usual: [UInt8] {
        tar { tar in
            tar.add("./pkg/", .directory, mode: 0o755)
            tar.add("./pkg/bin/tool", .file, "one", mode: 0o755)
            tar.add("./pkg/README", .file, "two")
            tar.add("./pkg/bin/alias", .link, target: "tool")
            tar.add("./pkg/bin/same", .hardLink, target: "./pkg/bin/tool")
            tar.add("./pkg/empty/", .directory, mode: 0o755)
        }
    }

    @Test func `files, links and directories have their names and contents`() throws {
        let contents = try contents(usual, ArchiveSelection(strippedCount: 1))
        #expect(contents.files.map(\.path) == ["bin/tool", "README", "bin/same"])
        #expect(contents.files.map(\.isExecutable) == [true, false, true])
        #expect(contents.files.map(\.size) == [3, 3, 3])
        #expect(contents.files.map(\.index) == [1, 2, 1])
        #expect(contents.files[0].sha256 == sha256(Array("one".utf8)))
        #expect(contents.links == [.init(path: "bin/alias", target: "tool")])
        #expect(contents.directories == ["empty"])
    }

    @Test(arguments: [
        (["bin"], ["bin/tool", "bin/same"]), (["bin/t*"], ["bin/tool"]),
        (["README", "bin/tool"], ["bin/tool", "README"]),
        (["*/tool"], ["bin/tool"]), (["./README"], ["README"]), (["[R]EADM?"], ["README"]),
    ])
    func `only what is wanted is selected`(wanted: [String], files: [String]) throws {
        let contents = try contents(usual, ArchiveSelection(strippedCount: 1, wanted: wanted))
        #expect(contents.files.map(\.path) == files)
    }

    @Test(arguments: [
        (1, ["tool"], "it does not contain 'tool'; did you mean 'bin/tool'?"),
        (1, ["bin/tol"], "it does not contain 'bin/tol'; did you mean 'bin/tool'?"),
        (0, ["bin"], "it does not contain 'bin'; see its names with 'tar tf ARCHIVE'"),
        (3, [], "no name in it has more than 3 parts; write 'strip: 2' or less"),
    ])
    func `a wanted name that is missing is an error with the near name`(
        strip: Int,
        wanted: [String],
        words: String
    ) throws {
        let found = try refusal(usual, ArchiveSelection(strippedCount: strip, wanted: wanted))
        #expect(found.replacing(path, with: "ARCHIVE") == "is not unpacked: \(words)")
    }

    /// Returns bytes as a program compresses them.
    private func compressed(_ bytes: [UInt8], by program: String) async throws -> [UInt8] {
        try FileSystem.write(bytes, to: "\(path).tar", mode: 0o644)
        let result = try await Tool.run("sh", ["-c", "\(program) -c '\(path).tar' > '\(path).out'"])
        try #require(result.status == 0, "\(result.errors)")
        return try FileSystem.read("\(path).out", limit: 1 << 20)
    }

    @Test(arguments: ["gzip", "xz"]) func `compressed archives are read`(program: String) async throws {
        let bytes = try await compressed(usual, by: program)
        #expect(try contents(bytes).files.count == 3)
        // An incomplete archive is no archive.
        let part = Array(bytes.prefix(bytes.count / 2))
        #expect(try refusal(part).hasPrefix("cannot be unpacked: "))
    }

    /// A hostile archive and the words of its refusal.
    struct Hostile: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var words: String
        var fill: @Sendable (inout TarText) -> Void

        init(_ description: String, _ words: String, _ fill: @escaping @Sendable (inout TarText) -> Void) {
            (testDescription, self.words, self.fill) = (description, words, fill)
        }
    }

    private static let hostile: [Hostile] = [
        .init("an absolute name", "entry '/etc/x' has an absolute name") { $0.add("/etc/x") },
        .init("two slashes", "entry '//etc/x' has an absolute name") { $0.add("//etc/x") },
        .init("upwards", "entry '../x' leads out of the directory") { $0.add("../x") },
        .init("upwards behind a dot", "entry './../x' leads out of the directory") { $0.add("./../x") },
        .init("upwards in the middle", "entry 'a/../../x' leads out of the directory") { $0.add("a/../../x") },
        .init("upwards inside", "entry 'a/../x' leads out of the directory") { $0.add("a/../x") },
        .init("the directory above", "entry '..' leads out of the directory") { $0.add("..", .directory) },
        .init("a link to an absolute path", "link 'l' leads out of the directory: its target is '/etc'") {
            $0.add("l", .link, target: "/etc")
        },
        .init("a link upwards", "link 'l' leads out of the directory: its target is '../x'") {
            $0.add("l", .link, target: "../x")
        },
        .init("a link upwards from a directory", "link 'd/l' leads out of the directory: its target is '../../x'") {
            $0.add("d/l", .link, target: "../../x")
        },
        .init("a link upwards through another", "link 'm' leads out of the directory: its target is 'l/..'") {
            $0.add("l", .link, target: "a/b")
            $0.add("m", .link, target: "l/..")
        },
        .init("a file below a link", "entry 'l/x' is below 'l', which is not a directory") {
            $0.add("l", .link, target: "d")
            $0.add("l/x")
        },
        .init("a file deep below a link", "entry 'd/l/e/x' is below 'd/l', which is not a directory") {
            $0.add("d/l", .link, target: "e")
            $0.add("d/l/e/x")
        },
        .init("a file below a file", "entry 'f/x' is below 'f', which is not a directory") {
            $0.add("f")
            $0.add("f/x")
        },
        .init("a directory that becomes a link", "it has two entries 'd'") {
            $0.add("d", .directory)
            $0.add("d", .link, target: "e")
        },
        .init("a directory that is implied and becomes a link", "it has two entries 'd'") {
            $0.add("d/x")
            $0.add("d", .link, target: "e")
        },
        .init("a link that becomes a file", "it has two entries 'l'") {
            $0.add("l", .link, target: "x")
            $0.add("l", .file, "text")
        },
        .init("two files of one name", "it has two entries 'x'") {
            $0.add("x", .file, "a")
            $0.add("x", .file, "b")
        },
        .init("two spellings of one name", "it has two entries 'd/x'") {
            $0.add("d/x", .file, "a")
            $0.add("./d//x", .file, "b")
        },
        .init("a hard link to an absolute path", "entry '/etc/shadow' has an absolute name") {
            $0.add("h", .hardLink, target: "/etc/shadow")
        },
        .init("a hard link upwards", "entry '../x' leads out of the directory") {
            $0.add("h", .hardLink, target: "../x")
        },
        .init("a hard link to nothing", "entry 'h' is a hard link to 'x', which is not a file before it") {
            $0.add("h", .hardLink, target: "x")
        },
        .init("a hard link to a link", "entry 'h' is a hard link to 'l', which is not a file before it") {
            $0.add("l", .link, target: "x")
            $0.add("h", .hardLink, target: "l")
        },
        .init("a character device", "entry 'c' is a character device") { $0.add("c", .characterDevice) },
        .init("a block device", "entry 'b' is a block device") { $0.add("b", .blockDevice) },
        .init("a FIFO", "entry 'p' is a FIFO") { $0.add("p", .fifo) },
        .init("set-user-ID", "file 's' has the set-user-ID or set-group-ID bit (mode 4755)") {
            $0.add("s", .file, "x", mode: 0o4755)
        },
        .init("set-group-ID", "file 's' has the set-user-ID or set-group-ID bit (mode 2755)") {
            $0.add("s", .file, "x", mode: 0o2755)
        },
        .init("set-user-ID by a hard link", "file 's' has the set-user-ID or set-group-ID bit (mode 4755)") {
            $0.add("s", .file, "x", mode: 0o4755)
            $0.add("h", .hardLink, target: "s")
        },
        .init("a control character", "the name of its entry 1 has a control character") { $0.add("a\u{1b}[2J") },
        .init("a line break", "the name of its entry 1 has a control character") { $0.add("a\nb") },
        .init("no UTF-8", "the name of its entry 1 is not UTF-8") { $0.add([0x61, 0xff, 0xfe]) },
        .init("a name in a pax header", "entry '../x' leads out of the directory") {
            $0.add("pax", .pax, "13 path=../x\n")
            $0.add("x")
        },
        .init("a target in a pax header", "link 'l' leads out of the directory: its target is '/etc'") {
            $0.add("pax", .pax, "17 linkpath=/etc\n")
            $0.add("l", .link, target: "x")
        },
        .init("a long name", "entry '/etc/x' has an absolute name") {
            $0.add("././@LongLink", .longName, "/etc/x\0")
            $0.add("x")
        },
        .init("a name that no file system has", "it has an entry whose name is too long for a file system") {
            $0.add("././@LongLink", .longName, String(repeating: "a", count: 300) + "\0")
            $0.add("a")
        },
    ]

    @Test(arguments: hostile) func `a hostile archive is refused`(archive: Hostile) throws {
        let bytes = tar { tar in
            tar.add("first", .file, "text")
            archive.fill(&tar)
        }
        // The number of the entry counts the file before it.
        let words = archive.words.replacing("entry 1 ", with: "entry 2 ")
        #expect(try refusal(bytes) == "is not unpacked: \(words)")
    }

    @Test func `what is not wanted may be of any kind, but not of any name`() throws {
        let bytes = tar { tar in
            tar.add("dev/c", .characterDevice)
            tar.add("l", .link, target: "/etc")
            tar.add("bin/x", .file, "text")
        }
        #expect(try contents(bytes, ArchiveSelection(wanted: ["bin"])).files.map(\.path) == ["bin/x"])
        let named = tar { tar in
            tar.add("../c", .characterDevice)
            tar.add("bin/x", .file, "text")
        }
        let words = try refusal(named, ArchiveSelection(wanted: ["bin"]))
        #expect(words == "is not unpacked: entry '../c' leads out of the directory")
    }

    @Test(arguments: [
        ("a/d", "a link", "b/d/x"), ("b/d/x", "a link", "a/d"), ("a/d", "a file", "b/d/x"), ("b/d/x", "a file", "a/d"),
    ])
    func `no entry is below a link or file once its directories are left out`(
        first: String,
        kind: String,
        second: String
    ) throws {
        let bytes = tar { tar in
            for name in [first, second] {
                if name == "a/d", kind == "a link" {
                    tar.add(name, .link, target: ".")
                } else {
                    tar.add(name, .file, "text")
                }
            }
        }
        let words = try refusal(bytes, ArchiveSelection(strippedCount: 1))
        #expect(words.hasPrefix("is not unpacked: without the first 1 directories of its names, "), "\(words)")
    }

    @Test func `a chain of links does not lead out once its directories are left out`() throws {
        let bytes = tar { tar in
            tar.add("a/d", .link, target: ".")
            tar.add("b/d/y", .link, target: "..")
            tar.add("c/d/y/evil", .file, "text")
        }
        let words = try refusal(bytes, ArchiveSelection(strippedCount: 1))
        #expect(words.contains("entry 'd/y' is below 'd', which is not a directory"), "\(words)")
    }

    @Test func `a file with the name of the directory is refused, and the directory itself is not an entry`() throws {
        let bytes = tar { tar in
            tar.add("x", .file, "one")
            tar.add("./", .directory)
        }
        #expect(try contents(bytes).files.map(\.size) == [3])
        let named = tar { tar in
            tar.add("x", .file, "one")
            tar.add(".", .file, "two")
        }
        #expect(try refusal(named) == "is not unpacked: entry '.' is not a directory")
    }

    @Test func `links within the directory are allowed`() throws {
        let bytes = tar { tar in
            tar.add("lib/x.so.1", .file, "text")
            tar.add("lib/x.so", .link, target: "x.so.1")
            tar.add("bin/y", .link, target: "../lib/x.so")
        }
        #expect(try contents(bytes).links.map(\.target) == ["x.so.1", "../lib/x.so"])
        // The same link leads out of the directory once the directory above it is left out.
        let words = try refusal(bytes, ArchiveSelection(strippedCount: 1))
        #expect(words == "is not unpacked: link 'y' leads out of the directory: its target is '../lib/x.so'")
    }

    @Test func `names that are equal without their directories are refused`() throws {
        let bytes = tar { tar in
            tar.add("a/x", .file, "one")
            tar.add("b/x", .file, "two")
        }
        let words = try refusal(bytes, ArchiveSelection(strippedCount: 1))
        let hint = "name what you want with 'only', or write a smaller 'strip'"
        #expect(
            words == "is not unpacked: without the first 1 directories of its names, it has two entries 'x'; \(hint)"
        )
    }

    @Test func `more bytes than allowed are refused, also those of hard links`() throws {
        let bytes = tar { tar in
            tar.add("a", .file, String(repeating: "a", count: 1000))
            tar.add("b", .hardLink, target: "a")
        }
        #expect(try contents(bytes, byteLimit: 2000).files.count == 2)
        #expect(try refusal(bytes, byteLimit: 1999) == "is not unpacked: it has more than 1999 bytes of files")
        #expect(try refusal(bytes, byteLimit: 999) == "is not unpacked: it has more than 999 bytes of files")
    }

    @Test func `a few bytes that become many are refused`() async throws {
        let zeros = tar { $0.add("zeros", .file, String(repeating: "\0", count: 8 << 20)) }
        let bytes = try await compressed(zeros, by: "gzip")
        #expect(bytes.count < 20_000)
        #expect(try refusal(bytes, byteLimit: 1 << 20) == "is not unpacked: it has more than 1.0 MiB of files")
    }

    @Test func `a size that the archive does not have is an error`() throws {
        let bytes = tar { $0.add("x", .file, "text", size: 1 << 30) }
        #expect(try refusal(bytes).hasPrefix("cannot be unpacked: "))
    }

    @Test func `text, nothing and half an archive are no archives`() throws {
        let text = try refusal(Array("hello, this is not an archive\n".utf8))
        #expect(
            text.hasPrefix("cannot be unpacked: Unrecognized archive format; it is neither a tar archive, "),
            "\(text)"
        )
        #expect(text.hasSuffix("compare its SHA-256 digest with that of its publisher"), "\(text)")
        #expect(try refusal([]).hasPrefix("cannot be unpacked: "))
        #expect(try refusal(tar { _ in }) == "is not unpacked: it is empty")
        let part = try refusal(Array(usual.prefix(700)))
        #expect(
            part.hasPrefix("cannot be unpacked: ") && part.contains("; it is incomplete: fetch or copy it again"),
            "\(part)"
        )
    }
}
