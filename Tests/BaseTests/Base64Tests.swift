import Base
import Testing

@Suite(.timeLimit(.minutes(5)))
struct Base64Tests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"), ("\u{FB}\u{3FF}", "w7vPvw=="),
    ])
    func `text is encoded and decoded`(text: String, encoded: String) throws {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        #expect(try Base64.decode(encoded) == Array(text.utf8))
        #expect(try Base64.decode(encoded.map { "\($0)\r\n" }.joined()) == Array(text.utf8))
    }

    @Test func `all bytes are decoded`() throws {
        for count in 0..<300 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7 + count) }
            #expect(try Base64.decode(Base64.encode(bytes)) == bytes)
        }
    }

    @Test(arguments: [
        ("A", "is base64 that is cut off"), ("AA", "is base64 that is cut off"), ("AAA", "is base64 that is cut off"),
        ("AAAAA", "is base64 that is cut off"), ("AA=", "is base64 that is cut off"),
        ("A===", "is broken base64: a '=' in the middle"), ("====", "is broken base64: a '=' in the middle"),
        ("AA==AAAA", "is broken base64: a '=' in the middle"), ("AAAA=", "is broken base64: a '=' in the middle"),
        ("AA===", "is broken base64: a '=' in the middle"), ("AAA-", "is not base64: it has other characters"),
        ("AAA_", "is not base64: it has other characters"), ("AA AA", "is broken base64: it has spaces"),
        ("AAAA\t", "is broken base64: it has spaces"), ("AA\u{c}AA", "is not base64: it has other characters"),
        ("AAAä", "is not base64: it has other characters"),
    ])
    func `other texts are refused`(text: String, expected: String) {
        let error = #expect(throws: Base64Error.self) { try Base64.decode(text) }
        #expect(error?.description == expected)
    }
}
