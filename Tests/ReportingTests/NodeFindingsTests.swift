import Base
import Testing

@testable import Reporting

/// What is wrong on several nodes.
@Suite(.timeLimit(.minutes(5))) struct NodeFindingsTests {
    @Test func `each problem is there once, with the nodes that have it unless all have it`() {
        let (common, every) = (Problem("of the files"), Problem("of every node"))
        let (one, most) = (Problem("of one"), Problem("of most"))
        var findings = NodeFindings(common: [common])
        for number in 1...6 {
            let own = (number == 2 ? [one, one] : []) + (number < 6 ? [most] : [])
            findings.add("n\(number)", own + [common, every])
        }
        #expect(
            findings.problems.map(\.message) == [
                "of the files", "of most (nodes 'n1', 'n2', 'n3' and 2 more)", "of every node", "of one (node 'n2')",
            ]
        )
        #expect(findings.all.map(\.nodes.count) == [6, 5, 6, 1])
    }
}
