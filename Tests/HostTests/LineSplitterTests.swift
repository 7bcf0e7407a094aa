import Base
import Testing

@testable import Host

/// Collects lines from whatever thread they come on.
final class LineCollector: Sendable {
    private let state = Locked<[String]>([])

    var lines: [String] { state.withLock { $0 } }

    func append(_ line: String) { state.withLock { $0.append(line) } }
}

@Suite(.timeLimit(.minutes(15))) struct LineSplitterTests {
    /// Feeds the chunks and returns the lines.
    private func split(_ chunks: [[UInt8]], lineLimit: Int = 8, countLimit: Int = 1000) -> [String] {
        let collector = LineCollector()
        var splitter = LineSplitter(lineLimit: lineLimit, countLimit: countLimit) { collector.append($0) }
        for chunk in chunks { splitter.feed(chunk) }
        splitter.finish()
        return collector.lines
    }

    @Test(arguments: [
        ("", []),
        ("a", ["a"]),
        ("a\n", ["a"]),
        ("a\nb", ["a", "b"]),
        ("\n\na\n\n", ["", "", "a", ""]),
        ("a\r\nb\r", ["a", "b"]),
        ("12345678\n", ["12345678"]),
        ("123456789\n", ["12345678", "9"]),
        ("12345678123456781\n2", ["12345678", "12345678", "1", "2"]),
        ("1234567ä\n", ["1234567", "ä"]),
        ("12345😀\n", ["12345", "😀"]),
    ])
    func `a text is split into the same lines however it arrives`(text: String, lines: [String]) {
        let bytes = Array(text.utf8)
        #expect(split([bytes]) == lines)
        #expect(split(bytes.map { [$0] }) == lines)
    }

    @Test func `invalid UTF-8 is repaired`() {
        #expect(split([[0x61, 0xff, 0x62, 0x0a, 0xc3]]) == ["a\u{fffd}b", "\u{fffd}"])
        #expect(split([[UInt8](repeating: 0x80, count: 10)]).joined().count == 10)
    }

    @Test func `of too many lines the first and the last are emitted, and the number of others`() {
        let numbers = { (range: ClosedRange<Int>) in range.map { "\($0)" } }
        let text = { (count: Int) in Array(numbers(1...count).joined(separator: "\n").utf8) }
        #expect(split([text(5)], countLimit: 5) == numbers(1...5))
        #expect(split([text(15)], countLimit: 5) == numbers(1...15))
        #expect(
            split([text(16)], countLimit: 5) == numbers(1...5) + ["... 1 line of output omitted ..."] + numbers(7...16)
        )
        let expected = numbers(1...5) + ["... 985 lines of output omitted ..."] + numbers(991...1000)
        #expect(split([text(1000)], countLimit: 5) == expected)
        #expect(split(text(1000).map { [$0] }, countLimit: 5) == expected)
        let long = split([[UInt8](repeating: 0x78, count: 10 << 20)], lineLimit: 1 << 20)
        #expect(long.map(\.utf8.count) == [Int](repeating: 1 << 20, count: 10))
        let longer = split([[UInt8](repeating: 0x78, count: 20 << 20)], lineLimit: 1 << 20)
        #expect(longer.count == 15)
        #expect(longer[4] == "... 6 lines of output omitted ...")
    }
}
