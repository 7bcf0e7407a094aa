/// A mapping of the task file with its keys.
public struct ReferenceSection: Sendable, Hashable {
    /// Where the mapping is: `cluster`, `nodes.HOST`, `tasks.NAME`, or `tasks.NAME.VERB`.
    public var path: String
    public var keys: [KeyDescription]

    /// Creates the section of a key whose value is a mapping, or has mappings below names; verbs have their own.
    fileprivate init(_ key: ReferencedKey) {
        let keys = key.keys.filter { !$0.isVerb }
        path = (keys.first?.place.dropLast() ?? key.place[...]).joined(separator: ".")
        self.keys = keys.map(\.description)
    }

    /// A table row for every key, and for every key of a mapping below a key: key, type, default, meaning.
    public var rows: [[String]] {
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
    public var markdown: String {
        let header = ["| key | type | default | meaning |", "| --- | --- | --- | --- |"]
        let lines = header + rows.map { "| \($0.joined(separator: " | ")) |" }
        return lines.map { $0 + "\n" }.joined()
    }
}

extension ValueType {
    /// The keys of a mapping of this type, or of one that a list of this type may have.
    var nestedKeys: [KeyDescription] {
        switch self {
        case .mapping(let keys): keys
        case .array(let type), .dictionary(let type): type.nestedKeys
        case .either(let types): types.flatMap(\.nestedKeys)
        case .string, .text, .integer, .number, .boolean, .duration, .mode, .path, .absolutePath, .url, .serverURL,
            .endpoint, .address, .addressRange, .portRange, .digest, .name, .capability, .account, .enumeration:
            []
        }
    }
}

/// Every mapping of the task file with its keys, as the reader knows them.
public func taskFileReference() -> [ReferenceSection] {
    let sections = ReferencedKey.sections
    return (sections + sections.flatMap(\.keys).filter(\.isVerb)).map(ReferenceSection.init)
}
