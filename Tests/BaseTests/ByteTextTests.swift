import Base
import Testing

@Suite(.timeLimit(.minutes(5)))
struct ByteTextTests {
    @Test(arguments: [
        (0, "0 bytes"), (10_239, "10239 bytes"), (10_240, "10 KiB"), (1_048_575, "1023 KiB"), (1_048_576, "1.0 MiB"),
        (1_600_000, "1.5 MiB"), ((1 << 30) - 1, "1023.9 MiB"), (5 << 29, "2.5 GiB"), (Int.max, "8589934591.9 GiB"),
    ])
    func `a number of bytes is rounded`(count: Int, text: String) {
        #expect(roundedByteText(count) == text)
    }
}
