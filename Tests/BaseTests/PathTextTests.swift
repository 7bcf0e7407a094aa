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
