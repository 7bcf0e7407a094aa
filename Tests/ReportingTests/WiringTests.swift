import Base
import Host
import Planning
import TestSupport
import Testing

@testable import Reporting

@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct WiringTests {
    private static func environment(_ isTerminal: Bool, _ name: String?) -> OutputEnvironment {
        let environment = name.map { ["TERM": $0] } ?? [:]
        return OutputEnvironment(
            environment: environment,
            isOutputTerminal: isTerminal,
            isErrorTerminal: isTerminal
        )
    }

    @Test(
        arguments: [
            (.text, true, "xterm", false, "TerminalSink"),
            (.text, true, "dumb", false, "LineSink"),
            (.text, true, nil, false, "LineSink"),
            (.text, false, "xterm", false, "LineSink"),
            (.text, true, "xterm", true, "JournalSink"),
            (.json, true, "xterm", true, "JSONSink"),
        ] as [(OutputFormat, Bool, String?, Bool, String)]
    )
    func `a sink is chosen by the requested format, then by the outputs`(
        output: OutputFormat,
        isTerminal: Bool,
        name: String?,
        hasJournal: Bool,
        expected: String,
    ) {
        let environment = Self.environment(isTerminal, name)
        let console = ConsoleOutput(journal: hasJournal ? JournalQueue { _ in } : nil)
        let sinks = makeSinks(for: output, isDryRun: false, in: environment, run: "r1", output: console)
        #expect(sinks.map { "\(type(of: $0))" } == [expected])
    }

    @Test func `colours need a terminal and are disabled by NO_COLOR`() {
        #expect(Self.environment(true, "xterm").isColoured)
        #expect(!Self.environment(false, "xterm").isColoured)
        for (value, isColoured) in [("1", false), ("", true)] {
            let variables = ["TERM": "xterm", "NO_COLOR": value]
            let environment = OutputEnvironment(environment: variables, isOutputTerminal: true, isErrorTerminal: true)
            #expect(environment.isColoured == isColoured)
            #expect(environment.areErrorsColoured == isColoured)
        }
    }

    @Test func `an output that failed is not tried again`() {
        let recorder = Recorder()
        let output = ConsoleOutput { (bytes, stream) throws(SystemError) in
            recorder.pass(.seconds(1))
            throw SystemError("cannot write to", "output 1", code: stream == .results ? 32 : 28)
        }
        output.write("a")
        output.write("b")
        output.flush(idleLimit: .seconds(600))
        #expect(recorder.uptime() == .seconds(1))
        // A reader that left is no failure of ours.
        #expect(output.failure == nil)
        output.write("c", to: .diagnostics)
        output.flush(idleLimit: .seconds(600))
        #expect(output.failure?.code == 28)
    }

    @Test func `an error outside of a run is reported in lines or in JSON`() {
        let recorder = Recorder()
        recorder.output.report(Plain("cannot read"))
        #expect(recorder.text(.diagnostics) == "nest-bootstrap: cannot read\n")
        recorder.output.report(Plain("cannot read"), as: .json)
        #expect(recorder.text().hasSuffix(#""event":"error","message":"cannot read"}"# + "\n"))
    }

    @Test func `no two runs have the same identifier`() {
        #expect(makeRunIdentifier() != makeRunIdentifier())
        #expect(makeRunIdentifier().count == 32)
    }

    private static let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
    private static let path = "\(root)/units/nest-bootstrap.catalog"
    private static let journalctl = "/usr/bin/journalctl"

    private let identifiers = MessageID.allCases.map(\.rawValue).sorted()

    /// The text of the catalog.
    private func text() throws -> String {
        try Files.text(Self.path)
    }

    @Test func `every kind of entry is explained, and nothing else`() throws {
        let heads = try text().split(separator: "\n").filter { $0.hasPrefix("-- ") }
        #expect(heads.map { String($0.dropFirst(3)) }.sorted() == identifiers)
        #expect(identifiers.allSatisfy { $0.wholeMatch(of: /[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}/) != nil })
    }

    @Test func `an explanation uses fields that its entries have`() throws {
        let known: Set = ["NEST_TASK", "NEST_OBJECT", "NEST_DEPENDENCY", "NEST_RUN_ID"]
        let used = Set(try text().matches(of: /@([A-Z_]+)@/).map { String($0.output.1) })
        #expect(used.subtracting(known).isEmpty)
    }

    @Test(.enabled(if: (try? FileSystem.exists(journalctl)) == true))
    func `journalctl knows the catalog as it is written`() async throws {
        let directory = TemporaryDirectory.file("usr/lib/systemd/catalog")
        try FileSystem.makeDirectories(directory)
        try FileSystem.makeDirectories(TemporaryDirectory.file("var/lib/systemd/catalog"))
        let bytes = try readFile(Self.path, limit: 1 << 20)
        try FileSystem.write(bytes, to: "\(directory)/nest-bootstrap.catalog", mode: 0o644)
        let option = "--root=\(TemporaryDirectory.path)"
        let updated = try await Tool.run(Self.journalctl, [option, "--update-catalog"])
        try #require(updated.status == 0, "\(updated.errors)")
        let listed = try await Tool.run(Self.journalctl, [option, "--list-catalog"])
        let lines = listed.output.split(separator: "\n")
        #expect(lines.map { String($0.prefix(32)) }.sorted() == identifiers)
        #expect(lines.allSatisfy { $0.contains(" nest-bootstrap: ") })
    }
}
