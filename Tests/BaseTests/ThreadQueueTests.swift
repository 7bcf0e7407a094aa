import Base
import Glibc
import Testing

@Suite(.timeLimit(.minutes(15)))
struct ThreadQueueTests {
    private final class Log: Sendable {
        let elements = Locked<[Int]>([])
        let mayGoOn = Locked(false)
    }

    private let log = Log()

    @Test func `elements are handled in order, by one thread at a time`() async {
        let queue = ThreadQueue<Int> { [log] number in log.elements.withLock { $0.append(number) } }
        for number in 0..<10_000 {
            queue.append(number)
            // The thread ends when there is nothing to do, and is started again.
            if number.isMultiple(of: 1000) { usleep(2000) }
        }
        #expect(queue.drain(idleLimit: .seconds(600)))
        #expect(log.elements.withLock { $0 } == Array(0..<10_000))
        #expect(queue.count == 0)
    }

    @Test func `a handler that blocks holds up neither those who add nor those who wait for a time`() {
        let queue = ThreadQueue<Int> { [log] number in
            while !log.mayGoOn.withLock({ $0 }) { usleep(1000) }
            log.elements.withLock { $0.append(number) }
        }
        for number in 0..<1000 { queue.append(number) }
        #expect(!queue.drain(idleLimit: .milliseconds(50)))
        #expect(!queue.drain(idleLimit: .seconds(100_000), until: .now + .milliseconds(50)))
        #expect(queue.count == 1000)
        log.mayGoOn.withLock { $0 = true }
        #expect(queue.drain(idleLimit: .seconds(600)))
        #expect(log.elements.withLock { $0.count } == 1000)
    }

    @Test func `a slow handler is waited for as long as it makes progress`() {
        let ends = Locked([ContinuousClock.now])
        let queue = ThreadQueue<Int> { _ in
            usleep(40_000)
            ends.withLock { $0.append(.now) }
        }
        for number in 0..<10 { queue.append(number) }
        let limit = Duration.milliseconds(300)
        let isDrained = queue.drain(idleLimit: limit)
        // On a busy machine one of them may take longer than the limit.
        let ended = ends.withLock { $0 } + [.now]
        #expect(isDrained || zip(ended, ended.dropFirst()).contains { $0.duration(to: $1) >= limit })
    }
}
