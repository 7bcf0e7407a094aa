import Base
import Testing
@testable import Kubernetes

/// Questions about the cause of a failure that several tasks have at once.
@Suite(.timeLimit(.minutes(30))) struct RecentProbeTests {
    @Test func `tasks that fail together ask once`() async {
        let probe = RecentProbe<Int>()
        let count = Locked(0)
        let answers = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    await probe.answer {
                        count.withLock { $0 += 1 }; return 7
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers == Array(repeating: 7, count: 10))
        #expect(count.withLock { $0 } == 1)
    }
}
