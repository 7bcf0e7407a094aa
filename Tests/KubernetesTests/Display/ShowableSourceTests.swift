import Base
import Testing

@testable import Kubernetes

/// The lines of a file that may be shown with a problem.
@Suite(.timeLimit(.minutes(5)))
struct ShowableSourceTests {
    /// The numbers of the lines that are not shown.
    private func hidden(_ text: String) throws -> [Int] {
        let source = try #require(ShowableSource(Array(text.utf8)))
        let count = text.split(separator: "\n", omittingEmptySubsequences: false).count
        return (1...count).filter { source.line(at: SourceLocation.Position(line: $0, column: 1)) == nil }
    }

    @Test(arguments: [
        ("a: b\nc: d", []),
        ("a: b\r\nc: d\r", []),
        ("password: hunter2\na: b", [1]),
        ("a: {token: abc}\nb: https://u:pw@host/", [1, 2]),
        // The value is beside its name.
        ("args:\n- --token\n- abc\n- more", [2, 3]),
        ("env:\n- name: DB_PASSWORD\n  value: x\n- value: y\n  name: OTHER\n", [2, 3]),
        ("- value: x\n  name: DB_PASSWORD", [1]),
        ("env: [{name: DB_PASSWORD, value: x}]\na: b", [1]),
        ("command: [mysql, --password, x]\na: b", [1]),
        ("file: {path: /a, content: x}\na: b", [1]),
        ("kind: Secert\nstringData:\n  a: b", [1, 2, 3]),
        ("password: |\n  one\n  two\na: b", [2, 3]),
        ("key: |\n  -----BEGIN PRIVATE KEY-----\n  abc\n  -----END PRIVATE KEY-----\na: b", [2, 3, 4]),
        ("identity: AGE-SECRET-KEY-1ABC", [1]),
        ("kind: Secret\ndata: {a: Yg==}\n---\nkind: ConfigMap\ndata: {a: b}", [1, 2]),
    ])
    func `lines that may be secret are not shown`(text: String, expected: [Int]) throws {
        let found = try hidden(text)
        #expect(Set(expected).isSubset(of: found), "\(found)")
        #expect(found.count <= expected.count + 1, "\(found)")
    }

    @Test func `a line that does not exist is not shown`() throws {
        let source = try #require(ShowableSource(Array("a: b".utf8)))
        #expect(source.line(at: SourceLocation.Position(line: 9, column: 1)) == nil)
        #expect(source.line(at: SourceLocation.Position(line: 0, column: 1)) == nil)
        #expect(ShowableSource([0xff]) == nil)
    }
}
