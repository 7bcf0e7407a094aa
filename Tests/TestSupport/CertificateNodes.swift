import Testing

/// The operator's machine with the task file of the homelab, and the private keys of its operators and six hosts.
public struct CertificateNodes: Sendable {
    public let directory: String
    public let hosts: [String]

    /// The number of certificates that the homelab's table has for these hosts.
    public static let certificateCount = 2 * 13 + 4 * 3

    public init(_ directory: String = TemporaryDirectory.path) async throws {
        self.directory = directory
        let example = try Files.read("\(TestCluster.sourceRoot)/examples/homelab/bootstrap.yaml")
        let controlPlanes = ["ducksnest-controlplane", "ducksnest-test-controlplane"]
        let workers = ["laptop-firebat", "laptop-ultra", "laptop-old", "test-worker-node"].map { "ducksnest-\($0)" }
        hosts = controlPlanes + workers
        try Files.write(example, to: config, mode: 0o644)
        for name in hosts + ["operator"] {
            try Files.makeDirectories(path("private"), mode: 0o700)
            let file = path("private/\(name)")
            try await must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "root@\(name)", "-f", file)
        }
        for host in hosts {
            let key = try Files.read(path("private/\(host).pub"))
            try Files.write(key, to: path("ssh-host-keys/\(host)/ssh_host_ed25519_key.pub"), mode: 0o644)
        }
        try await must("age-keygen", "-o", path("private/age"))
        try await declare()
    }

    /// Writes the drop-in over the example, with further lines of the section `certificates`.
    public func declare(operators: [String] = ["operator", "age"], _ more: String...) async throws {
        var recipients = ""
        for name in operators {
            let key =
                name == "age"
                ? try await must("age-keygen", "-y", path("private/age")) : try text("private/\(name).pub")
            recipients += "    - \(key.split(separator: "\n")[0])\n"
        }
        let text = """
            nodes:
              ducksnest-test-controlplane: {role: control-plane, variables: {lanAddress: 10.100.0.2}}
              ducksnest-test-worker-node: {role: worker}
            certificates:
              recipients:
            \(recipients)\(more.map { "  \($0)\n" }.joined())
            """
        try Files.write(Array(text.utf8), to: path("bootstrap.d/50-test.yaml"), mode: 0o644)
    }

    public var config: String { path("bootstrap.yaml") }

    public var set: String { path("secrets/certs") }

    public func path(_ name: String) -> String { "\(directory)/\(name)" }

    public func text(_ name: String) throws -> String { try Files.text(path(name)) }

    public func start(_ arguments: [String], environment: [String: String?] = [:]) throws -> Tool {
        var variables = environment
        variables.updateValue(nil, forKey: "JOURNAL_STREAM")
        // Texts are compared as a terminal with UTF-8 shows them.
        variables["LC_ALL"] = "C.UTF-8"
        return try Tool(TestNode.program, ["certificates"] + arguments + ["--config", config], environment: variables)
    }

    public func run(_ arguments: String..., environment: [String: String?] = [:]) async throws -> ToolResult {
        try await start(arguments, environment: environment).result()
    }

    /// The calls with which a command changes directories and files, as `strace` names them.
    private static let changes = "mkdirat,fsync,fchmod,symlinkat,renameat,renameat2,unlinkat"

    /// Runs `certificates` with this task file and kills it before a call.
    ///
    /// * `call`: The name of the call, and `:when=` with its number in a thread if it is not the first.
    public func run(_ arguments: [String], killedBefore call: String) async throws -> ToolResult {
        try await trace(["-o", "/dev/null", "-e", "inject=\(call):signal=SIGKILL"], arguments)
    }

    /// Returns the calls with which a command changes directories and files, each as ``run(_:killedBefore:)`` takes it.
    public func changes(of arguments: [String]) async throws -> [String] {
        let result = try await trace(["-o", path("changes"), "-e", "trace=\(Self.changes)"], arguments)
        try #require(result.status == 0, "\(result.errors)")
        // strace counts the calls of each name and thread.
        var counts: [String: Int] = [:]
        return try text("changes").split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            guard words.count > 1, let name = words[1].split(separator: "(").first, words[1].contains("(") else {
                return nil
            }
            counts["\(words[0]) \(name)", default: 0] += 1
            return "\(name):when=\(counts["\(words[0]) \(name)"] ?? 1)"
        }
    }

    private func trace(_ flags: [String], _ arguments: [String]) async throws -> ToolResult {
        let command = [TestNode.program, "certificates"] + arguments + ["--config", config]
        // With one thread for all tasks, the calls of a thread are the same each time.
        let environment = ["JOURNAL_STREAM": nil, "LIBDISPATCH_COOPERATIVE_POOL_STRICT": "1"]
        return try await Tool.run("strace", ["-f", "-qq"] + flags + command, environment: environment)
    }

    public var identity: String { "--identity=\(path("private/operator"))" }

    /// Makes the set, which must not fail.
    public func renew(_ arguments: String...) async throws {
        let result = try await start(["renew", identity] + arguments).result()
        try #require(result.status == 0, "\(result.errors)")
    }

    /// Everything in the set, by its path.
    public func contents() throws -> [String: [UInt8]] {
        var contents: [String: [UInt8]] = [:]
        for file in try files() { contents[file] = try Files.read("\(set)/\(file)") }
        return contents
    }

    public func files(below name: String = "") throws -> [String] {
        try Files.list("\(set)/\(name)").flatMap { entry in
            let path = name.isEmpty ? entry : "\(name)/\(entry)"
            let isDirectory = try Files.status("\(set)/\(path)")?.kind == .directory
            return isDirectory ? try files(below: path) : [path]
        }
    }

    /// Runs a program that must not fail, and returns what it prints.
    @discardableResult
    public func must(_ program: String, _ arguments: String...) async throws -> String {
        let result = try await Tool.run(program, arguments)
        try #require(result.status == 0, "\(program) \(arguments): \(result.errors)\(result.output)")
        return result.output
    }

    public func decrypts(_ key: String, _ file: String) async throws -> Bool {
        try await Tool.run("age", ["-d", "-o", "/dev/null", "-i", path("private/\(key)"), "\(set)/\(file)"]).status == 0
    }
}
