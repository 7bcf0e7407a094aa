import Testing

@testable import Kubernetes

@Suite(.timeLimit(.minutes(5)))
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
