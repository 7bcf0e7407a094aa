import Base
import Testing

@Suite(.timeLimit(.minutes(5))) struct SubjectNameTests {
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

@Suite(.timeLimit(.minutes(5))) struct SecretBytesTests {
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
