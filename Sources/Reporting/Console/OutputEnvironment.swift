public import Host

/// The properties of the program's outputs.
public struct OutputEnvironment: Sendable {
    /// Whether standard output is a terminal.
    let isOutputTerminal: Bool

    /// Whether standard error is a terminal.
    public let isErrorTerminal: Bool

    /// Whether the terminal understands more than characters.
    private let isCapable: Bool
    private let refusesColours: Bool

    /// Creates a description of outputs, by default those of the process, and an environment.
    public init(
        environment: [String: String],
        isOutputTerminal: Bool = Terminal.isTerminal(1),
        isErrorTerminal: Bool = Terminal.isTerminal(2),
    ) {
        (self.isOutputTerminal, self.isErrorTerminal) = (isOutputTerminal, isErrorTerminal)
        isCapable = !["", "dumb"].contains(environment["TERM"] ?? "")
        // An empty variable counts as unset: https://no-color.org
        refusesColours = environment["NO_COLOR"]?.isEmpty == false
    }

    /// Whether standard output is a terminal with a movable cursor.
    public var isScreen: Bool { isOutputTerminal && isCapable }

    /// Whether standard output can show colours and the user has not disabled them.
    public var isColoured: Bool { isScreen && !refusesColours }

    /// Whether standard error can show colours and the user has not disabled them.
    public var areErrorsColoured: Bool { isErrorTerminal && isCapable && !refusesColours }

    /// The number of columns of standard output, or `nil` if it is not a terminal.
    public var columns: Int? { isOutputTerminal ? Terminal.size(1)?.columns ?? 80 : nil }
}
