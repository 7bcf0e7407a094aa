/// A queue whose elements a separate thread passes to a function, one at a time.
///
/// The function may block indefinitely: adding an element never waits. The thread ends 100 ms after the last
/// element, because a new thread for each element would cost more than handling most of them.
public final class ThreadQueue<Element: Sendable>: Sendable {
    private struct State {
        /// The elements that the thread has not taken.
        var waiting: [Element] = []
        /// The number of elements that have not been handled, including the one in progress.
        var count = 0
        /// Whether a worker thread exists; at most one does.
        var hasWorker = false
        /// Whether the worker thread is waiting for an element.
        var isWorkerIdle = false
        var waiter: ThreadSemaphore?
    }

    private let state = Locked(State())
    /// Signalled when an element arrives while the thread is waiting.
    private let arrival = ThreadSemaphore()
    private let handle: @Sendable (Element) -> Void
    private let startThread: @Sendable (@escaping @Sendable () -> Void) throws(SystemError) -> Void

    /// Creates a queue.
    ///
    /// - Parameter handle: Handles one element.
    public convenience init(_ handle: @escaping @Sendable (Element) -> Void) {
        self.init(handle) { (body) throws(SystemError) in try Base.startThread(body) }
    }

    /// Creates a queue with a custom way to start threads, for tests in which no thread can be started.
    init(
        _ handle: @escaping @Sendable (Element) -> Void,
        startThread: @escaping @Sendable (@escaping @Sendable () -> Void) throws(SystemError) -> Void,
    ) {
        self.handle = handle
        self.startThread = startThread
    }

    /// The time that the thread waits for another element before it ends.
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
            // Without a thread the element stays queued until another element is added, or until the queue is drained.
            state.withLock { $0.hasWorker = false }
        }
    }

    /// Waits until all elements have been handled.
    ///
    /// - Parameters:
    ///   - idleLimit: The maximum time to wait for one element.
    ///   - deadline: The instant at which to stop waiting in any case.
    /// - Returns: Whether all elements have been handled.
    public func drain(idleLimit: Duration, until deadline: ContinuousClock.Instant? = nil) -> Bool {
        let semaphore = ThreadSemaphore()
        state.withLock { $0.waiter = semaphore }
        defer { state.withLock { $0.waiter = nil } }
        if claimWork() {
            // If no thread can be started, this thread handles the elements.
            do { try startThread { self.work() } } catch { work(lingering: .zero) }
        }
        while count > 0 {
            let idle = ContinuousClock.now + idleLimit
            guard semaphore.wait(until: deadline.map { min($0, idle) } ?? idle) else { return count == 0 }
        }
        return true
    }

    /// Returns whether the caller must handle the waiting elements, because no worker does.
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

    /// Takes all elements, waiting up to a limit for the first; returns `nil` to end the worker.
    private func takeAll(within limit: Duration) -> [Element]? {
        let end = ContinuousClock.now + limit
        while true {
            let waiting = state.withLock { state in
                state.isWorkerIdle = state.waiting.isEmpty
                defer { state.waiting = [] }
                return state.waiting
            }
            guard waiting.isEmpty else { return waiting }
            // A signal may be left over from an element that was taken without waiting.
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
