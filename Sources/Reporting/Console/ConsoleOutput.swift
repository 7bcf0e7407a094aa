public import Base
import Glibc
public import Host

/// The standard output and standard error of the program.
///
/// Separate threads write, so a stalled reader delays only ``flush(idleLimit:until:)``.
public final class ConsoleOutput: Sendable {
    public enum Stream: Int32, Sendable, Hashable, CaseIterable {
        case results = 1
        case diagnostics = 2

        public var name: String { self == .results ? "standard output" : "standard error" }
    }

    /// A function that writes bytes and can block.
    public typealias Writer = @Sendable ([UInt8], Stream) throws(SystemError) -> Void

    private struct Chunk: Sendable {
        let bytes: [UInt8]
        let stream: Stream
    }

    private let queues: [Stream: ThreadQueue<Chunk>]

    /// The queue for the journal, `nil` if the output is not connected to the journal.
    public let journal: JournalQueue?

    /// The view of problems on standard error, `nil` if standard error is not a terminal.
    let problemView: ProblemView?

    private let state: OutputState

    /// The maximum number of bytes in one write.
    private static let chunkSize = 16 << 10

    /// The number of unwritten bytes above which output lines of child processes are dropped.
    static let backlogLimit = 4 << 20

    /// Creates an output to a writer, by default to the standard streams of the process.
    public init(
        _ writer: @escaping Writer = { (bytes, stream) throws(SystemError) in
            try writeAll(bytes, to: stream.rawValue, "cannot write to \(stream.name)", "")
        },
        journal: JournalQueue? = nil,
        problemView: ProblemView? = nil,
    ) {
        self.journal = journal
        self.problemView = problemView
        let state = OutputState()
        self.state = state
        @Sendable func makeQueue() -> ThreadQueue<Chunk> {
            ThreadQueue { chunk in state.write(chunk.bytes, chunk.stream, writer) }
        }
        let first = makeQueue()
        // One queue keeps the order if both streams refer to the same file.
        let second = StandardStreams.areSame(1, 2) ? first : makeQueue()
        queues = [.results: first, .diagnostics: second]
    }

    /// The error that stopped writing to a stream, `nil` if there is none; a pipe closed by its reader does not count.
    public var failure: SystemError? {
        [.results, .diagnostics].compactMap(state.failure).first { $0.code != EPIPE }
    }

    /// Returns whether writing to a stream has stopped, because of an error or because the reader has closed the pipe.
    public func isClosed(_ stream: Stream) -> Bool { state.failure(of: stream) != nil }

    /// Writes text, unless an earlier write to the stream has failed.
    public func write(_ text: String, to stream: Stream = .results) {
        write(Array(text.utf8), to: stream)
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

    /// Returns the number of bytes that have been neither written nor discarded.
    func backlog(of stream: Stream) -> Int { state.backlog(of: stream) }

    /// Whether standard output has so many unwritten bytes that output lines of child processes are dropped.
    public var isBacklogged: Bool { backlog(of: .results) > Self.backlogLimit }

    /// Waits until everything is written.
    ///
    /// If a stream is not read in time, ``failure`` is set; entries that the journal has not accepted do not set it.
    ///
    /// - Parameters:
    ///   - idleLimit: The time without progress after which a stream is given up.
    ///   - deadline: The instant at which waiting ends in any case.
    /// - Returns: Whether everything was written, or discarded after an error, in time.
    @discardableResult
    public func flush(idleLimit: Duration, until deadline: ContinuousClock.Instant? = nil) -> Bool {
        // The journal comes first, because refused entries are printed to the streams.
        var isDone = journal?.flush(idleLimit: idleLimit, until: deadline, self) ?? true
        for stream in Stream.allCases where queues[stream]?.drain(idleLimit: idleLimit, until: deadline) == false {
            isDone = false
            guard state.backlog(of: stream) > 0 else { continue }
            let detail = "it was not read for \(idleLimit.humanReadable); the rest of the output is lost"
            state.fail(stream, SystemError("cannot write to \(stream.name)", "", code: ETIMEDOUT, detail: detail))
        }
        return isDone
    }
}

/// The state that callers share with the writing threads.
private final class OutputState: Sendable {
    private struct StreamState {
        var failure: SystemError?
        var backlog = 0
    }

    typealias Stream = ConsoleOutput.Stream

    private let streams = Locked<[Stream: StreamState]>([:])

    private func with<Result: Sendable>(_ stream: Stream, _ body: (inout StreamState) -> Result) -> Result {
        streams.withLock { body(&$0[stream, default: StreamState()]) }
    }

    func failure(of stream: Stream) -> SystemError? { with(stream) { $0.failure } }

    func backlog(of stream: Stream) -> Int { with(stream) { $0.backlog } }

    func add(_ count: Int, to stream: Stream) { with(stream) { $0.backlog += count } }

    func write(_ bytes: [UInt8], _ stream: Stream, _ writer: ConsoleOutput.Writer) {
        if failure(of: stream) == nil {
            do throws(SystemError) {
                try writer(bytes, stream)
            } catch {
                fail(stream, error)
            }
        }
        add(-bytes.count, to: stream)
    }

    /// Stops writing to a stream.
    func fail(_ stream: Stream, _ error: SystemError) {
        with(stream) { $0.failure = $0.failure ?? error }
    }
}
