/// Hands elements one after another to a function on a thread of its own; adding one never waits.
///
/// The function may block for any time: elements queue up in the meantime. The thread exists while there are elements and
/// 100 ms longer: a new thread for each of many elements costs more than most of them do.
public final class ThreadQueue<Element: Sendable>: Sendable {
    private struct State {
        /// The elements that the thread has not taken.
        var waiting: [Element] = []
        /// The elements that have not been handled, the one that is being handled included.
        var count = 0
        /// Whether a thread handles the elements: at most one does.
        var hasWorker = false
        /// Whether that thread waits for an element.
        var isWorkerIdle = false
        var waiter: ThreadSemaphore?
    }

    private let state = Locked(State())
    /// Raised when an element comes while the thread waits.
    private let arrival = ThreadSemaphore()
    private let handle: @Sendable (Element) -> Void
    private let startThread: @Sendable (@escaping @Sendable () -> Void) throws(SystemError) -> Void

    /// Creates a queue.
    ///
    /// - Parameter handle: Handles one element.
    public convenience init(_ handle: @escaping @Sendable (Element) -> Void) {
        self.init(handle) { (body) throws(SystemError) in try Base.startThread(body) }
    }

    /// Creates a queue with another way to start threads, for systems that allow none.
    init(
        _ handle: @escaping @Sendable (Element) -> Void,
        startThread: @escaping @Sendable (@escaping @Sendable () -> Void) throws(SystemError) -> Void,
    ) {
        self.handle = handle
        self.startThread = startThread
    }

    /// How long the thread waits for another element before it ends.
    private static var lingering: Duration { .milliseconds(100) }

    /// The number of elements that have not been handled.
    public var count: Int { state.withLock { $0.count } }

    /// Adds an element.
    public func append(_ element: Element) {
        let isAwaited = state.withLock { state in
            state.waiting.append(element)
            state.count += 1
            defer { state.isWorkerIdle = false }
            return state.isWorkerIdle
        }
        if isAwaited { arrival.signal() }
        guard claimWork() else { return }
        do throws(SystemError) {
            try startThread { self.work() }
        } catch {
            // Without a thread the element stays until the next one comes, or until the queue is drained.
            state.withLock { $0.hasWorker = false }
        }
    }

    /// Waits until all elements have been handled.
    ///
    /// - Parameters:
    ///   - idleLimit: How long the handling of one element may take.
    ///   - deadline: When to stop waiting in any case.
    /// - Returns: Whether all have been handled.
    public func drain(idleLimit: Duration, until deadline: ContinuousClock.Instant? = nil) -> Bool {
        let semaphore = ThreadSemaphore()
        state.withLock { $0.waiter = semaphore }
        defer { state.withLock { $0.waiter = nil } }
        if claimWork() {
            // Without a thread the work is done here: late, but done.
            do { try startThread { self.work() } } catch { work(lingering: .zero) }
        }
        while count > 0 {
            let idle = ContinuousClock.now + idleLimit
            guard semaphore.wait(until: deadline.map { min($0, idle) } ?? idle) else { return count == 0 }
        }
        return true
    }

    /// Returns whether the caller has to see to the elements that wait, because nobody does.
    private func claimWork() -> Bool {
        state.withLock { state in
            if state.hasWorker || state.waiting.isEmpty { return false }
            state.hasWorker = true
            return true
        }
    }

    private func work(lingering: Duration = lingering) {
        while let elements = takeAll(within: lingering) {
            for element in elements {
                handle(element)
                let waiter = state.withLock { state in
                    state.count -= 1
                    return state.waiter
                }
                waiter?.signal()
            }
        }
    }

    /// Takes what waits, or what comes within a time, or ends the worker.
    private func takeAll(within limit: Duration) -> [Element]? {
        let end = ContinuousClock.now + limit
        while true {
            let waiting = state.withLock { state in
                state.isWorkerIdle = state.waiting.isEmpty
                defer { state.waiting = [] }
                return state.waiting
            }
            guard waiting.isEmpty else { return waiting }
            // A signal may be left over from an element that was taken without it.
            if arrival.wait(until: end) { continue }
            return state.withLock { state in
                state.isWorkerIdle = false
                defer { state.waiting = [] }
                state.hasWorker = !state.waiting.isEmpty
                return state.waiting.isEmpty ? nil : state.waiting
            }
        }
    }
}
