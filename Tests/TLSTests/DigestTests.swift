import TLS
import Testing

@Suite(.timeLimit(.minutes(5)))
struct DigestTests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ])
    func `a digest has its known value`(text: String, expected: String) {
        #expect(sha256(Array(text.utf8)) == expected)
    }

    @Test(arguments: [
        // From RFC 4231.
        (
            "what do ya want for nothing?", "Jefe",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        ("", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
    ])
    func `a keyed digest has its known value`(text: String, key: String, expected: String) {
        #expect(hmacSHA256(of: Array(text.utf8), key: Array(key.utf8)) == expected)
    }

    @Test func `incremental updates give the same digest`() {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
        var digest = SHA256()
        for start in stride(from: 0, to: bytes.count, by: 777) {
            digest.update(Array(bytes[start..<min(start + 777, bytes.count)]))
        }
        digest.update([])
        #expect(digest.finish().description == sha256(bytes))
    }

    @Test func `a digest is read from its text, and from no other text`() throws {
        var incremental = SHA256()
        incremental.update(Array("abc".utf8))
        let digest = incremental.finish()
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(digest.description == text)
        #expect(SHA256Digest(text) == digest)
        #expect(digest.bytes.prefix(4).elementsEqual([0xBA, 0x78, 0x16, 0xBF]))
        let others = [
            "", String(text.dropLast()), text + "0", text.uppercased(), text.dropLast() + "é", "g" + text.dropFirst(),
        ]
        for other in others {
            #expect(SHA256Digest(other) == nil)
        }
        #expect(SHA256Digest("0" + text.dropFirst()) != digest)
    }
}
