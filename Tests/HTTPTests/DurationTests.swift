import Testing

@testable import HTTP

@Suite(.timeLimit(.minutes(3)))
struct DurationTests {
    @Test(arguments: [
        (Duration.zero, "0 ms"),
        (.milliseconds(-5), "0 ms"),
        (.microseconds(1), "1 ms"),
        (.milliseconds(200), "200 ms"),
        (.milliseconds(999), "999 ms"),
        (.milliseconds(1500), "1.5 s"),
        (.milliseconds(9970), "10 s"),
        (.seconds(600), "600 s"),
    ])
    func `a duration is said in round numbers`(duration: Duration, text: String) {
        #expect(duration.roundedText == text)
    }
}
