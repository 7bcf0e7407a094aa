public import Base
import CShims
import Glibc

public struct Command: Sendable, Hashable {
    /// The program's path, or a name that is looked up in the `PATH` of ``environment``.
    public var program: String

    /// The arguments, without the program's name.
    public var arguments: [String]

    /// The complete environment: nothing is inherited.
    public var environment: [String: String]

    /// Whether the program is this agent; if so, interrupting signals are blocked until the new process catches them.
    public var isThisProgram = false

    /// Whether the program stays in the session and process group of this process, and can prompt on the terminal.
    public var keepsTerminal = false

    /// Whether bubblewrap runs the program; if so, processes that the program leaves running are killed.
    public var isConfined = false

    /// The file descriptors that the program inherits; an attempt to start the program closes them in this process.
    public var files: [CInt] = []

    /// The default time between `SIGTERM` and `SIGKILL`.
    public static let grace: Duration = .seconds(5)

    /// The time for which the end of a killed process is awaited; an unresponsive disk or file server may delay it.
    public static let killLimit: Duration = .seconds(5)

    public init(_ program: String, _ arguments: [String] = [], environment: [String: String]) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
    }
}

public enum ExitStatus: Sendable, Hashable, CustomStringConvertible {
    /// The program ended by itself, with an exit code.
    case exited(Int32)
    /// A signal ended the program, but not because of the deadline or a cancellation.
    case signalled(Int32)
    /// This agent terminated the program at the deadline.
    case timedOut
    /// This agent terminated the program because the Swift task was cancelled.
    case cancelled

    public var isSuccess: Bool { self == .exited(0) }

    /// The status as a predicate of the program, such as `exited with code 3`.
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

extension Command {
    /// Starts the program, and returns its process ID; errors name the program.
    ///
    /// Unless ``keepsTerminal`` is set, the program gets a new session and process group. No signal is ignored, and
    /// none is blocked unless ``isThisProgram`` is set. By default, input is `/dev/null`, and errors go to `output`.
    func spawn(input: CInt? = nil, output: CInt, errors: CInt? = nil) throws(SystemError) -> pid_t {
        defer { for file in files { close(file) } }
        try checkTexts()
        let path = try locate()
        _ = childrenAreKept

        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        // The outputs come first, because an output pipe may have descriptor 0, which the input replaces.
        unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, errors ?? output, 2)
        // A descriptor that is duplicated to itself stays open in the program.
        for file in files { unsafe posix_spawn_file_actions_adddup2(&actions, file, file) }
        if let input {
            unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }

        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for number in isThisProgram ? [SIGINT, SIGTERM, SIGHUP] : [] { unsafe sigaddset(&signals, number) }
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigfillset(&signals)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)

        // The spawn functions return the error code instead of setting `errno`.
        var code = unsafe nest_host_prepare_spawn(&actions, &attributes, !files.isEmpty)
        if code != 0 { throw failure(code, nil) }
        if keepsTerminal {
            let flags = Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)
            unsafe posix_spawnattr_setflags(&attributes, flags)
        }
        var process: pid_t = 0
        code = unsafe withCStrings([program] + arguments) { arguments in
            unsafe withCStrings(environment.map { "\($0.key)=\($0.value)" }) { environment in
                retryingBusyFile {
                    unsafe posix_spawn(&process, path, &actions, &attributes, arguments, environment)
                }
            }
        }
        if code != 0 { throw startFailure(path, code) }
        return process
    }

    /// Runs the program with this process's standard output and error, and forwards signals to its group until it ends.
    public func run(passing signals: AsyncStream<Int32>) async throws(SystemError) -> ExitStatus {
        try await onThread("cannot wait for", program) { (_) throws(SystemError) in
            let process = try spawn(output: 1, errors: 2)
            let passing = Task {
                for await signal in signals {
                    // The signal is repeated, because bubblewrap may receive the first before it starts the program.
                    repeat {
                        ProcessGroup(number: process).send(signal)
                    } while (try? await ContinuousClock().sleep(for: .milliseconds(500))) != nil
                }
            }
            defer { passing.cancel() }
            var status: CInt = 0
            // Until the process is reaped, the kernel does not reuse its ID.
            waitid(P_PID, id_t(process), nil, WEXITED | WNOWAIT)
            if isConfined { ProcessGroup(number: process).send(SIGKILL) }
            try SystemError.check("cannot wait for", program) { unsafe waitpid(process, &status, 0) }
            return ExitStatus(waitStatus: status)
        }
    }

    /// Replaces this process with the program, which keeps the terminal, the standard descriptors and the process ID.
    ///
    /// - Throws: ``Base/SystemError`` that names the program and the reason. On success, the function does not return.
    public func replaceProcess() throws(SystemError) -> Never {
        try checkTexts()
        let path = try locate()
        // Ignored signals stay ignored in the program, and this process ignores SIGPIPE.
        signal(SIGPIPE, SIG_DFL)
        let code = unsafe withCStrings([program] + arguments) { arguments in
            unsafe withCStrings(environment.map { "\($0.key)=\($0.value)" }) { environment in
                retryingBusyFile {
                    unsafe execve(path, arguments, environment)
                    return errno
                }
            }
        }
        Signals.ignoreBrokenPipe()
        throw startFailure(path, code)
    }

    /// Retries the start for about a second while the program's file is open for writing.
    ///
    /// If this process wrote the file, a child that is being started may have it open until it executes its program.
    /// There is no event to wait for.
    private func retryingBusyFile(_ start: () -> CInt) -> CInt {
        var pause: CInt = 1
        var code = start()
        while code == ETXTBSY, pause < 1000 {
            Glibc.poll(nil, 0, pause)
            pause *= 2
            code = start()
        }
        return code
    }

    /// Refuses an empty program name, and strings that C would truncate at a NUL character.
    private func checkTexts() throws(SystemError) {
        try SystemError.checkPath("cannot run", program)
        let texts = arguments + environment.flatMap { [$0.key, $0.value] }
        guard texts.contains(where: { $0.utf8.contains(0) }) else { return }
        throw failure(EINVAL, "an argument or a variable contains a NUL character")
    }

    /// Finds the program as a shell does, but only in absolute directories of `PATH`; a relative path is not checked.
    @discardableResult
    public func locate() throws(SystemError) -> String {
        if program.hasSlash {
            guard program.isAbsolutePath else { return program }
            guard let status = try FileStatus.at(program, followingLinks: true, "cannot run") else {
                var error = SystemError("cannot run", program, code: ENOENT).examined()
                error.advice = error.advice ?? "install it, or correct the path"
                throw error
            }
            guard status.kind == .regular else { throw failure(EACCES, "is a \(status.kind.rawValue)") }
            guard unsafe access(program, X_OK) == 0 else { throw failure(EACCES, "it is not executable") }
            return program
        }
        let searched = environment["PATH"] ?? "/bin:/usr/bin"
        let directories = searched.split(separator: ":").filter(\.isAbsolutePath)
        var refused: String?
        for directory in directories {
            let candidate = "\(directory)/\(program)"
            guard (try? FileStatus.at(candidate, followingLinks: true, ""))?.kind == .regular else { continue }
            if unsafe access(candidate, X_OK) == 0 { return candidate }
            refused = refused ?? candidate
        }
        if let refused { throw failure(EACCES, "'\(refused)' is not executable") }
        var error = failure(ENOENT, "not found in PATH '\(searched)'")
        error.advice = "install it"
        throw error
    }

    /// Returns the error for a program that the kernel did not start, with the interpreter line of a script.
    private func startFailure(_ path: String, _ code: CInt) -> SystemError {
        let text = code == ENOENT ? "its interpreter, or its loader, does not exist" : SystemError.text(for: code)
        let content = (try? readFile(path, limit: 1 << 20)) ?? []
        let line = content.prefix { $0 != UInt8(ascii: "\n") }
        guard line.starts(with: Array("#!".utf8)) else { return failure(code, text) }
        return failure(code, "\(text) (its first line is '\(String(decoding: line, as: UTF8.self))')")
    }

    private func failure(_ code: CInt, _ detail: String?) -> SystemError {
        SystemError("cannot run", program, code: code, detail: detail)
    }
}

/// Resets `SIGCHLD` when first read; if the signal stayed ignored, the kernel would discard exit statuses.
private let childrenAreKept: Void = {
    signal(SIGCHLD, SIG_DFL)
    return ()
}()

/// Calls a function with a null-terminated array of C strings.
private func withCStrings<Result>(
    _ texts: [String],
    _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result,
) -> Result {
    var pointers = unsafe texts.map { unsafe strdup($0) }
    defer { unsafe pointers.forEach { unsafe free($0) } }
    unsafe pointers.append(nil)
    return unsafe body(pointers)
}
