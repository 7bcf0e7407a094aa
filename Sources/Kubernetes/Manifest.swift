public import YAML

/// One object as a manifest describes it.
public struct Manifest: Sendable {
    /// What the object is called; the namespace is the written one.
    public var identity: ObjectIdentity

    /// The object, with the places of its parts.
    public var root: Node

    /// Which document of its file it stands in, counted from one.
    public var documentIndex: Int

    /// Creates a manifest.
    public init(identity: ObjectIdentity, root: Node, documentIndex: Int) {
        self.identity = identity
        self.root = root
        self.documentIndex = documentIndex
    }

    /// Where the object begins.
    public var place: Place { root.place }
}

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
                diagnostics += found.all
            case .success(let document):
                guard let root = document.root, !root.isNull else { continue }
                let (node, problems) = transform(root)
                diagnostics += problems
                if problems.isEmpty { add(node, documentIndex: document.index, depth: 0) }
            }
        }
    }

    /// Lists in lists are opened this deep.
    private static let listDepthLimit = 8

    private mutating func add(_ node: Node, documentIndex: Int, depth: Int) {
        if let kind = node["kind"]?.string, kind.hasSuffix("List"), let items = node["items"]?.sequence {
            guard depth < Self.listDepthLimit else {
                diagnostics.append(
                    Diagnostic(node.place, "lists stand in lists more than \(Self.listDepthLimit) levels deep")
                )
                return
            }
            for item in items where !item.isNull {
                add(item, documentIndex: documentIndex, depth: depth + 1)
            }
            return
        }
        do {
            let identity = try ObjectIdentity(written: node, documentIndex: documentIndex)
            manifests.append(Manifest(identity: identity, root: node, documentIndex: documentIndex))
        } catch {
            diagnostics += error.all
        }
    }
}
