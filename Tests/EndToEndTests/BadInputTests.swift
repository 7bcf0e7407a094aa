import TestSupport
import Testing

/// Files that are not what they should be: one line each, the right exit code, never a trap or a hang.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct BadInputTests {
    /// Values where a text is expected.
    enum Content: String, CaseIterable, Sendable {
        case nothing, empty, comments, binary, gigantic, directory, pipe, dangling, list, scalar, two
        case deep, laughs, latin

        /// Puts it at a path.
        func make(at path: String) async throws {
            switch self {
            case .nothing: break
            case .gigantic: _ = try await Tool.run("truncate", ["-s", "8G", path])
            case .directory: try Files.makeDirectories(path)
            case .pipe: _ = try await Tool.run("mkfifo", [path])
            case .dangling: try Files.makeSymbolicLink(at: path, to: "/nowhere/to/be/found")
            default: try Files.write(bytes, to: path, mode: 0o644)
            }
        }

        private var bytes: [UInt8] {
            switch self {
            case .comments: Array("# nothing\n---\n# and nothing\n".utf8)
            case .binary: [0x7F, 0x45, 0x4C, 0x46, 0, 1, 2, 0xFF, 0xFE, 0]
            case .list: Array("- a\n- b\n".utf8)
            case .scalar: Array("just words\n".utf8)
            case .two: Array("tasks: {}\n---\ntasks: {}\n".utf8)
            case .deep: Array(repeating: UInt8(ascii: "["), count: 100_000)
            case .laughs: Array(Self.laughter.utf8)
            case .latin: Array("tasks: {a: ".utf8) + [0xE9, 0xE8] + Array("}\n".utf8)
            default: []
            }
        }

        /// Nine times nine times nine and so on.
        private static var laughter: String {
            (1..<12).reduce("a0: &a0 [ha]\n") { text, level in
                let items = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
                return text + "a\(level): &a\(level) [\(items)]\n"
            }
        }
    }

    @Test(arguments: Content.allCases)
    func `a bad task file ends in one line and 78`(content: Content) async throws {
        let node = try TestNode("")
        #expect(try Files.remove(node.config))
        try await content.make(at: node.config)
        let result = try await node.run("run")
        show("task file: \(content)", ours: result)
        #expect(result.status == 78)
        #expect(result.output == "")
        #expect(result.errorLines.count == 1, "\(result.errors)")
        #expect(result.errors.hasPrefix(node.config), "\(result.errors)")
    }

    @Test(.needsAPIServer) func `bad manifests end in one line each, and the good one is applied`() async throws {
        let cluster = try await TestCluster.shared(namespace: "bad-input")
        let tasks = Content.allCases.map { content in
            "  \(content): {apply: {kubeconfig: \(cluster.kubeconfig), manifests: [\(content).yaml, good-\(content).yaml]}}\n"
        }
        let node = try TestNode("tasks:\n\(tasks.joined())")
        for content in Content.allCases {
            try await content.make(at: node.path("\(content).yaml"))
            let good = "{apiVersion: v1, kind: ConfigMap, metadata: {name: \(content), namespace: bad-input}}"
            try node.write(good, to: "good-\(content).yaml")
        }
        let result = try await node.run("run")
        #expect(result.status == 1)
        show("manifests", ours: result)
        for content in Content.allCases {
            let lines = result.errorLines.filter { $0.hasPrefix("\(content): error: ") }
            // Each of two documents has its own line.
            #expect(lines.count == (content == .two ? 2 : 1), "\(content): \(lines)")
            #expect(lines.allSatisfy { $0.contains(node.directory) }, "\(lines)")
            let applied = try await cluster.object("configmap", "\(content)", namespace: "bad-input")
            #expect(applied["kind"]?.string == "ConfigMap")
        }
    }

    @Test func `bad kubeconfigs and credentials end in one line each`() async throws {
        let contents = Content.allCases.filter { ![.laughs, .two].contains($0) }
        let tasks = contents.map { content in
            """
              k-\(content): {timeout: 10s, apply: {kubeconfig: \(content), manifests: [good.yaml]}}
              c-\(content): {kubeconfig: {path: /etc/\(content), user: u, certificate: \(content), key: k, \
            server: "https://127.0.0.1:9", certificateAuthority: \(content)}}

            """
        }
        let node = try TestNode("tasks:\n\(tasks.joined())")
        try node.write("{apiVersion: v1, kind: Namespace, metadata: {name: m}}", to: "good.yaml")
        try node.write("no key", to: "k")
        for content in contents { try await content.make(at: node.path("\(content)")) }
        let result = try await node.run("run")
        #expect(result.status == 1)
        show("kubeconfigs and certificates", ours: result)
        for name in contents.flatMap({ ["k-\($0)", "c-\($0)"] }) {
            let lines = result.errorLines.filter { $0.hasPrefix("\(name): error: ") }
            #expect(lines.count == 1, "\(name): \(lines)")
            #expect(lines.first?.contains(node.directory) == true, "\(lines)")
        }
        #expect(try Files.exists(node.written("/etc")) == false)
    }
}
