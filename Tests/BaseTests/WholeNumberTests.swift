import Base
import Testing

@Suite(.timeLimit(.minutes(5)))
struct WholeNumberTests {
    @Test(arguments: ["0", "12", "-1", "+007"])
    func `a whole number may have a sign`(text: String) {
        #expect(isNumber(text) && isNumber(text[...]))
    }

    @Test(arguments: ["", "-", "+", "--1", "1-", "1.5", "-1x", " 1", "٣", "-\u{301}1"])
    func `anything else is not a whole number`(text: String) {
        #expect(!isNumber(text))
    }
}
