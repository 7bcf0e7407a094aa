import Planning
import TestSupport
import Testing

/// Pictures of more tasks than a person looks at.
extension ScaleTests {
    /// The plan of tasks that run after others, and the picture of it in at most two minutes.
    private func picture(_ predecessors: [[Int]]) throws -> String {
        let tasks = predecessors.enumerated().map { index, after in
            "  t\(index): {after: [\(after.map { "t\($0)" }.joined(separator: ", "))], exec: {command: ls}}\n"
        }
        let files = stride(from: 0, to: tasks.count, by: 1000).map { start in
            let part = tasks[start..<min(start + 1000, tasks.count)]
            return (path: "bootstrap.d/\(start).yaml", text: "tasks:\n\(part.joined())")
        }
        let plan = try declarations(files).plan
        let clock = ContinuousClock()
        let start = clock.now
        let picture = plan.renderSVG()
        #expect(start.duration(to: clock.now) < .seconds(120))
        #expect(picture.ranges(of: "<title>").count == predecessors.count)
        return picture
    }

    @Test func `2,000 tasks have a picture`() throws {
        #expect(try picture(randomPredecessors(2000, seed: 1)).utf8.count < 2_000_000)
    }

    @Test func `a chain of 10,000 tasks has a picture`() throws {
        #expect(try picture((0..<10_000).map { $0 == 0 ? [] : [$0 - 1] }).contains("10000 tasks"))
    }

    @Test func `10,000 tasks between two have a picture`() throws {
        let middle = (1...9998).map { _ in [0] }
        #expect(try picture([[]] + middle + [Array(1...9998)]).contains("10000 tasks"))
    }
}
