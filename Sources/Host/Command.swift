/// A program to run, with everything that it will see.
public struct Command: Sendable, Hashable {
    /// The program's path, or a name that is looked up in the `PATH` of ``environment``.
    public var program: String

    /// What the program is told, without its own name.
    public var arguments: [String]

    /// The whole environment: nothing is inherited.
    public var environment: [String: String]

    /// Where the program starts, our own directory if `nil`.
    public var workingDirectory: String?

    /// Creates a command.
    public init(
        _ program: String,
        _ arguments: [String] = [],
        environment: [String: String],
        workingDirectory: String? = nil,
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
    }
}

/// How a program ended.
public enum ExitStatus: Sendable, Hashable, CustomStringConvertible {
    /// By itself, with an exit code.
    case exited(Int32)
    /// By a signal that was not ours.
    case signalled(Int32)
    /// By us, because its deadline came.
    case timedOut
    /// By us, because the task that ran it was cancelled.
    case cancelled

    /// Whether the program did what it was run for.
    public var isSuccess: Bool { self == .exited(0) }

    /// What happened, to stand after the program's name: `exited with code 3`.
    public var description: String {
        switch self {
        case .exited(let code): "exited with code \(code)"
        case .signalled(let number): "was ended by signal \(Signals.name(of: number))"
        case .timedOut: "was ended at its deadline"
        case .cancelled: "was ended because of an interruption"
        }
    }

    /// Reads what `waitpid` tells, as the macros of `wait.h` do.
    init(waitStatus: CInt) {
        let signal = waitStatus & 0x7f
        self = signal == 0 ? .exited((waitStatus >> 8) & 0xff) : .signalled(signal)
    }
}
