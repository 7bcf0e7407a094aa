import Locking
internal import Glibc

/// A program that a test runs beside itself, and that ends with the test.
public final class ChildProcess: Sendable {
    private let processIdentifier: pid_t
    private let output: Output
    private let isReaped = Locked(false)

    /// Starts a program, which is looked up on `PATH`.
    ///
    /// - Parameters:
    ///   - arguments: The program and its arguments.
    ///   - directory: The directory that it runs in.
    /// - Throws: ``ChildProcessError`` if it cannot be started.
    public init(_ arguments: [String], in directory: String = "/") throws(ChildProcessError) {
        var ends: [Int32] = [-1, -1]
        // Unlike a pipe, which Glibc shows Swift without its flags, a pair of sockets never leaks to another child.
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw ChildProcessError("cannot make a pipe") }
        defer { close(ends[1]) }
        var files = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&files)
        defer { unsafe posix_spawn_file_actions_destroy(&files) }
        unsafe posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&files, ends[1], 1)
        unsafe posix_spawn_file_actions_adddup2(&files, ends[1], 2)

        var identifier: pid_t = 0
        // The shell changes the directory, for which Glibc shows Swift no spawn action.
        let command = ["sh", "-c", "cd \"$0\" && exec \"$@\"", directory] + arguments
        var words = unsafe command.map { unsafe strdup($0) } + [nil]
        defer { unsafe words.forEach { unsafe free($0) } }
        let code = unsafe posix_spawnp(&identifier, command[0], &files, nil, &words, environ)
        guard code == 0 else {
            close(ends[0])
            throw ChildProcessError("cannot start '\(arguments[0])': error \(code)")
        }
        (processIdentifier, output) = (identifier, Output(descriptor: ends[0]))
    }

    deinit {
        end()
    }

    /// Ends the program if it still runs.
    public func end() {
        isReaped.withLock { isReaped in
            guard !isReaped else { return }
            kill(processIdentifier, SIGKILL)
            waitpid(processIdentifier, nil, 0)
            isReaped = true
        }
    }

    /// Every line that the program has printed so far, once it has been waited for.
    public var printedLines: [String] { output.lines.withLock { $0 } }

    /// Reads what the program prints up to a line that has some words in it, and goes on reading behind the scenes.
    ///
    /// - Throws: ``ChildProcessError`` if the program ends before.
    public func waitForLine(containing words: String) throws(ChildProcessError) {
        while let line = output.nextLine() {
            guard !line.contains(words) else {
                // Somebody has to read on, lest the program wait for it; the thread ends with the program.
                startThread { [output] in while output.nextLine() != nil {} }
                return
            }
        }
        throw ChildProcessError("the program ended without printing '\(words)': \(printedLines)")
    }

    /// Runs a program to its end.
    ///
    /// - Throws: ``ChildProcessError`` if it fails, with what it printed.
    public static func run(_ arguments: [String], in directory: String = "/") throws(ChildProcessError) {
        let child = try ChildProcess(arguments, in: directory)
        while child.output.nextLine() != nil {}
        var status: Int32 = 0
        child.isReaped.withLock { isReaped in
            unsafe waitpid(child.processIdentifier, &status, 0)
            isReaped = true
        }
        guard status == 0 else {
            throw ChildProcessError("'\(arguments.joined(separator: " "))' failed: \(child.printedLines)")
        }
    }

    /// Tells whether a program is on `PATH`.
    public static func isInstalled(_ program: String) -> Bool {
        (try? run(["sh", "-c", "command -v \(program)"])) != nil
    }
}

/// The reading end of what a program prints.
private final class Output: Sendable {
    let lines = Locked<[String]>([])
    private let descriptor: Int32

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
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

/// What went wrong with a program that a test needs.
public struct ChildProcessError: Error, CustomStringConvertible {
    /// What went wrong.
    public var description: String

    init(_ description: String) {
        self.description = description
    }
}
