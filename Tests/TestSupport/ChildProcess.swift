internal import Glibc

/// A program that a test runs beside itself, and that ends with the test.
public final class ChildProcess: Sendable {
    private let processIdentifier: Int32
    private let output: Output
    private let isReaped = Protected(false)

    /// Starts a program, which is looked up on `PATH`.
    ///
    /// * `hasInput`: Whether ``write(_:)`` reaches it; without that its input is empty.
    public init(
        _ arguments: [String],
        in directory: String = "/",
        hasInput: Bool = false,
    ) throws(SupportError) {
        var ends: [Int32] = [-1, -1]
        // Unlike a pipe, which Glibc shows Swift without its flags, a pair of sockets never leaks to another child.
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw SupportError("cannot make a pipe") }
        defer { close(ends[1]) }
        // The shell changes the directory, for which Glibc shows Swift no spawn action.
        let command = ["sh", "-c", "cd \"$0\" && exec \"$@\"", directory] + arguments
        do throws(SupportError) {
            processIdentifier = try spawn(
                command,
                environment: TestProcess.environment.map { "\($0.key)=\($0.value)" },
                streams: [
                    hasInput ? .descriptor(ends[1]) : .file("/dev/null", flags: O_RDONLY), .descriptor(ends[1]),
                    .descriptor(ends[1]),
                ],
            )
        } catch {
            close(ends[0])
            throw error
        }
        output = Output(descriptor: ends[0])
    }

    deinit {
        end()
    }

    public func end() {
        isReaped.withLock { isReaped in
            guard !isReaped else { return }
            kill(processIdentifier, SIGKILL)
            waitpid(processIdentifier, nil, 0)
            isReaped = true
        }
    }

    public var isRunning: Bool {
        isReaped.withLock { isReaped in
            if !isReaped { isReaped = waitpid(processIdentifier, nil, WNOHANG) == processIdentifier }
            return !isReaped
        }
    }

    /// Reads the output in the background from now on; a program would block on output that is never read.
    public func collectOutput() { onEveryLine { _ in } }

    /// Every line of the output that has been read so far.
    public var printedLines: [String] { output.lines.withLock { $0 } }

    public func write(_ text: String) {
        output.write(text)
    }

    /// Calls a closure with every further line of the output, on a thread that ends with the program.
    func onEveryLine(_ body: @escaping @Sendable (String) -> Void) {
        startTestThread { [output] in while let line = output.nextLine() { body(line) } }
    }

    /// Reads the output up to a line that contains a text, and continues to read in the background.
    public func waitForLine(containing words: String) throws(SupportError) {
        while let line = output.nextLine() {
            guard !line.contains(words) else {
                return collectOutput()
            }
        }
        throw SupportError("the program ended without printing '\(words)': \(printedLines)")
    }

    public static func run(_ arguments: [String], in directory: String = "/") throws(SupportError) {
        let child = try ChildProcess(arguments, in: directory)
        while child.output.nextLine() != nil {}
        var status: Int32 = 0
        child.isReaped.withLock { isReaped in
            unsafe waitpid(child.processIdentifier, &status, 0)
            isReaped = true
        }
        guard status == 0 else {
            throw SupportError("'\(arguments.joined(separator: " "))' failed: \(child.printedLines)")
        }
    }

    public static func isInstalled(_ program: String) -> Bool {
        (try? run(["sh", "-c", "command -v \(program)"])) != nil
    }
}

/// The reading end of what a program prints.
private final class Output: Sendable {
    let lines = Protected<[String]>([])
    private let descriptor: Int32

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    func nextLine() -> String? {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while unsafe read(descriptor, &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
        guard byte == UInt8(ascii: "\n") || !line.isEmpty else { return nil }
        let text = String(decoding: line, as: UTF8.self)
        lines.withLock { $0.append(text) }
        return text
    }
}

/// What a standard stream of a child process is.
enum ChildStream {
    case file(String, flags: Int32)
    case descriptor(Int32)
}

/// Starts a process that inherits nothing but its three standard streams.
///
/// * `arguments`: The program, which is looked up on `PATH`, and its arguments.
func spawn(
    _ arguments: [String],
    environment: [String],
    streams: [ChildStream],
) throws(SupportError) -> Int32 {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for (number, stream) in streams.enumerated() {
        switch stream {
        case .file(let path, let flags):
            unsafe posix_spawn_file_actions_addopen(&actions, Int32(number), path, flags, 0o600)
        case .descriptor(let descriptor):
            unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
        }
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
    var code: Int32 = 0
    // A child that another test starts has a program that this process has just written open until it runs its own.
    for _ in 0..<600 {
        code = unsafe posix_spawnp(&process, arguments[0], &actions, &attributes, &argv, &envp)
        if code != ETXTBSY { break }
        poll(nil, 0, 50)
    }
    guard code == 0 else { throw SupportError("cannot run", arguments[0], code: code) }
    return process
}
