public import YAML

/// What a file of manifests holds, and what is wrong with it.
public struct ManifestFile: Sendable {
    /// The objects that could be read, in the order of the file.
    public var manifests: [Manifest] = []

    /// What its author must fix; a faulty document does not stop the others.
    public var diagnostics: [Diagnostic] = []

    /// Reads all objects of a text.
    ///
    /// Documents that hold nothing are passed over and lists are opened into their items, as kubectl does.
    ///
    /// - Parameters:
    ///   - bytes: The text, YAML or JSON.
    ///   - file: The name that places carry.
    ///   - transform: What is done to each document before it is read, such as the replacing of variables.
    public init(
        _ bytes: [UInt8],
        file: String,
        transform: (Node) -> (Node, [Diagnostic]) = { ($0, []) },
    ) {
        var reader = DocumentReader(bytes, file: file)
        while let result = reader.next() {
            switch result {
            case .failure(let found):
                diagnostics += Self.mayHoldSecret(bytes) ? found.all.map(\.masked) : found.all
            case .success(let document):
                guard let root = document.root, !root.isNull else { continue }
                let (node, problems) = transform(root)
                diagnostics += problems
                if problems.isEmpty { add(node, documentIndex: document.index, depth: 0) }
            }
        }
    }

    /// Whether a text describes a Secret; where it cannot be parsed, nobody knows which of its words are secret.
    private static func mayHoldSecret(_ bytes: [UInt8]) -> Bool {
        bytes.firstRange(of: Array("Secret".utf8)) != nil
    }

    /// Lists in lists are opened this deep.
    private static let listDepthLimit = 8

    private mutating func add(_ node: Node, documentIndex: Int, depth: Int) {
        let (kind, items) = (node["kind"]?.string ?? "", node["items"] ?? .null(place: node.place))
        if kind == "List" || kind.hasSuffix("List") && items.sequence != nil {
            addItems(items, of: node, kind: kind, documentIndex: documentIndex, depth: depth)
            return
        }
        do {
            let identity = try ObjectIdentity(written: node, documentIndex: documentIndex)
            manifests.append(Manifest(identity: identity, root: node, documentIndex: documentIndex))
        } catch {
            diagnostics += error.all
        }
    }

    private mutating func addItems(_ items: Node, of list: Node, kind: String, documentIndex: Int, depth: Int) {
        // A list without items holds nothing, as an empty document.
        guard let elements = items.isNull ? [] : items.sequence else {
            let message = "'items' of document \(documentIndex) is \(items.kindName), not a list"
            diagnostics.append(Diagnostic(items.place, message, hint: "write each item as '- apiVersion: …'"))
            return
        }
        guard depth < Self.listDepthLimit else {
            let message = "lists stand in lists more than \(Self.listDepthLimit) levels deep"
            diagnostics.append(Diagnostic(list.place, message))
            return
        }
        for element in elements where !element.isNull {
            let item = kind == "List" ? element : Self.typed(element, by: list, kind: kind)
            add(item, documentIndex: documentIndex, depth: depth + 1)
        }
    }

    /// An item of a list such as `ConfigMapList`; the items may leave out what the list says for all.
    private static func typed(_ item: Node, by list: Node, kind: String) -> Node {
        guard var mapping = item.mapping, mapping["kind"] == nil, mapping["apiVersion"] == nil else { return item }
        mapping["apiVersion"] = list["apiVersion"]
        mapping["kind"] = Node(.string(String(kind.dropLast("List".count))), place: list["kind"]?.place ?? list.place)
        return Node(.mapping(mapping), place: item.place)
    }
}

extension Diagnostic {
    /// The diagnostic without the words of the file, which stand in quotes, and without what would repeat them.
    fileprivate var masked: Diagnostic {
        let parts = message.split(separator: "'", omittingEmptySubsequences: false)
        let message = parts.enumerated().map { $0 % 2 == 0 ? String($1) : "***" }.joined(separator: "'")
        return Diagnostic(place, message, hint: hint == nil ? nil : "look at the line; its words may be secret")
    }
}
