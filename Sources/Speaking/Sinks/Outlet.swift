import Glibc
public import Host
import Locking

/// The two outputs of the program, the only door through which it speaks.
///
/// Results and progress go to standard output, warnings and errors to standard error.
public final class Outlet: Sendable {
    /// One of the two outputs.
    public enum Stream: Int32, Sendable, Hashable {
        /// Standard output.
        case results = 1
        /// Standard error.
        case diagnostics = 2
    }

    /// What carries the bytes away.
    public typealias Carrier = @Sendable ([UInt8], Stream) throws(SystemError) -> Void

    private let carrier: Carrier

    /// What takes entries of the journal, where it reads what is printed.
    public let journal: JournalSink.Sender?

    private let failures = Locked<[Stream: SystemError]>([:])

    /// Creates an outlet to the process's outputs, or to another carrier.
    ///
    /// - Parameters:
    ///   - carrier: What carries the bytes away.
    ///   - journal: What takes entries of the journal, where it reads what is printed.
    public init(
        _ carrier: @escaping Carrier = { (bytes, stream) throws(SystemError) in
            try writeAll(bytes, to: stream.rawValue)
        },
        journal: JournalSink.Sender? = nil,
    ) {
        self.journal = journal
        self.carrier = carrier
    }

    /// Why not everything could be written, if that was not because nobody reads any more.
    public var failure: SystemError? {
        failures.withLock { failures in
            [.results, .diagnostics].compactMap { failures[$0] }.first { $0.code != EPIPE }
        }
    }

    /// Writes a text in one piece; once an output has failed, nothing more is written to it.
    public func write(_ text: String, to stream: Stream = .results) {
        write(Array(text.utf8), to: stream)
    }

    func write(_ bytes: [UInt8], to stream: Stream) {
        failures.withLock { failures in
            guard !bytes.isEmpty, failures[stream] == nil else { return }
            do throws(SystemError) {
                try carrier(bytes, stream)
            } catch {
                failures[stream] = error
            }
        }
    }
}
