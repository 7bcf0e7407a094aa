import Planning
import Testing

@testable import Actions

@Suite struct ActionTests {
    @Test func `every verb has an action`() {
        #expect(actionTypes.map { $0.verb } == verbNames)
    }
}
