import Base
internal import CCurl
internal import Glibc

/// The loop of the thread that owns all transfers.
struct TransferLoop: ~Copyable {
    private let queue: RequestQueue
    private let multi = MultiHandle()
    private var transfers: [UInt: Transfer] = [:]
    /// The instant at which a sent request last exceeded its deadline, by address; older connections may be dead.
    private var silences: [String: ContinuousClock.Instant] = [:]
    /// A lower bound for all deadlines; it may be the deadline of a request that has already ended.
    private var nextDeadline: ContinuousClock.Instant?

    init(queue: RequestQueue) {
        self.queue = queue
    }

    /// Serves the queue until it is stopped.
    mutating func run() {
        queue.open(multi.wakeup)
        while true {
            let changes = queue.drain()
            for request in changes.requests { start(request) }
            guard !changes.isStopping else { break }
            drop(Set(changes.abandoned))
            endOverdue()
            multi.perform()
            deliverEnded()
            multi.wait(upTo: millisecondsToNextDeadline())
        }
        stop()
    }

    private mutating func start(_ request: PreparedRequest) {
        do throws(TransportError) {
            guard .now < request.deadline else { throw .noTimeLeft(request) }
            nextDeadline = min(nextDeadline ?? request.deadline, request.deadline)
            let silence = silences[request.url.address]
            let age = silence.map { max(1, Int($0.duration(to: .now).components.seconds)) }
            let transfer = try Transfer(request, maximumConnectionAge: age)
            guard multi.add(transfer.easy) else { throw TransportError(.other, "libcurl refuses the request") }
            transfers[transfer.easy.identity] = transfer
        } catch {
            queue.deliver(.failure(error), to: request.number)
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
    /// libcurl's own timeout covers only connecting, and does not run while a request waits for another's connection.
    /// The requests are searched only when the earliest deadline has passed, not at each wake-up.
    private mutating func endOverdue() {
        let now = ContinuousClock.now
        guard let earliest = nextDeadline, earliest <= now else { return }
        for transfer in Array(transfers.values) where transfer.request.deadline <= now {
            end(transfer, .failure(transfer.overdueError()))
            if transfer.isSent { silences[transfer.request.url.address] = now }
        }
        nextDeadline = transfers.values.map(\.request.deadline).min()
    }

    private mutating func drop(_ numbers: Set<UInt64>) {
        guard !numbers.isEmpty else { return }
        for transfer in Array(transfers.values) where numbers.contains(transfer.request.number) { remove(transfer) }
    }

    private mutating func stop() {
        for transfer in Array(transfers.values) { end(transfer, .failure(.cancelled(transfer.request))) }
        queue.close()
    }

    private mutating func end(_ transfer: Transfer, _ reply: RequestQueue.Reply) {
        remove(transfer)
        queue.deliver(reply, to: transfer.request.number)
    }

    private mutating func remove(_ transfer: Transfer) {
        multi.remove(transfer.easy)
        transfers[transfer.easy.identity] = nil
    }

    private func millisecondsToNextDeadline() -> Int32 {
        guard let nextDeadline else { return 60_000 }
        return Int32((nextDeadline - .now).milliseconds(atMost: 60_000))
    }
}

/// Starts the thread that serves a queue until it is stopped.
func startTransferThread(queue: RequestQueue) throws(TransportError) {
    do throws(SystemError) {
        try startThread {
            do {
                var loop = TransferLoop(queue: queue)
                loop.run()
            }
            // All requests have been completed by now, and libcurl's handles are freed.
            queue.end()
        }
    } catch {
        throw TransportError(.other, "\(error)")
    }
}
