/// A mapping of the task file with its keys.
public struct ReferenceSection: Sendable, Hashable {
    /// Where the mapping is: `cluster`, `nodes.HOST`, `tasks.NAME`, or `tasks.NAME.VERB`.
    public var path: String

    /// What it is for, in a sentence without a full stop.
    public var summary: String

    /// Its keys.
    public var keys: [KeyDescription]

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
        case .string, .text, .integer, .number, .boolean, .duration, .mode, .path, .absolutePath, .url, .endpoint,
            .address, .addressRange, .portRange, .name, .account, .enumeration:
            []
        }
    }
}

/// Every mapping of the task file with its keys, as the reader knows them.
public func taskFileReference() -> [ReferenceSection] {
    [
        ReferenceSection(
            path: "cluster",
            summary: "the cluster that the nodes belong to",
            keys: ClusterReader.Keys.all
        ),
        ReferenceSection(
            path: "nodes.HOST",
            summary: "a node by its host name",
            keys: ClusterReader.NodeKeys.all
        ),
        ReferenceSection(
            path: "variables.NAME",
            summary: "a variable with a text for every node of a list",
            keys: NodeText.Keys.all
        ),
        ReferenceSection(
            path: "certificates",
            summary: "the certificates of all nodes, which `nest-bootstrap certificates` makes",
            keys: CertificateKeys.all
        ),
        ReferenceSection(path: "tasks.NAME", summary: "a task, with exactly one verb", keys: TaskReader.Keys.all),
    ]
        + verbTypes.map {
            ReferenceSection(path: "tasks.NAME.\($0.name)", summary: $0.summary, keys: $0.keys)
        }
}
