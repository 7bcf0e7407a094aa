import Base
import Testing
@testable import Kubernetes

/// Questions about the cause of a failure that several tasks have at once.
@Suite(.timeLimit(.minutes(30))) struct RecentProbeTests {
    /// A server that counts how often it is asked.
    private final class Server: Sendable {
        let count = Locked(0)

        func answer() -> Int {
            count.withLock { $0 += 1 }
            return 7
        }
    }

    @Test func `tasks that fail together ask once`() async {
        let probe = RecentProbe<Int>()
        let server = Server()
        var answers: [Int] = []
        await withTaskGroup(of: Int.self) { group in
            for _ in 0..<10 { group.addTask { await probe.answer { server.answer() } } }
            for await answer in group { answers.append(answer) }
        }
        #expect(answers == Array(repeating: 7, count: 10))
        #expect(server.count.withLock { $0 } == 1)
    }
}
