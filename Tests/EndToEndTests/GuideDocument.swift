import TestSupport

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

    /// Reads a document.
    ///
    /// - Parameter path: Its path inside the repository.
    /// - Throws: ``SupportError`` if it cannot be read.
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
