public import Host

/// The properties of the program's outputs.
public struct OutputEnvironment: Sendable {
    /// Whether standard output is a terminal.
    public var isOutputTerminal: Bool

    /// Whether standard error is a terminal.
    public var isErrorTerminal: Bool

    /// The kind of terminal, from the environment variable `TERM`.
    public var terminalName: String?

    /// Whether `NO_COLOR` is set.
    public var refusesColours: Bool

    /// Creates a description of outputs, by default those of the process, and an environment.
    public init(
        environment: [String: String],
        isOutputTerminal: Bool = Terminal.isTerminal(1),
        isErrorTerminal: Bool = Terminal.isTerminal(2),
    ) {
        self.isOutputTerminal = isOutputTerminal
        self.isErrorTerminal = isErrorTerminal
        terminalName = environment["TERM"]
        // An empty variable counts as unset: https://no-color.org
        refusesColours = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
    }

    /// Whether standard output is a terminal with a movable cursor.
    public var isScreen: Bool { isOutputTerminal && isCapable }

    /// Whether the terminal understands more than characters.
    private var isCapable: Bool { terminalName.map { !$0.isEmpty && $0 != "dumb" } ?? false }

    /// Whether standard output can show colours and the user has not disabled them.
    public var isColoured: Bool { isScreen && !refusesColours }

    /// Whether standard error can show colours and the user has not disabled them.
    public var areErrorsColoured: Bool { isErrorTerminal && isCapable && !refusesColours }

    /// The number of columns of standard output, or `nil` if it is not a terminal.
    public var columns: Int? { isOutputTerminal ? Terminal.columns(1) ?? 80 : nil }
}
