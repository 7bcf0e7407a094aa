import Host

/// Who listens to the program.
public struct Surroundings: Sendable {
    /// Whether a person looks at standard output.
    public var isOutputTerminal: Bool

    /// Whether a person looks at standard error.
    public var isErrorTerminal: Bool

    /// The kind of terminal, by the environment's `TERM`.
    public var terminalName: String?

    /// Whether `NO_COLOR` asks for none.
    public var refusesColours: Bool

    /// Creates a description from the process's outputs and an environment.
    public init(environment: [String: String]) {
        isOutputTerminal = Terminal.isTerminal(1)
        isErrorTerminal = Terminal.isTerminal(2)
        terminalName = environment["TERM"]
        // An empty variable counts as none: https://no-color.org
        refusesColours = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
    }

    init(isOutputTerminal: Bool, isErrorTerminal: Bool, terminalName: String?, refusesColours: Bool) {
        self.isOutputTerminal = isOutputTerminal
        self.isErrorTerminal = isErrorTerminal
        self.terminalName = terminalName
        self.refusesColours = refusesColours
    }

    /// Whether standard output is a terminal whose cursor can be moved.
    public var isScreen: Bool {
        isOutputTerminal && terminalName.map { !$0.isEmpty && $0 != "dumb" } ?? false
    }

    /// Whether standard output shows colours, and they are welcome.
    public var isColoured: Bool { isScreen && !refusesColours }

    /// The columns of standard output, or `nil` if it is no terminal.
    public var columns: Int? { isOutputTerminal ? Terminal.columns(1) ?? 80 : nil }
}

/// How a run is told.
public enum SinkKind: Sendable, Hashable {
    /// As JSON on standard output.
    case json
    /// As entries of the journal.
    case journal
    /// On a terminal, redrawn.
    case terminal
    /// In plain lines.
    case lines

    /// Chooses by what was asked for, then by who listens.
    ///
    /// Nothing is told twice: where the journal listens, nothing else is written.
    public init(_ output: OutputFormat, in surroundings: Surroundings, hasJournal: Bool) {
        if output == .json {
            self = .json
        } else if hasJournal {
            self = .journal
        } else {
            self = surroundings.isScreen ? .terminal : .lines
        }
    }
}

/// Makes the sink that fits the options and those who listen.
///
/// - Parameters:
///   - options: What was asked for.
///   - surroundings: Who listens.
///   - run: What tells this run from all others, see ``makeRunIdentifier()``.
///   - outlet: The outputs of the program.
///   - journal: What takes the entries of the journal, or `nil` if it does not listen.
///   - diary: What takes the entries of a journal that does not listen, besides what others are told; `nil` if nothing is
///     to be noted there.
///   - manager: What tells the service manager, or `nil` if none has started the program.
///   - attempt: What tells of a task that starts which attempt it is, if anybody counts.
/// - Returns: The sink.
public func makeSink(
    for options: Options,
    in surroundings: Surroundings,
    run: String,
    outlet: Outlet,
    journal: JournalSink.Sender?,
    diary: JournalSink.Sender? = nil,
    manager: NotifySink? = nil,
    attempt: @escaping @Sendable (String) -> Int? = { _ in nil },
) -> any EventSink {
    var sinks = [makeTeller(for: options, in: surroundings, run: run, outlet: outlet, journal: journal, attempt)]
    if let diary {
        // Somebody else is told all; what the journal does not take is lost there only.
        let send: JournalSink.Sender = { fields in _ = try? diary(fields) }
        sinks.append(JournalSink(outlet, run: run, isDryRun: options.isDryRun, attempt: attempt, send: send))
    }
    if let manager { sinks.append(manager) }
    return sinks.count == 1 ? sinks[0] : TeeSink(sinks)
}

/// Makes the sink for people, programs or the journal.
private func makeTeller(
    for options: Options,
    in surroundings: Surroundings,
    run: String,
    outlet: Outlet,
    journal: JournalSink.Sender?,
    _ attempt: @escaping @Sendable (String) -> Int?,
) -> any EventSink {
    let isDryRun = options.isDryRun
    switch (SinkKind(options.output, in: surroundings, hasJournal: journal != nil), journal) {
    case (.json, _): return JSONSink(outlet, run: run, isDryRun: isDryRun)
    case (.journal, let journal?):
        return JournalSink(outlet, run: run, isDryRun: isDryRun, attempt: attempt, send: journal)
    case (.terminal, _):
        let display = TerminalSink.Display(
            isColoured: surroundings.isColoured,
            showsDiagnostics: surroundings.isErrorTerminal,
            columns: { Terminal.columns(1) ?? 80 },
            uptime: SinkClock().uptime,
        )
        return TerminalSink(outlet, display, isDryRun: isDryRun)
    case (.lines, _), (.journal, nil): return LineSink(outlet, isDryRun: isDryRun)
    }
}

/// Makes up a name for a run that no other run has.
///
/// - Returns: 128 random bits as 32 hexadecimal digits.
public func makeRunIdentifier() -> String {
    [UInt64.random(in: 0...UInt64.max), UInt64.random(in: 0...UInt64.max)]
        .map { number in
            let text = String(number, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }
        .joined()
}
