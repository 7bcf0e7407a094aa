import Glibc

public struct ToolResult: Sendable, Hashable {
    /// The exit code, or 128 and the signal that ended it, as a shell has it.
    public var status: Int32

    public var output: String

    public var errors: String

    public init(status: Int32, output: String, errors: String) {
        (self.status, self.output, self.errors) = (status, output, errors)
    }
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
    /// * `program`: Its path, or a name to look for on the PATH.
    /// * `environment`: Variables over those of the test process; `nil` takes one away.
    public init(
        _ program: String,
        _ arguments: [String] = [],
        environment: [String: String?] = [:],
        input: String = "",
    ) throws(SupportError) {
        let random = String(UInt64.random(in: .min ... .max), radix: 36)
        directory = "\(TestProcess.temporaryDirectory)/nest-tool.\(random)"
        try Files.makeDirectories(directory, mode: 0o700)
        try Files.write([UInt8](input.utf8), to: "\(directory)/input", mode: 0o600)
        var variables = TestProcess.environment
        for (name, value) in environment { variables[name] = value }
        processIdentifier = try spawn(
            [program] + arguments,
            environment: variables.map { "\($0.key)=\($0.value)" },
            streams: [
                .file("\(directory)/input", flags: O_RDONLY),
                .file("\(directory)/output", flags: O_WRONLY | O_CREAT | O_APPEND),
                .file("\(directory)/errors", flags: O_WRONLY | O_CREAT | O_APPEND),
            ],
        )
    }

    /// What the program has written to standard output until now.
    public func outputSoFar() -> String { text("output") }

    /// What the program has written to standard error until now.
    public func errorsSoFar() -> String { text("errors") }

    /// Sends the program a signal.
    ///
    /// * `number`: The signal; one of a program that has ended goes nowhere.
    public func signal(_ number: Int32) { _ = kill(processIdentifier, number) }

    /// Waits until the program has ended; to be called once.
    public func result() async -> ToolResult {
        await onTestThread { blockingResult() }
    }

    /// Waits until the program has ended, on the caller's thread.
    func blockingResult() -> ToolResult {
        var status: Int32 = 0
        while unsafe waitpid(processIdentifier, &status, 0) == -1 && errno == EINTR {}
        let signal = status & 0x7F
        let code = signal == 0 ? (status >> 8) & 0xFF : 128 + signal
        let result = ToolResult(status: code, output: text("output"), errors: text("errors").withoutVersionWarning)
        try? Files.removeTree(directory)
        return result
    }

    private func text(_ file: String) -> String {
        let bytes = try? Files.read("\(directory)/\(file)")
        return String(decoding: bytes ?? [], as: UTF8.self)
    }

    /// Runs a program to its end.
    public static func run(
        _ program: String,
        _ arguments: [String] = [],
        environment: [String: String?] = [:],
        input: String = "",
    ) async throws(SupportError) -> ToolResult {
        await (try Tool(program, arguments, environment: environment, input: input)).result()
    }
}

extension String {
    /// The text without the warning of every run on Kubernetes 1.20, on which tests also run.
    var withoutVersionWarning: String {
        split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.hasSuffix(" and later is supported") }
            .joined(separator: "\n")
    }

    /// The text with the times that differ from run to run replaced by `NOW`, and durations by `SOON`.
    ///
    /// Times before 2025 stay: they are dates that a test has chosen.
    public var masked: String {
        replacing(/20(2[5-9]|[3-9]\d)-\d\d-\d\dT\d\d:\d\d:\d\dZ/, with: "NOW")
            .replacing(/gives up at \d\d:\d\d:\d\dZ/, with: "gives up at NOW")
            .replacing(/\ in (\d+(\.\d+)? m?s|\d+[hm] \d+[ms])\b/, with: " in SOON")
    }
}

extension ToolResult {
    /// The objects of an output in which every line is one.
    public func events(_ name: String? = nil) throws -> [JSON] {
        try outputLines.map { try $0.json }.filter { name == nil || $0["event"]?.string == name }
    }
}
