internal import CCurl
internal import Glibc

/// The work of the one thread that owns all transfers.
struct TransferLoop: ~Copyable {
    private let mailbox: Mailbox
    private let inFlightLimit: Int
    private let multi = MultiHandle()
    private var queue: ArraySlice<Mailbox.Order> = []
    private var transfers: [UInt: Transfer] = [:]

    init(mailbox: Mailbox, inFlightLimit: Int) {
        self.mailbox = mailbox
        self.inFlightLimit = inFlightLimit
    }

    /// Serves the mailbox until it stops.
    mutating func run() {
        mailbox.open(multi.alarm)
        while true {
            let news = mailbox.collect()
            guard !news.isStopping else { break }
            queue += news.orders
            drop(Set(news.abandoned))
            endOverdue()
            startQueued()
            multi.perform()
            deliverEnded()
            // Whoever ended has made room for the next of the queue.
            let canStartMore = !queue.isEmpty && transfers.count < inFlightLimit
            multi.wait(upTo: canStartMore ? 0 : millisecondsToNextDeadline())
        }
        stop()
    }

    private mutating func startQueued() {
        while transfers.count < inFlightLimit, let order = queue.popFirst() {
            do throws(TransportError) {
                let transfer = try Transfer(order)
                guard multi.add(transfer.easy) else { throw TransportError(.other, "libcurl refuses the request") }
                transfers[transfer.easy.identity] = transfer
            } catch {
                mailbox.deliver(.failure(error.located(at: order.request.url)), to: order.number)
            }
        }
    }

    private mutating func deliverEnded() {
        while let (identity, code) = multi.nextEnded() {
            guard let transfer = transfers[identity] else { continue }
            let reply = transfer.reply(code)
            end(transfer, reply)
        }
    }

    /// Ends what has passed its deadline.
    ///
    /// libcurl's own deadline does not begin to run while a request waits for the connection of another.
    private mutating func endOverdue() {
        let now = ContinuousClock.now
        for transfer in Array(transfers.values) where transfer.order.request.deadline <= now {
            end(transfer, .failure(transfer.overdueError()))
        }
        for order in queue where order.request.deadline <= now {
            mailbox.deliver(.failure(.timedOutInQueue(order.request)), to: order.number)
        }
        if queue.contains(where: { $0.request.deadline <= now }) {
            queue.removeAll { $0.request.deadline <= now }
        }
    }

    private mutating func drop(_ numbers: Set<UInt64>) {
        guard !numbers.isEmpty else { return }
        queue.removeAll { numbers.contains($0.number) }
        for transfer in Array(transfers.values) where numbers.contains(transfer.order.number) { remove(transfer) }
    }

    private mutating func stop() {
        for transfer in Array(transfers.values) { end(transfer, .failure(.shutDown(transfer.order.request))) }
        let news = mailbox.collect()
        for order in queue + news.orders { mailbox.deliver(.failure(.shutDown(order.request)), to: order.number) }
        mailbox.close()
    }

    private mutating func end(_ transfer: Transfer, _ reply: Mailbox.Reply) {
        remove(transfer)
        mailbox.deliver(reply, to: transfer.order.number)
    }

    private mutating func remove(_ transfer: Transfer) {
        multi.remove(transfer.easy)
        transfers[transfer.easy.identity] = nil
    }

    private func millisecondsToNextDeadline() -> Int32 {
        let deadlines = transfers.values.map(\.order.request.deadline) + queue.map(\.request.deadline)
        guard let next = deadlines.min() else { return 60_000 }
        return Int32((next - .now).milliseconds(atMost: 60_000))
    }
}

/// Starts the thread that serves a mailbox until it stops.
///
/// - Throws: ``TransportError`` if the system gives no thread.
func startTransferThread(mailbox: Mailbox, inFlightLimit: Int) throws(TransportError) {
    let work = ThreadWork(mailbox: mailbox, inFlightLimit: inFlightLimit)
    let context = unsafe Unmanaged.passRetained(work)
    // The new thread inherits the mask: no signal of the program's is handled on it, and none can kill it in a `write`.
    var (all, before) = (sigset_t(), sigset_t())
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    var thread = pthread_t()
    let code = unsafe pthread_create(&thread, nil, { unsafe ThreadWork.run($0) }, context.toOpaque())
    guard code == 0 else {
        unsafe context.release()
        throw TransportError(.other, "cannot start a thread: \(systemMessage(code))")
    }
    pthread_detach(thread)
}

/// What the thread is given.
private final class ThreadWork: Sendable {
    private let mailbox: Mailbox
    private let inFlightLimit: Int

    init(mailbox: Mailbox, inFlightLimit: Int) {
        self.mailbox = mailbox
        self.inFlightLimit = inFlightLimit
    }

    static func run(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let context = unsafe context else { return nil }
        let work = unsafe Unmanaged<ThreadWork>.fromOpaque(context).takeRetainedValue()
        work.serve()
        // All handles are freed by now.
        work.mailbox.end()
        return nil
    }

    private func serve() {
        var loop = TransferLoop(mailbox: mailbox, inFlightLimit: inFlightLimit)
        loop.run()
    }
}
