/// A program to run, with its arguments and environment.
public struct Command: Sendable, Hashable {
    /// The program's path, or a name that is looked up in the `PATH` of ``environment``.
    public var program: String

    /// The arguments, without the program's name.
    public var arguments: [String]

    /// The complete environment: nothing is inherited.
    public var environment: [String: String]

    /// The working directory, by default that of this process.
    public var workingDirectory: String?

    /// The time that a program has between `SIGTERM` and `SIGKILL`, unless the caller sets another.
    public static let grace: Duration = .seconds(5)

    /// The time that a killed program has to end, which takes long while a disk or file server does not answer.
    public static let killLimit: Duration = .seconds(5)

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
    /// By a signal from elsewhere.
    case signalled(Int32)
    /// By this agent, at the deadline.
    case timedOut
    /// By this agent, because the Swift task was cancelled.
    case cancelled

    /// Whether the exit code is 0.
    public var isSuccess: Bool { self == .exited(0) }

    /// A predicate of the program: `exited with code 3`.
    public var description: String {
        switch self {
        case .exited(let code): "exited with code \(code)"
        case .signalled(let number): "was ended by signal \(Signals.name(of: number))"
        case .timedOut: "was ended at its deadline"
        case .cancelled: "was ended because of an interruption"
        }
    }

    /// Decodes a status of `waitpid`, as the macros of `wait.h` do.
    init(waitStatus: CInt) {
        let signal = waitStatus & 0x7f
        self = signal == 0 ? .exited((waitStatus >> 8) & 0xff) : .signalled(signal)
    }
}
