import TestSupport
import Testing

@testable import Kubernetes

/// Regular expressions in the syntax of Go.
@Suite(.timeLimit(.minutes(30)))
struct PatternTests {
    @Test(arguments: [
        ("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", ["a", "a-b", "a1"], ["", "-a", "a-", "A"]),
        ("^(/[^/\\s]+)+$", ["/a", "/a/b"], ["a", "/", "/a /b"]),
        ("^([0-9]{1,5}(h|m|s|ms)){1,4}$", ["10s", "1h30m", "5ms"], ["", "1d", "1h1h1h1h1h", "123456s"]),
        ("^(?:a|bc)*?x{2,}$", ["xx", "abcxxx"], ["x", "abx"]),
        ("^\\d+\\.\\d+$", ["1.2"], ["1x2", "1."]),
        ("b", ["abc"], ["ac"]),
        ("^[\\w.-]+@[[:alnum:]]+$", ["a.b-c@d1"], ["@d", "a b@d"]),
        ("^[]a^-]$", ["]", "a", "^", "-"], ["b"]),
        ("^[^a-c\\d]$", ["x", "-"], ["a", "7", ""]),
        ("\\bfoo\\b", ["a foo b"], ["afoo"]),
        ("^.$", ["é", "👍"], ["\n", "ab"]),
        ("^a{2}{3}$", ["aaaaaa"], ["aaa"]),
        ("^a{,2}$", ["a{,2}"], ["a"]),
        ("^\\x41\\t$", ["A\t"], ["A"]),
        ("^(?P<name>a)(?<other>b)$", ["ab"], ["a"]),
        ("", ["", "x"], []),
    ])
    func `a pattern matches as in Go`(pattern: String, matching: [String], other: [String]) throws {
        let compiled = try #require(Pattern(pattern))
        for text in matching { #expect(compiled.matches(text), "\(text)") }
        for text in other { #expect(!compiled.matches(text), "\(text)") }
    }

    @Test(arguments: ["(?i)a", "(?=a)b", "\\p{L}", "a)", "(a", "[a", "*", "a{3,2}", "a{2000}", "\\", "[[:no:]]"])
    func `an invalid or unsupported pattern is not used`(pattern: String) {
        #expect(Pattern(pattern) == nil)
    }

    @Test func `nested repetitions take linear time`() throws {
        let compiled = try #require(Pattern("^(a+)+$"))
        func time(_ count: Int) -> Duration {
            processorTime { #expect(!compiled.matches(String(repeating: "a", count: count) + "b")) }
        }
        // Each further character of one that goes back would double it.
        let short = time(500)
        let long = time(5000)
        #expect(long < short * 50, "\(long), and \(short) for a tenth of the text")
    }
}
