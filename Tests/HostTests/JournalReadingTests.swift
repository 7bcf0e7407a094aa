import Base
import Glibc
import TestSupport
import Testing

@testable import Host

/// Reading of real journal files, which a journal of the test's own has written.
@Suite(.temporaryDirectory, .serialized, .timeLimit(.minutes(30))) struct JournalReadingTests {
    private static let program = "/lib/systemd/systemd-journald"

    private static let canRun: Bool =
        Machine.isRoot && (try? FileSystem.exists(program)) == true
        && ["logger", "unshare"].allSatisfy(ChildProcess.isInstalled)
        && (try? ChildProcess.run(["unshare", "--mount", "true"])) != nil

    /// The journal writes below the directory, as its `/run`, until standard input ends; then it is over.
    private static let script = """
        mount --bind "$1" /run
        mkdir -p /run/systemd/journal
        \(program) &
        journal=$!
        until test -S /run/systemd/journal/socket; do sleep 0.02; done
        while read -r task attempt; do
          printf 'MESSAGE=%s: \\303\\244\\nNEST_TASK=%s\\nNEST_ATTEMPT=%s\\n' "$task" "$task" "$attempt" |
            logger --journald
        done
        journalctl --sync
        echo written
        kill "$journal"
        wait "$journal" || true
        """

    /// Writes entries, each with a task and an attempt, and returns the directory of the files.
    private func journal(_ entries: [(String, Int)]) async throws -> String {
        let directory = TemporaryDirectory.file("run")
        try FileSystem.makeDirectories(directory)
        let input = entries.map { "\($0.0) \($0.1)\n" }.joined()
        let result = try await Tool.run(
            "unshare",
            ["--mount", "--propagation", "private", "sh", "-euc", Self.script, "sh", directory],
            input: input,
        )
        try #require(result.output.contains("written"), "\(result.errors)")
        let machine = try #require(try FileSystem.list("\(directory)/log/journal").first)
        return "\(directory)/log/journal/\(machine)"
    }

    private func query(_ matches: [String], end: Duration? = nil, limit: Int = 1000) throws -> JournalQuery {
        JournalQuery(
            matches: matches,
            fields: ["MESSAGE", "NEST_TASK", "NEST_ATTEMPT", "NEST_MISSING", "_TRANSPORT"],
            boot: try Machine.bootIdentifier(),
            end: end,
            entryLimit: limit,
            timeout: .seconds(600),
        )
    }

    @Test(.enabled(if: canRun)) func `entries that match come in their order, with their time and their fields`()
        async throws
    {
        let (before, _) = bounds()
        let directory = try await journal([("a", 1), ("b", 1), ("c", 1), ("a", 2)])
        let (_, after) = bounds()
        let reading = try await Journal.entries(try query(["NEST_TASK=a", "NEST_TASK=c"]), directory: directory)
        #expect(reading.isComplete)
        #expect(reading.entries.map { $0["MESSAGE"] } == ["a: ä", "c: ä", "a: ä"])
        #expect(reading.entries.map { $0["NEST_ATTEMPT"] } == ["1", "1", "2"])
        // What the journal says of the sender may be missing: on a busy machine it has ended before.
        #expect(reading.entries.allSatisfy { $0["NEST_MISSING"] == nil && $0["_TRANSPORT"] == "journal" })
        let times = reading.entries.map(\.sinceBoot)
        #expect(times == times.sorted())
        // It reads two clocks one after the other, which on a busy machine takes a moment.
        let areExact = try await becomes {
            let reading = try await Journal.entries(try query(["NEST_TASK=a", "NEST_TASK=c"]), directory: directory)
            return reading.entries.allSatisfy { $0.sinceBoot > before && $0.sinceBoot < after }
        }
        #expect(areExact)
        let second = try await Journal.entries(try query(["NEST_TASK=a", "NEST_ATTEMPT=2"]), directory: directory)
        #expect(second.entries.count == 1)
        var other = try query(["NEST_TASK=a"])
        other.boot = "00000000-0000-4000-8000-000000000000"
        #expect(try await Journal.entries(other, directory: directory) == JournalReading())
    }

    @Test(.enabled(if: canRun)) func `reading ends at the limit, and says so`() async throws {
        let directory = try await journal((1...5).map { ("a", $0) })
        let reading = try await Journal.entries(try query(["NEST_TASK=a"], limit: 3), directory: directory)
        #expect(reading.entries.map { $0["NEST_ATTEMPT"] } == ["1", "2", "3"])
        #expect(!reading.isComplete)
        #expect(try await Journal.entries(try query(["NEST_TASK=a"], limit: 5), directory: directory).isComplete)
        var late = try query(["NEST_TASK=a"])
        late.timeout = .zero
        #expect(try await Journal.entries(late, directory: directory) == JournalReading(isComplete: false))
    }

    @Test(.enabled(if: canRun)) func `entries after the end are not read, which is all that match`() async throws {
        let directory = try await journal((1...3).map { ("a", $0) })
        let all = try await Journal.entries(try query(["NEST_TASK=a"]), directory: directory)
        let second = try #require(all.entries.dropFirst().first).sinceBoot
        let reading = try await Journal.entries(try query(["NEST_TASK=a"], end: second), directory: directory)
        #expect(reading == JournalReading(entries: Array(all.entries.prefix(2))))
    }

    @Test func `a directory without journal files has no entries, one that does not exist is an error`() async throws {
        #expect(try await Journal.entries(try query([]), directory: TemporaryDirectory.path) == JournalReading())
        let error = await #expect(throws: SystemError.self) {
            try await Journal.entries(try query([]), directory: TemporaryDirectory.file("missing"))
        }
        #expect(error?.description == "cannot read the journal: No such file or directory")
    }

    @Test func `a wrong match is refused`() async throws {
        let error = await #expect(throws: SystemError.self) {
            try await Journal.entries(try query(["nonsense"]), directory: TemporaryDirectory.path)
        }
        #expect(error?.description == "cannot read the journal: Invalid argument")
    }

    @Test func `a journal without files is missing`() throws {
        let root = TemporaryDirectory.file("root")
        #expect(Journal.access(root: root) == .missing)
        try FileSystem.makeDirectories("\(root)/var/log/journal/m")
        try FileSystem.write([], to: "\(root)/var/log/journal/m/other", mode: 0o644)
        #expect(Journal.access(root: root) == .missing)
        try FileSystem.write([], to: "\(root)/var/log/journal/m/system.journal", mode: 0o644)
        #expect(Journal.access(root: root) == .readable)
    }

    @Test(.enabled(if: Machine.isRoot)) func `a user who may read none of the files of a journal is denied it`() async {
        await #expect(processExitsWith: .success) {
            let root = "/tmp/nest-bootstrap.denied.\(getpid())"
            try FileSystem.makeDirectories("\(root)/run/log/journal/m")
            try FileSystem.write([], to: "\(root)/run/log/journal/m/system.journal", mode: 0o600)
            _ = seteuid(65_534)
            let access = Journal.access(root: root)
            _ = seteuid(0)
            try FileSystem.removeTree(root)
            #expect(access == .denied)
        }
    }

    @Test(.enabled(if: Machine.isRoot)) func `whether the journal of the system is hidden from a user is seen`() async {
        await #expect(processExitsWith: .success) {
            let directory = "/tmp/nest-bootstrap.journal.\(getpid())"
            let readers: gid_t = 65_533
            try FileSystem.makeDirectories("\(directory)/m")
            try FileSystem.write([], to: "\(directory)/m/system.journal", mode: 0o640, group: readers)
            func hides(_ machine: String, user: uid_t, group: gid_t) -> Bool {
                _ = (setegid(group), seteuid(user))
                defer { _ = (seteuid(0), setegid(0)) }
                return Journal.hidesSystemEntries(machine: machine, directories: ["/nowhere", directory])
            }
            let found = [
                hides("m", user: 0, group: 0), hides("m", user: 65_534, group: 65_534),
                hides("m", user: 65_534, group: readers), hides("other", user: 65_534, group: 65_534),
            ]
            try FileSystem.removeTree(directory)
            #expect(found == [false, true, false, false])
        }
    }
}
