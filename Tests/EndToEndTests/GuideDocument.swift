import TestSupport

/// A guide of `docs/migration`, as tests read it.
struct MigrationGuide {
    /// A command of the program that the guide shows, and what it prints.
    struct Command {
        /// The command with its flags.
        var arguments: [String]
        /// What the guide shows as its output.
        var output: String
    }

    /// The fenced blocks, without the indentation of the list item that they are in.
    private let blocks: [(language: String, text: String)]

    /// Reads a guide.
    ///
    /// - Parameter name: The name of the file, without its extension.
    /// - Throws: ``SupportError`` if it cannot be read.
    init(_ name: String) throws {
        let bytes = try Files.read("\(TestCluster.sourceRoot)/docs/migration/\(name).md")
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
        blocks("console").map { block in
            let parts = "\n\(block)".split(separator: "\n# nest-bootstrap ", omittingEmptySubsequences: false)
            return parts.dropFirst().map { text in
                let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
                let output = lines.dropFirst().prefix { !$0.hasPrefix("# ") }
                return Command(
                    arguments: lines[0].split(separator: " ").map(String.init),
                    output: output.joined(separator: "\n")
                )
            }
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
