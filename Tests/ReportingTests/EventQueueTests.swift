import Base
import Glibc
import Host
import Planning
import TestSupport
import Testing

@testable import Reporting

/// Events on their way to outputs that are slow, stalled or gone.
@Suite(.timeLimit(.minutes(15)))
struct EventQueueTests {
    /// A reader of an output that takes nothing until it is opened.
    private final class Reader: Sendable {
        private let isOpen = Locked(false)
        private let lines = Locked<[String]>([])

        var text: String { lines.withLock { $0.joined() } }

        func open() { isOpen.withLock { $0 = true } }

        func write(_ bytes: [UInt8]) {
            while !isOpen.withLock({ $0 }) { usleep(1000) }
            lines.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) }
        }
    }

    private let reader = Reader()

    private func makeOutput() -> ConsoleOutput {
        ConsoleOutput { [reader] bytes, _ in reader.write(bytes) }
    }

    private static let line = String(repeating: "x", count: 4096)

    @Test func `events of many threads are numbered in the order in which they are reported`() async throws {
        reader.open()
        let output = makeOutput()
        let events = EventQueue([JSONSink(output, run: "r")])
        await withTaskGroup { group in
            for task in 0..<8 {
                group.addTask {
                    for number in 0..<100 { events.send(Event(task: "t\(task)", .output("line \(number)"))) }
                }
            }
        }
        #expect(events.finish(idleLimit: .seconds(600)))
        output.flush(idleLimit: .seconds(600))
        let numbers = reader.text.split(separator: "\n").compactMap { line in
            line.firstMatch(of: /"sequence":(\d+)/).flatMap { Int($0.1) }
        }
        #expect(numbers == Array(1...800))
    }

    @Test func `a reader that stalls delays neither senders nor the end`() {
        let output = makeOutput()
        let events = EventQueue([LineSink(output: output)])
        let count = 2 * ConsoleOutput.backlogLimit / Self.line.utf8.count
        for _ in 0..<count { events.send(Event(task: "noisy", .output(Self.line))) }
        events.send(Event(task: "other", .taskFinished(.unchanged, after: .zero)))
        events.send(Event(task: "noisy", .taskFinished(.changed, after: .zero)))
        // The formatter passes everything on, though nothing is read, and no sender has waited for the reader.
        #expect(events.finish(idleLimit: .seconds(600)))
        #expect(output.failure == nil)
        #expect(reader.text == "")
        #expect(!output.flush(idleLimit: .milliseconds(20)))
        #expect(
            output.failure?.description
                == "cannot write to standard output: it was not read for 20 ms; the rest of the output is lost"
        )
    }

    @Test func `lines that were left out are counted, and outcomes are kept`() throws {
        let output = makeOutput()
        let events = EventQueue([LineSink(output: output)])
        let count = 2 * ConsoleOutput.backlogLimit / Self.line.utf8.count
        for _ in 0..<count { events.send(Event(task: "noisy", .output(Self.line))) }
        while !output.isBacklogged { usleep(1000) }
        for _ in 0..<10 { events.send(Event(task: "noisy", .output(Self.line))) }
        events.send(Event(task: "other", .taskFinished(.unchanged, after: .zero)))
        events.send(Event(task: "noisy", .taskFinished(.changed, after: .zero)))
        #expect(events.finish(idleLimit: .seconds(600)))
        reader.open()
        #expect(output.flush(idleLimit: .seconds(600)))
        let lines = reader.text.split(separator: "\n")
        #expect(output.failure == nil)
        #expect(lines.contains("other: unchanged in 0 ms"))
        // The warning goes to standard error, whose order to the results is not defined.
        #expect(lines.last { !$0.contains(": warning: ") } == "noisy: changed in 0 ms")
        let warning = try #require(lines.first { $0.hasPrefix("noisy: warning: output: ") })
        #expect(warning.hasSuffix(" lines were dropped, because they are not read fast enough"))
        let shown = lines.count { $0.hasPrefix("noisy: | ") }
        #expect(warning.contains(" \(count + 10 - shown) lines "))
    }

    @Test func `lines are dropped when the consumer is held up, and counted`() throws {
        struct Slow: EventSink {
            let reader: Reader
            let seen: ThreadQueue<[String]>
            mutating func receive(_ event: ReportedEvent) {
                reader.write([])
                seen.append(event.lines.map(\.text))
            }
        }
        final class Texts: Sendable {
            let all = Locked<[String]>([])
        }
        let texts = Texts()
        let seen = ThreadQueue<[String]> { lines in texts.all.withLock { $0 += lines } }
        let events = EventQueue([Slow(reader: reader, seen: seen)], limit: 10)
        for _ in 0..<30 { events.send(Event(task: "a", .output("line"))) }
        events.send(Event(task: "a", .taskFinished(.changed, after: .zero)))
        reader.open()
        #expect(events.finish(idleLimit: .seconds(600)))
        #expect(seen.drain(idleLimit: .seconds(600)))
        let warning = "warning: output: 20 lines were dropped, because they are not read fast enough"
        #expect(
            texts.all.withLock { $0 } == Array(repeating: "| line", count: 10) + [warning, "changed in 0 ms"]
        )
    }
}
