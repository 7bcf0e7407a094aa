@testable import Planning

/// A mapping of the task file with its keys.
struct ReferenceSection: Sendable, Hashable {
    /// The path of the mapping in the task file: `cluster`, `nodes.HOST`, `tasks.NAME`, or `tasks.NAME.VERB`.
    var path: String
    var keys: [KeyDescription]

    /// Creates the section of a key whose value is a mapping or maps names to mappings.
    ///
    /// Verbs have separate sections.
    init(_ key: ReferencedKey) {
        let keys = key.keys.filter { !$0.isVerb }
        path = (keys.first?.place.dropLast() ?? key.place[...]).joined(separator: ".")
        self.keys = keys.map(\.description)
    }

    /// The table rows of all keys and of the keys nested below them: key, type, default, meaning.
    var rows: [[String]] {
        Self.rows(keys, below: "")
    }

    private static func rows(_ keys: [KeyDescription], below prefix: String) -> [[String]] {
        keys.flatMap { key in
            let name = prefix + key.name
            let row = ["`\(name)`", key.type.description, key.presenceText, key.meaning]
            return [row] + rows(key.type.nestedKeys, below: name + ".")
        }
    }

    /// The rows as a Markdown table.
    var markdown: String {
        let header = ["| key | type | default | meaning |", "| --- | --- | --- | --- |"]
        let lines = header + rows.map { "| \($0.joined(separator: " | ")) |" }
        return lines.map { $0 + "\n" }.joined()
    }
}

/// Returns every mapping of the task file with the keys that the reader accepts.
func taskFileReference() -> [ReferenceSection] {
    let sections = ReferencedKey.sections
    return (sections + sections.flatMap(\.keys).filter(\.isVerb)).map(ReferenceSection.init)
}

extension ValueType {
    /// The keys of the mapping, or of the mappings that a value of this type contains.
    fileprivate var nestedKeys: [KeyDescription] {
        switch self {
        case .mapping(let keys): keys
        case .array(let type), .dictionary(let type): type.nestedKeys
        case .either(let types): types.flatMap(\.nestedKeys)
        default: []
        }
    }
}
