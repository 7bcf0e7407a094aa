import Base
internal import CCurl
internal import Glibc

/// The loop of the thread that owns all transfers.
struct TransferLoop: ~Copyable {
    private let queue: RequestQueue
    private let inFlightLimit: Int
    private let multi = MultiHandle()
    private var requests = PendingRequests()
    /// Connection checks, which have a separate limit because they mostly wait for hosts that do not answer.
    private var checks = PendingRequests()
    private var transfers: [UInt: Transfer] = [:]
    private var checkCount = 0
    /// The time at which a request last got no response, by address; its connection may be dead.
    private var silences: [String: ContinuousClock.Instant] = [:]
    /// A lower bound for all deadlines, which may come from a request that has already ended.
    private var nextDeadline: ContinuousClock.Instant?

    private static let checkLimit = 256

    init(queue: RequestQueue, inFlightLimit: Int) {
        self.queue = queue
        self.inFlightLimit = inFlightLimit
    }

    /// Serves the queue until it is stopped.
    mutating func run() {
        queue.open(multi.wakeup)
        while true {
            let changes = queue.drain()
            // Requests are queued even during a stop, because every request waits for a reply.
            enqueue(changes.requests)
            guard !changes.isStopping else { break }
            drop(Set(changes.abandoned))
            endOverdue()
            startQueued()
            multi.perform()
            deliverEnded()
            // A transfer that has ended frees its slot for the next request.
            multi.wait(upTo: canStart ? 0 : millisecondsToNextDeadline())
        }
        stop()
    }

    private var canStartRequest: Bool { !requests.isEmpty && transfers.count - checkCount < inFlightLimit }
    private var canStartCheck: Bool { !checks.isEmpty && checkCount < Self.checkLimit }
    private var canStart: Bool { canStartRequest || canStartCheck }

    private mutating func enqueue(_ new: [RequestQueue.QueuedRequest]) {
        for queued in new {
            nextDeadline = min(nextDeadline ?? queued.request.deadline, queued.request.deadline)
            if queued.request.isConnectionCheck { checks.append(queued) } else { requests.append(queued) }
        }
    }

    private mutating func startQueued() {
        while canStartRequest, let next = requests.popFirst() { start(next) }
        while canStartCheck, let next = checks.popFirst() { start(next) }
    }

    private mutating func start(_ queued: RequestQueue.QueuedRequest) {
        do throws(TransportError) {
            let silence = silences[queued.request.url.address]
            let age = silence.map { max(1, Int($0.duration(to: .now).components.seconds)) }
            let transfer = try Transfer(queued, maximumConnectionAge: age)
            guard multi.add(transfer.easy) else { throw TransportError(.other, "libcurl refuses the request") }
            transfers[transfer.easy.identity] = transfer
            if queued.request.isConnectionCheck { checkCount += 1 }
        } catch {
            queue.deliver(.failure(error.located(at: queued.request.url)), to: queued.number)
        }
    }

    private mutating func deliverEnded() {
        while let (identity, code) = multi.nextEnded() {
            guard let transfer = transfers[identity] else { continue }
            end(transfer, transfer.reply(code))
        }
    }

    /// Ends the requests whose deadline has passed.
    ///
    /// libcurl's own timeout does not run while a request waits for the connection of another request. The
    /// requests are searched only when the earliest deadline has passed, not at each wake-up.
    private mutating func endOverdue() {
        let now = ContinuousClock.now
        guard let earliest = nextDeadline, earliest <= now else { return }
        for transfer in Array(transfers.values) where transfer.queued.request.deadline <= now {
            // The transfer may have ended already, together with an overdue transfer on the same connection.
            guard transfers[transfer.easy.identity] != nil else { continue }
            end(transfer, .failure(transfer.overdueError()))
            if transfer.isSent { silences[transfer.queued.request.url.address] = now }
        }
        let overdue =
            requests.removeAll { $0.request.deadline <= now } + checks.removeAll { $0.request.deadline <= now }
        for queued in overdue { queue.deliver(.failure(.timedOutInQueue(queued.request)), to: queued.number) }
        let deadlines =
            [requests.earliestDeadline, checks.earliestDeadline] + transfers.values.map(\.queued.request.deadline)
        nextDeadline = deadlines.compactMap { $0 }.min()
    }

    private mutating func drop(_ numbers: Set<UInt64>) {
        guard !numbers.isEmpty else { return }
        _ = requests.removeAll { numbers.contains($0.number) } + checks.removeAll { numbers.contains($0.number) }
        for transfer in Array(transfers.values) where numbers.contains(transfer.queued.number) { remove(transfer) }
    }

    private mutating func stop() {
        for transfer in Array(transfers.values) { end(transfer, .failure(.shutDown(transfer.queued.request))) }
        let unstarted = requests.removeAll { _ in true } + checks.removeAll { _ in true }
        for queued in unstarted {
            queue.deliver(.failure(.shutDown(queued.request)), to: queued.number)
        }
        queue.close()
    }

    private mutating func end(_ transfer: Transfer, _ reply: RequestQueue.Reply) {
        remove(transfer)
        queue.deliver(reply, to: transfer.queued.number)
    }

    private mutating func remove(_ transfer: Transfer) {
        multi.remove(transfer.easy)
        transfers[transfer.easy.identity] = nil
        if transfer.queued.request.isConnectionCheck { checkCount -= 1 }
    }

    private func millisecondsToNextDeadline() -> Int32 {
        guard let nextDeadline else { return 60_000 }
        return Int32((nextDeadline - .now).milliseconds(atMost: 60_000))
    }
}

/// Requests that have not been started, in the order of their arrival.
private struct PendingRequests {
    private var queued: ArraySlice<RequestQueue.QueuedRequest> = []

    var isEmpty: Bool { queued.isEmpty }

    var earliestDeadline: ContinuousClock.Instant? { queued.lazy.map(\.request.deadline).min() }

    mutating func append(_ request: RequestQueue.QueuedRequest) { queued.append(request) }

    mutating func popFirst() -> RequestQueue.QueuedRequest? { queued.popFirst() }

    /// Removes the requests that satisfy a condition, and returns them.
    mutating func removeAll(_ condition: (RequestQueue.QueuedRequest) -> Bool) -> [RequestQueue.QueuedRequest] {
        let removed = queued.filter(condition)
        if !removed.isEmpty { queued.removeAll(where: condition) }
        return Array(removed)
    }
}

/// Starts the thread that serves a queue until it is stopped.
///
/// - Throws: ``TransportError`` if no thread can be started.
func startTransferThread(queue: RequestQueue, inFlightLimit: Int) throws(TransportError) {
    do throws(SystemError) {
        try startThread {
            do {
                var loop = TransferLoop(queue: queue, inFlightLimit: inFlightLimit)
                loop.run()
            }
            // All requests have been answered by now, and libcurl's handles are freed.
            queue.end()
        }
    } catch {
        throw TransportError(.other, "\(error)")
    }
}
