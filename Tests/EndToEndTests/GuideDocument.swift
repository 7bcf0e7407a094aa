import TestSupport
import Testing

/// A document with commands to type, as tests read it.
struct GuideDocument {
    /// A command that the document shows, and what it prints.
    struct Command {
        /// The command, as it is typed.
        var text: String
        /// The output that the document shows.
        var output: String

        /// The command of the program with its flags, or `nil` if another program is called.
        var arguments: [String]? {
            let words = text.split(separator: " ").map(String.init)
            return words.first == "nest-bootstrap" ? Array(words.dropFirst()) : nil
        }
    }

    /// The fenced blocks, without the indentation of the list item that they are in.
    let blocks: [(language: String, text: String)]

    /// Reads a document by its path inside the repository.
    init(_ path: String) throws {
        let bytes = try Files.read("\(TestCluster.sourceRoot)/\(path)")
        var blocks: [(language: String, text: String)] = []
        var open: (language: String, indentation: Int, lines: [Substring])?
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) {
            let body = line.drop { $0 == " " }
            if let (language, indentation, lines) = open {
                if body == "```" {
                    blocks.append((language, lines.map { "\($0)\n" }.joined()))
                    open = nil
                } else {
                    open = (language, indentation, lines + [line.dropFirst(indentation)])
                }
            } else if body.hasPrefix("```") {
                open = (String(body.dropFirst(3)), line.count - body.count, [])
            }
        }
        self.blocks = blocks
    }

    /// The blocks in a language.
    func blocks(_ language: String) -> [String] { blocks.filter { $0.language == language }.map(\.text) }

    /// The commands of the program, by the blocks that they are in; other commands are left out.
    var sessions: [[Command]] {
        blocks("console").map { Self.commands(in: $0).filter { $0.arguments != nil } }
    }

    /// The commands of a block, each after a `#`, which is the prompt of root.
    static func commands(in block: String) -> [Command] {
        "\n\(block)".split(separator: "\n# ", omittingEmptySubsequences: false).dropFirst().map { part in
            let lines = part.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
            return Command(text: String(lines[0]), output: lines.count > 1 ? String(lines[1]) : "")
        }
    }
}

/// The differences between two states of an object, a line each: the path of a value that came (`+`), went (`-`) or has
/// changed (`~`).
///
/// What the server counts and what it records of managers is left out.
func changes(from old: JSON, to new: JSON) -> [String] {
    let (old, new) = (leaves(of: old), leaves(of: new))
    return Set(old.keys).union(new.keys).sorted().compactMap { path in
        switch (old[path], new[path]) {
        case (nil, _): "+ \(path)"
        case (_, nil): "- \(path)"
        case (let old, let new): old == new ? nil : "~ \(path)"
        }
    }
}

private func leaves(of node: JSON, path: String = "") -> [String: JSON] {
    let counted: Set = ["managedFields", "resourceVersion", "generation", "deprecated.daemonset.template.generation"]
    var result: [String: JSON] = [:]
    switch node {
    case .mapping(let mapping):
        for entry in mapping where !counted.contains(entry.key) {
            result.merge(leaves(of: entry.value, path: path.isEmpty ? entry.key : "\(path).\(entry.key)")) { $1 }
        }
    case .sequence(let items):
        for (index, item) in items.enumerated() { result.merge(leaves(of: item, path: "\(path)[\(index)]")) { $1 } }
    default: result[path] = node
    }
    return result
}

extension TestNode {
    /// Puts an administrator's kubeconfig with its credentials in it on the node, as k3s and kubeadm do.
    func installKubeconfig(of cluster: TestCluster, at path: String) async throws {
        let result = try await cluster.kubectl("config", "view", "--raw", "--flatten", "--minify")
        try #require(result.status == 0, "\(result.errors)")
        try Files.write(Array(result.output.utf8), to: written(path), mode: 0o600)
    }

    /// The output of a command on this node as a document shows it, with its paths and without the flags of the test.
    func asDocumented(_ output: String) -> String {
        output.replacing(" --config \(config) --root \(root)", with: "")
            .replacing("\(directory)/", with: "/etc/nest-bootstrap/")
    }

    /// Runs the program on a terminal, where its output looks otherwise than in a pipe.
    ///
    /// - Returns: The exit status, and what the terminal shows at the end.
    func runOnTerminal(_ arguments: [String], columns: Int = 120) async throws -> (status: Int32, text: String) {
        let environment: [String: String?] = [
            "TERM": "xterm", "LC_ALL": "C.UTF-8", "NO_COLOR": nil, "NEST_ROLE": nil, "JOURNAL_STREAM": nil,
        ]
        let flags = ["--config", config, "--root", root]
        let run = try TerminalTool(Self.program, arguments + flags, environment: environment, columns: columns)
        let status = await run.result()
        return (status, run.screen.text)
    }
}

extension StringProtocol {
    /// The text without the times that tasks took, and without the spaces after these.
    var withoutTimes: String { String(self).replacing(/\d+(\.\d+)? m?s\ */, with: "") }
}
