public import Base

/// The objects in a manifest file, and the problems of the file.
public struct ManifestFile: Sendable {
    /// The objects that could be read, in the order of the file.
    public var manifests: [ManifestObject] = []

    public var diagnostics: [Problem] = []

    /// Reads all objects in a YAML or JSON text; a broken document does not affect other documents.
    ///
    /// Empty documents are skipped and lists are expanded into their items, as kubectl does. `transform` changes each
    /// document before its objects are read, for example to replace variables.
    public init(
        _ bytes: [UInt8],
        file: String,
        transform: (Node) -> (Node, [Problem]) = { ($0, []) },
    ) {
        if let format = ContentFormat.recognised(bytes, path: file), format.kind != .empty {
            diagnostics = [format.problem(path: file, expected: "a manifest")]
            return
        }
        // The kind of a document that cannot be parsed is unknown, so the whole text is searched for `Secret`.
        lazy var mayHaveSecret = bytes.mentionsSecret
        for result in readEachDocument(bytes, file: file) {
            switch result {
            case .failure(let invalid):
                diagnostics += mayHaveSecret ? invalid.problems.all.map(\.masked) : invalid.problems.all
            case .success(let document):
                guard let root = document.root, !root.isNull else { continue }
                let (node, problems) = transform(root)
                diagnostics +=
                    Self.describesSecret(root) || Self.describesSecret(node) ? problems.map(\.masked) : problems
                guard problems.isEmpty else { continue }
                add(node, documentIndex: document.index, depth: 0)
            }
        }
    }

    /// Returns whether the kind of a document, or of an item of a list, begins with `Secret`.
    private static func describesSecret(_ node: Node, depth: Int = 0) -> Bool {
        if node["kind"]?.string?.hasPrefix("Secret") == true { return true }
        guard depth < listDepthLimit else { return false }
        return (node["items"]?.sequence ?? []).contains { describesSecret($0, depth: depth + 1) }
    }

    /// The maximum nesting depth of lists.
    private static let listDepthLimit = 8

    private mutating func add(_ node: Node, documentIndex: Int, depth: Int) {
        if Self.isList(node) {
            // A list without items is treated like an empty document.
            guard let items = node["items"], !items.isNull else { return }
            guard let elements = items.sequence else {
                let message = "'items' of document \(documentIndex) is \(items.kindName), not a list"
                diagnostics.append(
                    Problem(message, at: items.location, hint: "write each item as '- apiVersion: …'")
                )
                return
            }
            guard depth < Self.listDepthLimit else {
                let message = "List objects are nested more than \(Self.listDepthLimit) levels deep"
                diagnostics.append(Problem(message, at: node.location))
                return
            }
            for element in elements where !element.isNull {
                add(Self.typed(element, by: node), documentIndex: documentIndex, depth: depth + 1)
            }
            return
        }
        do {
            let identity = try ObjectIdentity(written: node, documentIndex: documentIndex)
            let data = ["data", "stringData"].flatMap { node[$0]?.mapping?.entries ?? [] }
            let encrypted = data.filter { $0.value.string?.hasPrefix("ENC[AES256_GCM,") == true }
            diagnostics += encrypted.map { entry in
                let message = "\(identity): '\(entry.key)' is encrypted by SOPS, and the cluster would get it as it is"
                return Problem(message, at: entry.value.location)
            }
            guard encrypted.isEmpty else { return }
            manifests.append(ManifestObject(identity: identity, root: node))
        } catch {
            diagnostics += error.all
        }
    }

    private static func isList(_ node: Node) -> Bool {
        let kind = node["kind"]?.string ?? ""
        return kind == "List" || kind.hasSuffix("List") && node["items"]?.sequence != nil
    }

    /// Adds `apiVersion` and `kind` to an item of a typed list such as `ConfigMapList`, whose items may omit them.
    private static func typed(_ item: Node, by list: Node) -> Node {
        guard let kind = list["kind"]?.string, kind != "List", var mapping = item.mapping, mapping["kind"] == nil,
            mapping["apiVersion"] == nil
        else { return item }
        mapping["apiVersion"] = list["apiVersion"]
        mapping["kind"] = Node(
            .string(String(kind.dropLast("List".count))),
            location: list["kind"]?.location ?? list.location
        )
        return Node(.mapping(mapping), location: item.location)
    }
}

extension Problem {
    /// Whether the message quotes only a YAML 1.1 boolean such as `yes`, which is not secret.
    private var quotesBoolean: Bool {
        message.wholeMatch(of: /key '\w{1,5}' is the boolean \w+ in YAML 1.1, so it would become '\w+'/) != nil
    }

    /// The problem, with values that may be secret masked.
    ///
    /// Quoted text may contain quotes, so everything between the first and the last quote is masked.
    fileprivate var masked: Problem {
        guard !quotesBoolean, publicMessage == nil else { return self }
        let isQuoting = hint?.contains { $0 == "'" || $0 == "\"" } == true || message.contains("'")
        let hint = hint == nil || !isQuoting ? hint : "see the line; it is not shown because it may be secret"
        guard let first = message.firstIndex(of: "'"), let last = message.lastIndex(of: "'"), first != last else {
            return Problem(message, at: location, hint: hint)
        }
        let message = message[..<first] + "'***'" + message[message.index(after: last)...]
        return Problem(String(message), at: location, hint: hint)
    }
}

extension [UInt8] {
    /// Whether the text contains the characters `Secret`, and so may describe a Secret.
    public var mentionsSecret: Bool { !ranges(of: Array("Secret".utf8)).isEmpty }
}
