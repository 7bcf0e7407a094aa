import Planning
import TestSupport
import Testing

/// Pictures of more tasks than a person looks at.
extension ScaleTests {
    /// The picture of tasks that run after others, and the processor time that it takes.
    private func picture(_ predecessors: [[Int]]) throws -> (text: String, time: Duration) {
        let tasks = predecessors.enumerated().map { index, after in
            "  t\(index): {after: [\(after.map { "t\($0)" }.joined(separator: ", "))], exec: {command: ls}}\n"
        }
        let files = stride(from: 0, to: tasks.count, by: 1000).map { start in
            let part = tasks[start..<min(start + 1000, tasks.count)]
            return (path: "bootstrap.d/\(start).yaml", text: "tasks:\n\(part.joined())")
        }
        let plan = try declarations(files).plan
        var text = ""
        let time = processorTime { text = plan.renderSVG() }
        #expect(text.ranges(of: "<title>").count == predecessors.count)
        return (text, time)
    }

    @Test func `2,000 tasks have a picture`() throws {
        let few = try picture(randomPredecessors(500, seed: 1)).time
        let (text, many) = try picture(randomPredecessors(2000, seed: 1))
        #expect(text.utf8.count < 2_000_000)
        // The edges cross layers, which grow with them.
        #expect(many < few * 64, "\(many), and \(few) for a quarter")
    }

    @Test func `a chain of 10,000 tasks has a picture`() throws {
        try expectNoSquare { count in
            let (text, time) = try picture((0..<count).map { $0 == 0 ? [] : [$0 - 1] })
            #expect(text.contains("\(count) tasks"))
            return time
        }
    }

    @Test func `10,000 tasks between two have a picture`() throws {
        try expectNoSquare { count in
            let middle = (1...count - 2).map { _ in [0] }
            let (text, time) = try picture([[]] + middle + [Array(1...count - 2)])
            #expect(text.contains("\(count) tasks"))
            return time
        }
    }
}
