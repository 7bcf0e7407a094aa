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

    /// Whether the environment's locale uses UTF-8.
    public var isUTF8: Bool

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
        isUTF8 = Self.hasUTF8(environment)
    }

    /// Returns whether the character locale uses UTF-8; the default is the C locale, which is ASCII.
    ///
    /// The corresponding C function is `setlocale`, which also checks that the locale is installed.
    private static func hasUTF8(_ environment: [String: String]) -> Bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? "C"
        return locale.lowercased().replacing("-", with: "").contains("utf8")
    }

    /// Whether standard output is a terminal with a movable cursor.
    public var isScreen: Bool { isOutputTerminal && isCapable }

    /// Whether the terminal understands more than characters.
    private var isCapable: Bool { terminalName.map { !$0.isEmpty && $0 != "dumb" } ?? false }

    /// Whether standard output can show colours and the user has not disabled them.
    public var isColoured: Bool { isScreen && !refusesColours }

    /// Whether standard error can show colours and the user has not disabled them.
    public var areErrorsColoured: Bool { isErrorTerminal && isCapable && !refusesColours }

    /// The same environment with standard output treated as a file, so that a screen reader reads every line once.
    public var plain: Self {
        var environment = self
        environment.isOutputTerminal = false
        return environment
    }

    /// The number of columns of standard output, or `nil` if it is not a terminal.
    public var columns: Int? { isOutputTerminal ? Terminal.columns(1) ?? 80 : nil }
}
