import Glibc
public import Host

/// What a program of the tests came to.
public struct ToolResult: Sendable, Hashable {
    /// The exit code, or 128 and the signal that ended it, as a shell has it.
    public var status: Int32

    /// Everything written to standard output.
    public var output: String

    /// Everything written to standard error.
    public var errors: String
}

/// A program that a test has started: kubectl, a script, the agent itself.
///
/// What it writes goes to files, so that a test may look at it while the program runs.
public struct Tool: Sendable {
    /// The process, to send signals to.
    public let processIdentifier: Int32

    private let directory: String

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - program: Its path, or a name to look for on the PATH.
    ///   - arguments: What follows its name.
    ///   - environment: Variables over those of the test process; `nil` takes one away.
    ///   - input: What it reads from standard input.
    /// - Throws: ``Host/SystemError`` if there is no such program. How it ends is a normal result.
    public init(
        _ program: String,
        _ arguments: [String] = [],
        environment: [String: String?] = [:],
        input: String = "",
    ) throws(SystemError) {
        let random = String(UInt64.random(in: .min ... .max), radix: 36)
        directory = "\(Machine.environment()["TMPDIR"] ?? "/tmp")/nest-tool.\(random)"
        try FileSystem.makeDirectories(directory, mode: 0o700)
        try FileSystem.write([UInt8](input.utf8), to: "\(directory)/input", mode: 0o600)
        var variables = Machine.environment()
        for (name, value) in environment { variables[name] = value }
        processIdentifier = try spawn(
            [program] + arguments,
            environment: variables.map { "\($0.key)=\($0.value)" },
            files: ["input", "output", "errors"].map { [directory] in "\(directory)/\($0)" },
        )
    }

    /// What the program has written to standard output until now.
    public func outputSoFar() -> String { text("output") }

    /// What the program has written to standard error until now.
    public func errorsSoFar() -> String { text("errors") }

    /// Sends the program a signal.
    ///
    /// - Parameter number: The signal; one of a program that has ended goes nowhere.
    public func signal(_ number: Int32) { _ = kill(processIdentifier, number) }

    /// Waits until the program has ended; to be called once.
    ///
    /// - Returns: How it ended, and what it wrote.
    public func result() async -> ToolResult {
        await onThread { blockingResult() }
    }

    /// Waits until the program has ended, on the caller's thread.
    ///
    /// - Returns: How it ended, and what it wrote.
    func blockingResult() -> ToolResult {
        var status: Int32 = 0
        while unsafe waitpid(processIdentifier, &status, 0) == -1 && errno == EINTR {}
        let signal = status & 0x7F
        let code = signal == 0 ? (status >> 8) & 0xFF : 128 + signal
        let result = ToolResult(status: code, output: text("output"), errors: text("errors"))
        try? FileSystem.removeTree(directory)
        return result
    }

    private func text(_ file: String) -> String {
        let bytes = try? FileSystem.read("\(directory)/\(file)", limit: 256 << 20)
        return String(decoding: bytes ?? [], as: UTF8.self)
    }

    /// Runs a program to its end.
    ///
    /// - Parameters:
    ///   - program: Its path, or a name to look for on the PATH.
    ///   - arguments: What follows its name.
    ///   - environment: Variables over those of the test process; `nil` takes one away.
    ///   - input: What it reads from standard input.
    /// - Returns: How it ended, and what it wrote.
    /// - Throws: ``Host/SystemError`` if there is no such program. How it ends is a normal result.
    public static func run(
        _ program: String,
        _ arguments: [String] = [],
        environment: [String: String?] = [:],
        input: String = "",
    ) async throws(SystemError) -> ToolResult {
        await (try Tool(program, arguments, environment: environment, input: input)).result()
    }
}

/// Starts a process with its three standard files, and none other, open.
private func spawn(
    _ arguments: [String],
    environment: [String],
    files: [String],
) throws(SystemError) -> Int32 {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for (descriptor, file) in files.enumerated() {
        let flags = descriptor == 0 ? O_RDONLY : O_WRONLY | O_CREAT | O_APPEND
        unsafe posix_spawn_file_actions_addopen(&actions, Int32(descriptor), file, flags, 0o600)
    }
    // A server must not inherit the listening socket of another test. Closing what is not open does no harm.
    for descriptor in Int32(3)..<4096 { unsafe posix_spawn_file_actions_addclose(&actions, descriptor) }

    // Ignored and blocked signals would be inherited.
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    unsafe sigfillset(&signals)
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    var argv = unsafe arguments.map { unsafe strdup($0) } + [nil]
    var envp = unsafe environment.map { unsafe strdup($0) } + [nil]
    defer { unsafe (argv + envp).forEach { unsafe free($0) } }
    var process: Int32 = 0
    let code = unsafe posix_spawnp(&process, arguments[0], &actions, &attributes, &argv, &envp)
    guard code == 0 else { throw SystemError("cannot run", arguments[0], code: code) }
    return process
}
