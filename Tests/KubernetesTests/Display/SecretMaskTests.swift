import Base
import Testing
import YAML
@testable import Kubernetes

@Suite(.timeLimit(.minutes(15)))
struct SecretMaskTests {
    private func lines(_ old: String, _ new: String) -> [String] {
        TextDiff.lines(from: Array(old.utf8), to: Array(new.utf8))
    }

    @Test(arguments: [
        "token: hunter2", "  password: \"hunter2\"", "- client-key-data: hunter2", "DB_PASSWORD=hunter2",
        "DB_PASSWORD=[hunter2",
        "\"apiKey\": \"hunter2\",", "'Client-Secret': hunter2", "private_key: hunter2",
    ])
    func `a secret value is shown only as changed`(line: String) {
        let changed = lines("a\n\(line)\n", "a\n\(line.replacing("hunter2", with: "hunter3"))\n")
        #expect(changed.count == 4)
        #expect(changed.allSatisfy { !$0.contains("hunter") }, "\(changed)")
        #expect(changed[2].hasSuffix("*** (before)") && changed[3].hasSuffix("*** (after)"))
        let same = lines("a\n\(line)\n", "b\n\(line)\n")
        #expect(same.last?.hasSuffix("***") == true && !same.joined().contains("hunter"), "\(same)")
    }

    @Test(arguments: [
        "users: [{name: me, user: {token: hunter2, client-certificate-data: QUFB}}]",
        #"{"users":[{"user":{"password":"hunter2 with \"quotes\", and more","username":"a"}}]}"#,
        #"  - {name: me, user: {client-key-data: "hunter2"}}"#, "{password: hunter2 and words}",
        #"config: '{"auth":{"token":"hunter2"}}'"#, #"config: "{\"token\":\"hunter2\"}""#,
        "ExecStart=/bin/a --token=hunter2 --verbose", #"Environment="A=b" "DB_PASSWORD=hunter2""#,
        "  x, token: hunter2}", "proxy: http://me:hunter2@proxy.test:3128/", "url = https://:hunter2@h/",
        "  curl 'postgres://db:hunter2@10.0.0.1/x?y=z'", "header \"Authorization: Bearer hunter2hunter2\"",
        "Authorization: Basic hunter2hunter2", "curl -H 'authorization: token hunter2.hunter2' URL",
        "echo Bearer hunter2hunter2",
    ])
    func `a secret value within a line is hidden, and the rest is shown`(line: String) {
        let changed = lines("a\n\(line)\n", "a\n\(line.replacing("hunter2", with: "hunter3"))\n")
        #expect(changed.count == 4)
        #expect(changed.allSatisfy { !$0.contains("hunter") }, "\(changed)")
        let rest = line.split(separator: "hunter2")[0].prefix { $0 != ":" && $0 != "=" }
        #expect(changed[2].contains("*** (before)") && changed[3].contains("*** (after)"), "\(changed)")
        #expect(changed[2].dropFirst().hasPrefix(rest))
    }

    @Test func `what follows a secret value in a line is shown`() {
        let line = #"{"user":{"token":"hunter2","name":"me"}}"#
        #expect(lines("a\n\(line)\n", "b\n\(line)\n").last == #" {"user":{"token":***,"name":"me"}}"#)
    }

    @Test(arguments: [
        "Note: the client secret: see the manual", "see http://h:8080/a@b and mail a@b",
        "Authorization: see the manual",
        "a bearer of news", "a: {tokenFile: x, automountServiceAccountToken: false}",
    ])
    func `words of a sentence and names of files are shown`(line: String) {
        #expect(lines("a\n\(line)\n", "b\n\(line)\n").last == " \(line)")
    }

    @Test func `lines that end with a carriage return are lines`() {
        #expect(lines("a\r\nb\r\nc\r\n", "a\r\nB\r\nc\r\n") == ["@@ -1,3 +1,3 @@", " a\r", "-b\r", "+B\r", " c\r"])
    }

    @Test(arguments: ["tokenFile: /var/run/token", "automountServiceAccountToken: false", "secretName: tls", "token:"])
    func `a value that only points at a secret is shown`(line: String) {
        #expect(lines("a\n\(line)\n", "b\n\(line)\n").last == " \(line)")
    }

    @Test func `the content of a private key is hidden`() {
        func text(_ key: String) -> String {
            "  key: |\n    -----BEGIN EC PRIVATE KEY-----\n    \(key)\n    \(key)\n    -----END EC PRIVATE KEY-----\n"
        }
        #expect(
            lines(text("AAAA"), text("BBBB")) == [
                "@@ -1,4 +1,4 @@", "   key: |", "     -----BEGIN EC PRIVATE KEY-----", "-    *** (before)",
                "+    *** (after)", "     -----END EC PRIVATE KEY-----",
            ]
        )
        #expect(lines("", text("AAAA")).contains("+    ***"))
    }

    @Test func `certificates in a kubeconfig are shown by a digest`() {
        let changed = lines("client-certificate-data: QUFB\n", "client-certificate-data: QkJC\n")
        #expect(changed[1].wholeMatch(of: /-client-certificate-data: \(SHA-256 [0-9a-f]{16}\)/) != nil)
        #expect(changed[1].dropFirst() != changed[2].dropFirst())
    }

    @Test func `what is not text, or too large, is not shown`() {
        #expect(TextDiff.lines(from: [0], to: [1]) == ["(binary content)"])
        #expect(TextDiff.lines(from: nil, to: [0xff]) == ["(binary content)"])
        let large = Array(repeating: UInt8(ascii: "a"), count: 5 << 20)
        #expect(TextDiff.lines(from: nil, to: large) == ["(content too large to compare)"])
        let long = Array(String(repeating: "a\n", count: 30_000).utf8)
        #expect(TextDiff.lines(from: nil, to: long).last == "(and 10001 more lines)")
    }
}

@Suite(.timeLimit(.minutes(15)))
struct ObjectDiffTests {
    private let configMap = GroupVersionKind(apiVersion: "v1", kind: "ConfigMap")
    private let secret = GroupVersionKind(apiVersion: "v1", kind: "Secret")

    private func diff(_ old: String?, _ new: String, _ type: GroupVersionKind) throws -> [String] {
        ObjectDiff(from: try old.map { try node($0) }, to: try node(new), of: type, hasStatusSubresource: true).lines
    }

    @Test func `a text of several lines is compared line by line`() throws {
        let old = #"{"metadata":{"name":"c","generation":1},"data":{"f":"one\ntwo\nthree\n"},"status":{"a":1}}"#
        let new = #"{"metadata":{"name":"c","generation":2},"data":{"f":"one\n2\nthree\n"},"status":{"a":2}}"#
        #expect(
            try diff(old, new, configMap) == [
                "@@ -1,7 +1,7 @@", " data:", "   f: |", "     one", "-    two", "+    2", "     three", " metadata:",
                "   name: c",
            ]
        )
    }

    @Test func `a new object is shown whole`() throws {
        #expect(
            try diff(nil, "{kind: ConfigMap, data: {a: b}}", configMap) == [
                "@@ -0,0 +1,3 @@", "+data:", "+  a: b", "+kind: ConfigMap",
            ]
        )
    }

    @Test func `what the server writes is left out`() throws {
        let annotations = "annotations: {deprecated.daemonset.template.generation: '1', a: b}"
        let old = "{kind: DaemonSet, metadata: {uid: x, resourceVersion: '1', \(annotations)}}"
        #expect(try diff(old, old.replacing("'1'", with: "'2'").replacing("uid: x", with: "uid: y"), configMap) == [])
        func difference(_ kind: String) throws -> [String] {
            let annotation = "annotations: {deprecated.daemonset.template.generation: '1'}"
            let (old, new) = (
                try node("{kind: \(kind), metadata: {\(annotation)}}"), try node("{kind: \(kind), metadata: {}}")
            )
            return Difference(from: old, to: new, hasStatusSubresource: true).fields.map(\.path)
        }
        #expect(try difference("DaemonSet") == [])
        // On an object of another kind it is an annotation as any other.
        #expect(try difference("ConfigMap") == ["metadata.annotations"])
    }

    @Test func `the values of a Secret are shown only as changed`() throws {
        let applied = "annotations: {kubectl.kubernetes.io/last-applied-configuration: hunter2}"
        let old = "{data: {a: hunter2, b: hunter2}, type: Opaque, metadata: {\(applied)}}"
        let new = "{data: {a: hunter3, b: hunter2, c: hunter4}, type: Opaque, metadata: {\(applied)}}"
        let lines = try diff(old, new, secret)
        #expect(
            lines.prefix(7) == [
                "@@ -1,6 +1,7 @@", " data:", #"-  a: "*** (before)""#, #"+  a: "*** (after)""#, #"   b: "***""#,
                #"+  c: "***""#, " metadata:",
            ]
        )
        #expect(!lines.joined().contains("hunter"))
        #expect(!(try diff(nil, new, secret).joined().contains("hunter")))
    }

    @Test func `a secret in an environment variable or in a file of a ConfigMap is hidden`() throws {
        let old =
            "{env: [{name: DB_PASSWORD, value: hunter2}, {name: HOST, value: a}], data: {k: \"x\\ntoken: hunter2\\n\"}}"
        let lines = try diff(old, old.replacing("hunter2", with: "hunter3"), configMap)
        #expect(!lines.joined().contains("hunter"))
        #expect(lines.contains(#"+  value: "*** (after)""#))
        #expect(lines.contains("+    token: *** (after)"))
    }
}

/// The lines of a file that may be shown with a problem.
@Suite(.timeLimit(.minutes(15)))
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
