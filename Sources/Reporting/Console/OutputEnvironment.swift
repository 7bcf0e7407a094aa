import Host

/// The kind of outputs that the program has.
public struct OutputEnvironment: Sendable {
    /// Whether standard output is a terminal.
    public var isOutputTerminal: Bool

    /// Whether standard error is a terminal.
    public var isErrorTerminal: Bool

    /// The kind of terminal, by the environment's `TERM`.
    public var terminalName: String?

    /// Whether `NO_COLOR` is set.
    public var refusesColours: Bool

    /// Whether the environment's locale has UTF-8.
    public var isUTF8: Bool

    /// Creates a description from the process's outputs and an environment.
    public init(environment: [String: String]) {
        self.init(
            environment: environment,
            isOutputTerminal: Terminal.isTerminal(1),
            isErrorTerminal: Terminal.isTerminal(2)
        )
    }

    /// Creates a description of outputs and an environment.
    public init(environment: [String: String], isOutputTerminal: Bool, isErrorTerminal: Bool) {
        self.isOutputTerminal = isOutputTerminal
        self.isErrorTerminal = isErrorTerminal
        terminalName = environment["TERM"]
        // An empty variable counts as none: https://no-color.org
        refusesColours = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        isUTF8 = Self.hasUTF8(environment)
    }

    /// Whether the locale for characters has UTF-8; without any it is that of C, which has ASCII.
    ///
    /// The corresponding C function is `setlocale`, which also asks whether the locale is installed.
    private static func hasUTF8(_ environment: [String: String]) -> Bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? "C"
        return locale.lowercased().replacing("-", with: "").contains("utf8")
    }

    init(
        isOutputTerminal: Bool,
        isErrorTerminal: Bool,
        terminalName: String?,
        refusesColours: Bool,
        isUTF8: Bool = true,
    ) {
        self.isUTF8 = isUTF8
        self.isOutputTerminal = isOutputTerminal
        self.isErrorTerminal = isErrorTerminal
        self.terminalName = terminalName
        self.refusesColours = refusesColours
    }

    /// Whether standard output is a terminal whose cursor can be moved.
    public var isScreen: Bool {
        isOutputTerminal && terminalName.map { !$0.isEmpty && $0 != "dumb" } ?? false
    }

    /// Whether standard output shows colours and the user wants them.
    public var isColoured: Bool { isScreen && !refusesColours }

    /// The environment as if standard output were a file: plain lines, which a screen reader reads once.
    public var plain: Self {
        var environment = self
        environment.isOutputTerminal = false
        return environment
    }

    /// The columns of standard output, or `nil` if it is not a terminal.
    public var columns: Int? { isOutputTerminal ? Terminal.columns(1) ?? 80 : nil }
}
