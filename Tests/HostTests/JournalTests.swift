import Base
import Glibc
import Testing

@testable import Host

@Suite(.timeLimit(.minutes(15))) struct JournalTests {
    /// A pipe's device and inode as systemd writes them.
    private func stream(of descriptor: CInt) throws -> String {
        let identity = try FileStatus(descriptor: descriptor, "cannot look at", "pipe").identity
        return "\(identity.device):\(identity.inode)"
    }

    /// The journal as a program finds it; `/` is used as the socket, which only has to exist.
    private func makeJournal(_ environment: [String: String], _ descriptors: [CInt], socket: String = "/") -> Journal? {
        Journal(environment: environment, descriptors: descriptors, socket: socket)
    }

    @Test func `the journal is used if one of our outputs is its stream`() throws {
        let ours = try Kernel.makePipe()
        let other = try Kernel.makePipe()
        let environment = ["JOURNAL_STREAM": try stream(of: ours.input)]
        #expect(makeJournal(environment, [ours.input]) != nil)
        #expect(makeJournal(environment, [other.input, ours.input]) != nil)
        #expect(makeJournal(environment, [other.input]) == nil)
        #expect(makeJournal(environment, [-1]) == nil)
        #expect(makeJournal(environment, []) == nil)
        #expect(makeJournal([:], [ours.input]) == nil)
        #expect(makeJournal(environment, [ours.input], socket: "/nowhere") == nil)
        for end in [ours.input, ours.output, other.input, other.output] { close(end) }
    }

    @Test(arguments: ["", ":", "1", "1:", ":1", "a:b", "1:2:3", "-1:2", "99999999999999999999:1"])
    func `an invalid stream is not used`(stream: String) {
        #expect(makeJournal(["JOURNAL_STREAM": stream], [0, 1, 2]) == nil)
    }

    /// Where no journal runs, one for this test alone can be given:
    /// `unshare --mount sh -c 'mount -t tmpfs none /run; /lib/systemd/systemd-journald & swift test ...'`.
    @Test(.enabled(if: (try? FileSystem.exists("/run/systemd/journal/socket")) == true))
    func `an entry arrives with all its fields`() async throws {
        let ours = try Kernel.makePipe()
        let environment = ["JOURNAL_STREAM": try stream(of: ours.input)]
        let journal = try #require(makeJournal(environment, [ours.input]))
        let marker = String(UInt64.random(in: .min ... .max), radix: 36)
        let large = String(repeating: "x", count: 300_000)
        try journal.send([
            ("MESSAGE", "two\nlines = ä"), ("NEST_TEST", marker), ("PRIORITY", "6"), ("NEST_MANY", "1"),
            ("NEST_MANY", "2"), ("NEST_EMPTY", ""), ("NEST_LARGE", large),
        ])
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        let reader = Command(
            "journalctl",
            ["--follow", "--lines=1", "--all", "--output=export", "NEST_TEST=\(marker)"],
            environment: Machine.environment(),
        )
        let task = Task {
            try await run(reader, deadline: .now + .seconds(600), lineLimit: 1 << 20) { continuation.yield($0) }
        }
        var entry: [String] = []
        for await line in lines {
            if line.isEmpty { break }
            entry.append(line)
        }
        task.cancel()
        _ = try await task.value
        #expect(entry.contains("PRIORITY=6"))
        #expect(entry.contains("NEST_MANY=1"))
        #expect(entry.contains("NEST_MANY=2"))
        #expect(entry.contains("NEST_EMPTY="))
        #expect(entry.contains("NEST_LARGE=\(large)"))
        // A value of two lines has its length in eight bytes before it.
        #expect(entry.contains { $0.hasSuffix("two") })
        #expect(entry.contains("lines = ä"))
        close(ours.input)
        close(ours.output)
    }
}
