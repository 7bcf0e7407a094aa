public import Host

/// The capabilities of standard output and standard error.
public struct OutputEnvironment: Sendable {
    let isOutputTerminal: Bool

    public let isErrorTerminal: Bool

    /// Whether the terminal supports escape sequences, according to `TERM`.
    private let isCapable: Bool
    private let refusesColours: Bool

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

    public var isColoured: Bool { isScreen && !refusesColours }

    public var areErrorsColoured: Bool { isErrorTerminal && isCapable && !refusesColours }

    /// The number of columns of standard output, 80 if it is unknown, or `nil` if the output is not a terminal.
    public var columns: Int? { isOutputTerminal ? Terminal.size(1)?.columns ?? 80 : nil }
}
