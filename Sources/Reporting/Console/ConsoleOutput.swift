public import Base
import Glibc
public import Host

/// The standard output and standard error of the program.
///
/// Results and progress go to standard output, warnings and errors to standard error. Threads of its own write, so a
/// reader that stalls delays only ``flush(idleLimit:until:)``.
public final class ConsoleOutput: Sendable {
    /// One of the two outputs.
    public enum Stream: Int32, Sendable, Hashable, CaseIterable {
        /// Standard output.
        case results = 1
        /// Standard error.
        case diagnostics = 2

        /// The name in messages.
        var name: String { self == .results ? "standard output" : "standard error" }
    }

    /// Writes bytes; it may block.
    public typealias Writer = @Sendable ([UInt8], Stream) throws(SystemError) -> Void

    private struct Chunk: Sendable {
        let bytes: [UInt8]
        let stream: Stream
    }

    private let queues: [Stream: ThreadQueue<Chunk>]

    /// The queue of the journal, if the journal reads what is printed.
    public let journal: JournalQueue?

    /// Whether texts for people are written in UTF-8 rather than in ASCII.
    public let isUTF8: Bool

    private let state: OutputState

    /// The bytes that are written at once.
    private static let chunkSize = 16 << 10

    /// The bytes that wait for a reader when lines of child processes' output are dropped.
    static let backlogLimit = 4 << 20

    /// Creates an output to the process's own streams, or to another writer.
    ///
    /// - Parameters:
    ///   - writer: Writes bytes.
    ///   - journal: What takes entries of the journal, if it reads what is printed.
    ///   - isUTF8: Whether texts for people are written in UTF-8 rather than in ASCII.
    public init(
        _ writer: @escaping Writer = { (bytes, stream) throws(SystemError) in
            try writeAll(bytes, to: stream.rawValue)
        },
        journal: JournalQueue? = nil,
        isUTF8: Bool = true,
    ) {
        self.journal = journal
        self.isUTF8 = isUTF8
        let state = OutputState()
        self.state = state
        @Sendable func makeQueue() -> ThreadQueue<Chunk> {
            ThreadQueue { chunk in state.write(chunk.bytes, chunk.stream, writer) }
        }
        let first = makeQueue()
        // Output to the same place stays in order.
        let second = StandardStreams.areSame(1, 2) ? first : makeQueue()
        queues = [.results: first, .diagnostics: second]
    }

    /// Why not everything could be written, unless the reader is gone.
    public var failure: SystemError? { state.failure }

    /// Whether nothing more is written to an output, because its reader is gone or it has failed.
    public func isClosed(_ stream: Stream) -> Bool { state.hasFailed(stream) }

    /// Writes a text for people; after an output has failed, nothing more is written to it.
    public func write(_ text: String, to stream: Stream = .results) {
        write(Array((isUTF8 ? text : asciiText(text)).utf8), to: stream)
    }

    /// Writes a text for programs, such as JSON, on standard output; it is always in UTF-8.
    public func writeData(_ text: String) {
        write(Array(text.utf8), to: .results)
    }

    func write(_ bytes: [UInt8], to stream: Stream) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let chunk = Array(rest.prefix(Self.chunkSize))
            rest = rest.dropFirst(chunk.count)
            state.add(chunk.count, to: stream)
            queues[stream]?.append(Chunk(bytes: chunk, stream: stream))
        }
    }

    /// The bytes that wait to be written to an output.
    func backlog(of stream: Stream) -> Int { state.backlog(of: stream) }

    /// Whether so much waits for the reader of standard output that what can be left out is.
    public var isBacklogged: Bool { backlog(of: .results) > Self.backlogLimit }

    /// Waits until everything is written.
    ///
    /// Output that has not been written by then is a ``failure``, which says how long nobody has read; entries that the
    /// journal has not taken are none.
    ///
    /// - Parameters:
    ///   - idleLimit: How long an output may take nothing.
    ///   - deadline: When to stop waiting in any case.
    /// - Returns: Whether everything was written, or has failed before.
    @discardableResult
    public func flush(idleLimit: Duration, until deadline: ContinuousClock.Instant? = nil) -> Bool {
        // Entries that the journal refuses are printed.
        var isDone = journal?.flush(idleLimit: idleLimit, until: deadline, self) ?? true
        for stream in Stream.allCases where queues[stream]?.drain(idleLimit: idleLimit, until: deadline) == false {
            isDone = false
            if state.backlog(of: stream) > 0 { state.giveUp(stream, after: idleLimit) }
        }
        return isDone
    }
}

/// The state that callers share with the writing threads.
private final class OutputState: Sendable {
    private let failures = Locked<[ConsoleOutput.Stream: SystemError]>([:])
    private let backlogs = Locked<[ConsoleOutput.Stream: Int]>([:])

    var failure: SystemError? {
        failures.withLock { failures in
            [.results, .diagnostics].compactMap { failures[$0] }.first { $0.code != EPIPE }
        }
    }

    func hasFailed(_ stream: ConsoleOutput.Stream) -> Bool { failures.withLock { $0[stream] != nil } }

    func add(_ count: Int, to stream: ConsoleOutput.Stream) {
        backlogs.withLock { $0[stream, default: 0] += count }
    }

    func backlog(of stream: ConsoleOutput.Stream) -> Int {
        backlogs.withLock { $0[stream] ?? 0 }
    }

    func write(_ bytes: [UInt8], _ stream: ConsoleOutput.Stream, _ writer: ConsoleOutput.Writer) {
        if failures.withLock({ $0[stream] == nil }) {
            do throws(SystemError) {
                try writer(bytes, stream)
            } catch {
                failures.withLock { $0[stream] = $0[stream] ?? error }
            }
        }
        add(-bytes.count, to: stream)
    }

    /// Stops writing to an output whose reader has stalled.
    func giveUp(_ stream: ConsoleOutput.Stream, after limit: Duration) {
        let error = SystemError(
            "cannot write to \(stream.name)",
            "",
            code: ETIMEDOUT,
            detail: "it was not read for \(limit.humanReadable); the rest of the output is lost"
        )
        failures.withLock { $0[stream] = $0[stream] ?? error }
    }
}
