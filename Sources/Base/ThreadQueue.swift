/// A queue whose elements a separate thread passes to a function, one at a time.
///
/// The function may block indefinitely without delaying callers that add elements. After the last element, the thread
/// waits 100 ms for another one, because starting a thread costs more than handling most elements.
public final class ThreadQueue<Element: Sendable>: Sendable {
    private struct State {
        /// The elements that the thread has not taken.
        var waiting: [Element] = []
        /// The number of elements that have not been handled, including the one in progress.
        var count = 0
        /// Whether a worker exists; there is at most one.
        var hasWorker = false
    }

    private let state = Locked(State())
    /// Signalled when an element arrives while a worker exists.
    private let arrival = ThreadSemaphore()
    /// Signalled when an element has been handled.
    private let progress = ThreadSemaphore()
    private let handle: @Sendable (Element) -> Void

    public init(_ handle: @escaping @Sendable (Element) -> Void) {
        self.handle = handle
    }

    /// The number of elements that have not been handled.
    public var count: Int { state.withLock { $0.count } }

    public func append(_ element: Element) {
        let isWorker = state.withLock { state in
            state.waiting.append(element)
            state.count += 1
            defer { state.hasWorker = true }
            return !state.hasWorker
        }
        guard isWorker else { return arrival.signal() }
        // Without a thread, the element stays queued until another element is added or the queue is drained.
        do { try startThread { self.work() } } catch { state.withLock { $0.hasWorker = false } }
    }

    /// Waits until all elements have been handled, or handles them without a time limit if no thread can be started.
    ///
    /// - Parameters:
    ///   - idleLimit: The time without a handled element after which to stop waiting.
    ///   - deadline: The instant at which to stop waiting in any case.
    /// - Returns: Whether all elements have been handled.
    public func drain(idleLimit: Duration, until deadline: ContinuousClock.Instant? = nil) -> Bool {
        if claimWork() {
            do { try startThread { self.work() } } catch { work(lingering: .zero) }
        }
        while count > 0 {
            let idle = ContinuousClock.now + idleLimit
            guard progress.wait(until: deadline.map { min($0, idle) } ?? idle) else { return count == 0 }
        }
        return true
    }

    /// Makes the caller the worker if elements wait and no worker exists; returns whether the caller is the worker.
    private func claimWork() -> Bool {
        state.withLock { state in
            if state.hasWorker || state.waiting.isEmpty { return false }
            state.hasWorker = true
            return true
        }
    }

    /// Handles elements until none has arrived for the duration `lingering`.
    private func work(lingering: Duration = .milliseconds(100)) {
        while true {
            let elements = state.withLock { state in
                defer { state.waiting = [] }
                return state.waiting
            }
            for element in elements {
                handle(element)
                state.withLock { $0.count -= 1 }
                progress.signal()
            }
            // A signal may be left over from an element that was taken without waiting.
            guard elements.isEmpty, !arrival.wait(until: .now + lingering) else { continue }
            let isIdle = state.withLock { state in
                state.hasWorker = !state.waiting.isEmpty
                return !state.hasWorker
            }
            if isIdle { return }
        }
    }
}
