import Execution
import Host
import Testing

@testable import Speaking

@Suite(.timeLimit(.minutes(3)))
struct WiringTests {
    @Test(
        arguments: [
            (.text, true, "xterm", false, .terminal),
            (.text, true, "dumb", false, .lines),
            (.text, true, nil, false, .lines),
            (.text, false, "xterm", false, .lines),
            (.text, true, "xterm", true, .journal),
            (.json, true, "xterm", true, .json),
        ] as [(OutputFormat, Bool, String?, Bool, SinkKind)]
    )
    func `a sink is chosen by wish, then by listener`(
        output: OutputFormat,
        isTerminal: Bool,
        name: String?,
        hasJournal: Bool,
        expected: SinkKind,
    ) {
        let surroundings = Surroundings(
            isOutputTerminal: isTerminal,
            isErrorTerminal: isTerminal,
            terminalName: name,
            refusesColours: false
        )
        #expect(SinkKind(output, in: surroundings, hasJournal: hasJournal) == expected)
    }

    @Test func `colours need a terminal that nobody forbids them`() {
        var surroundings = Surroundings(
            isOutputTerminal: true,
            isErrorTerminal: true,
            terminalName: "xterm",
            refusesColours: false
        )
        #expect(surroundings.isColoured)
        surroundings.refusesColours = true
        #expect(!surroundings.isColoured)
        #expect(Surroundings(environment: ["NO_COLOR": "1"]).refusesColours)
        #expect(!Surroundings(environment: ["NO_COLOR": ""]).refusesColours)
    }

    @Test(
        arguments: [
            ([.changed, .unchanged], nil, .success),
            ([], nil, .success),
            ([.changed, .skipped(because: "a")], nil, .failure),
            ([.failed(Plain("no")), .unchanged], nil, .failure),
            ([.interrupted, .failed(Plain("no"))], 2, .interrupted),
            ([.interrupted], 15, .terminated),
            // The signal came when all was done.
            ([.changed], 15, .success),
        ] as [([Outcome], Int32?, ExitCode)]
    )
    func `a report has an exit code`(outcomes: [Outcome], signal: Int32?, expected: ExitCode) {
        let report = Report(outcomes.map { .init(task: "t", outcome: $0, duration: .zero) })
        #expect(ExitCode(report, signal: signal) == expected)
    }

    @Test func `an output that failed is not tried again`() {
        let recorder = Recorder()
        let outlet = Outlet { (bytes, stream) throws(SystemError) in
            recorder.pass(.seconds(1))
            throw SystemError("cannot write to", "output 1", code: stream == .results ? 32 : 28)
        }
        outlet.write("a")
        outlet.write("b")
        #expect(recorder.uptime() == .seconds(1))
        // A reader that left is no failure of ours.
        #expect(outlet.failure == nil)
        outlet.write("c", to: .diagnostics)
        #expect(outlet.failure?.code == 28)
    }

    @Test func `an error outside of a run is told in lines or in JSON`() {
        let recorder = Recorder()
        recorder.outlet.tell(Plain("cannot read"))
        #expect(recorder.text(.diagnostics) == "nest-bootstrap: cannot read\n")
        recorder.outlet.tell(Plain("cannot read"), as: .json)
        #expect(recorder.text().hasSuffix(#""event":"error","message":"cannot read"}"# + "\n"))
    }

    @Test func `no two runs have the same name`() {
        #expect(makeRunIdentifier() != makeRunIdentifier())
        #expect(makeRunIdentifier().count == 32)
    }
}
