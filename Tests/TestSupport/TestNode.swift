/// A node in a directory: its task files, a root for what its tasks write, and the program under test.
public struct TestNode: Sendable {
    public let directory: String

    /// The program under test: the one that the environment variable `NEST_PROGRAM` names, or else the release build.
    public static let program =
        TestProcess.environment["NEST_PROGRAM"] ?? "\(TestCluster.sourceRoot)/.build/release/nest-bootstrap"

    public init(_ tasks: String, in directory: String = TemporaryDirectory.path) throws(SupportError) {
        self.directory = directory
        try Files.makeDirectories(root)
        try write(tasks, to: "bootstrap.yaml")
    }

    public var config: String { path("bootstrap.yaml") }

    /// The folder in front of every path that a task writes.
    public var root: String { path("root") }

    /// Makes the path of a file of the node that no task writes.
    public func path(_ name: String) -> String { "\(directory)/\(name)" }

    /// Makes the path at which a task has written a file.
    public func written(_ path: String) -> String { root + path }

    /// Writes a file, in the node's directory.
    @discardableResult
    public func write(_ text: String, to name: String, mode: UInt32 = 0o644) throws(SupportError) -> String {
        try Files.write(Array(text.utf8), to: path(name), mode: mode)
        return path(name)
    }

    /// Starts the program for this node.
    ///
    /// * `arguments`: The command and what follows; `--config` and `--root` are added.
    public func start(
        _ arguments: [String],
        environment: [String: String?] = [:],
    ) throws(SupportError) -> Tool {
        // What the test process itself was started by must not reach the program.
        var variables = environment
        for name in ["NEST_ROLE", "JOURNAL_STREAM"] where variables[name] == nil {
            variables.updateValue(nil, forKey: name)
        }
        return try Tool(Self.program, arguments + ["--config", config, "--root", root], environment: variables)
    }

    /// Runs the program for this node to its end, as ``start(_:environment:)`` does.
    public func run(
        _ arguments: String...,
        environment: [String: String?] = [:]
    ) async throws(SupportError) -> ToolResult {
        await (try start(arguments, environment: environment)).result()
    }
}

extension ToolResult {
    public var outputLines: [String] { Self.lines(output) }

    public var errorLines: [String] { Self.lines(errors) }

    private static func lines(_ text: String) -> [String] { text.split(whereSeparator: \.isNewline).map(String.init) }
}
