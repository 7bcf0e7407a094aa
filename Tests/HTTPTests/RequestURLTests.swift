import Testing

@testable import HTTP

@Suite(.timeLimit(.minutes(5)))
struct RequestURLTests {
    @Test(arguments: [
        ("https://Example.org/a?b#c", "https://Example.org/a?b", "Example.org:443", "Example.org"),
        ("http://example.org", "http://example.org/", "example.org:80", "example.org"),
        ("HTTPS://127.0.0.1:6443/x", "https://127.0.0.1:6443/x", "127.0.0.1:6443", "127.0.0.1:6443"),
        ("https://[::1]:6443", "https://[::1]:6443/", "[::1]:6443", "[::1]:6443"),
        ("https://me:secret@host:443/", "https://host:443/", "host:443", "host"),
    ])
    func `a URL is parsed`(text: String, shown: String, address: String, authority: String) throws {
        let url = try RequestURL(text)
        #expect(url.shownText == shown)
        #expect(url.address == address)
        #expect(url.authority == authority)
    }

    @Test(arguments: [
        ("https://127.0.0.1:6443/x?y", "kubernetes", "https://kubernetes:6443/x?y"),
        ("https://[::1]/", "a.b", "https://a.b:443/"),
        ("https://a/", "not a name", nil),
        ("https://a/", "", nil),
        ("https://a/", "b/c", nil),
        ("https://a/", "b:1", nil),
    ])
    func `the host of a URL is replaced`(text: String, host: String, expected: String?) throws {
        #expect(try RequestURL(text).text(withHost: host) == expected)
    }
}
