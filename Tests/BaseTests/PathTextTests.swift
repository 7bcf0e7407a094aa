import Base
import Testing

/// Paths as the kernel reads them.
struct PathTextTests {
    private static let mark = "\u{301}"

    @Test(arguments: [
        ("/a/b", ["a", "b"]), ("a//b/", ["a", "b"]), ("/", []), ("", []), ("/a/\(mark)b", ["a", "\(mark)b"]),
        ("/\(mark)", ["\(mark)"]), ("/\r\n/x", ["\r\n", "x"]),
    ])
    func `a path is cut at every slash`(path: String, parts: [String]) {
        #expect(path.pathParts.map { Array($0.utf8) } == parts.map { Array($0.utf8) })
    }

    @Test func `a slash is one whatever follows it`() {
        let path = "/\(Self.mark)a/\(Self.mark)"
        #expect(path.isAbsolutePath && path.hasSlash && !path.endsWithSlash)
        #expect(path.lastSlash.map { path.utf8.distance(from: path.startIndex, to: $0) } == 4)
        #expect("a/".endsWithSlash && !"a".hasSlash && "a".lastSlash == nil)
    }

    @Test(arguments: [
        ("/a", "/a", true, false), ("/a/b", "/a", true, true), ("/ab", "/a", false, false), ("/a", "/", true, true),
        ("/a/\(mark)b", "/a", true, true), ("/caf\u{e9}", "/cafe\(mark)", false, false), ("/", "/", true, false),
    ])
    func `what is in a directory is so by its bytes`(path: String, directory: String, isAt: Bool, isBelow: Bool) {
        #expect(isPath(path, at: directory) == isAt)
        #expect(isPath(path, below: directory) == isBelow)
    }

    /// U+0600 and what follows it are one character of Swift.
    @Test(arguments: [("/a//", "/a"), ("/", ""), ("", ""), ("/a/\u{600}/", "/a/\u{600}"), ("/a/\(mark)", "/a/\(mark)")])
    func `only slashes are cut from the end of a path`(path: String, cut: String) {
        #expect(Array(path.withoutSlashesAtEnd.utf8) == Array(cut.utf8))
    }

    @Test(arguments: [
        ("/a/b", "/a", "/b"), ("/a", "", "/a"), ("/a", "/a", ""), ("/cafe\(mark)/b", "/cafe\(mark)", "/b"),
        ("/a/\(mark)b", "/a", "/\(mark)b"), ("/\r\n", "", "/\r\n"),
    ])
    func `what follows a directory is cut off by bytes`(path: String, directory: String, part: String) {
        #expect(Array(path.pathPart(after: directory).utf8) == Array(part.utf8))
    }

    @Test func `two spellings of a letter are two texts`() {
        #expect(ExactText("caf\u{e9}") != ExactText("cafe\u{301}"))
        #expect(ExactText("caf\u{e9}") == ExactText("caf\u{e9}"))
        #expect(Set([ExactText("\u{e9}"), ExactText("e\u{301}")]).count == 2)
    }
}

@Suite(.timeLimit(.minutes(15))) struct SubjectNameTests {
    @Test(arguments: [
        ("kubernetes.default.svc", SubjectName.host("kubernetes.default.svc")),
        ("*.example.org", .host("*.example.org")),
        ("node-1", .host("node-1")), ("10.96.0.1", .address("10.96.0.1")), ("::1", .address("::1")),
        ("FD00:0::0:1", .address("fd00::1")), ("::ffff:10.0.0.1", .address("::ffff:10.0.0.1")),
    ])
    func `DNS names and addresses are read`(text: String, name: SubjectName) {
        #expect(SubjectName(text) == name)
    }

    @Test(arguments: [
        "", ".", "a..b", "a.", "-a", "a-", "a b", "a,b", "*", "*.org", "a.*.org", "10.0.0", "10.0.0.256", "10.0.0.1/24",
        "fe80::1%eth0", "[::1]", "ä.org", String(repeating: "a", count: 64), "a\u{0}", "https://a",
    ])
    func `everything else is refused`(text: String) {
        #expect(SubjectName(text) == nil)
    }
}

@Suite(.timeLimit(.minutes(15))) struct SecretBytesTests {
    @Test func `bytes are lent, copied and joined`() {
        let first = SecretBytes(copying: [1, 2, 3])
        let second = unsafe SecretBytes(capacity: 8) { memory in
            unsafe memory.copyBytes(from: [4, 5])
            return 2
        }
        let joined = SecretBytes(joining: [first, SecretBytes(copying: []), second])
        #expect(joined.count == 5)
        #expect(joined.copy == [1, 2, 3, 4, 5])
        #expect(second.count == 2)
    }
}

@Suite struct PermanentFailureTests {
    private let location = SourceLocation(file: "m.yaml", position: SourceLocation.Position(line: 1, column: 1))

    @Test func `a mistake in a file is permanent, and what the system refuses is not`() {
        let refused = SystemError("cannot read", "/x", code: 2)
        #expect(isPermanent(Problem("unknown key 'x'", at: location)))
        #expect(!isPermanent(Problem("cannot read '/x'", at: location, cause: refused)))
        #expect(!isPermanent(Problem("the server is away")))
        #expect(!isPermanent(refused))
        var failed = Problem("'setup' exited with code 1", at: location)
        failed.mayPass = true
        #expect(!isPermanent(failed))
        #expect(
            isPermanent(
                Problem("cannot be used", cause: Problem("unknown key 'x'", at: location))
            )
        )
    }
}
