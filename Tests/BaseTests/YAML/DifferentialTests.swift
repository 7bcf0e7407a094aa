import Base
import TestSupport
import Testing

/// The files of this repository, as our parser and PyYAML read them.
@Suite(.timeLimit(.minutes(15)), .enabled(if: PyYAML.isInstalled, "PyYAML is not there"))
struct DifferentialTests {
    @Test func `the files of this repository are read as by PyYAML`() async throws {
        let roots = ["rbac", "calico", "manifests", "examples", "packaging", "Tests/Fuzz/corpus", "../shared/inputs"]
        let found = try await Tool.run("find", roots + ["-name", "*.yaml"])
        let paths = found.output.split(separator: "\n").map(String.init).sorted()
        #expect(paths.count > 20)
        let files = try paths.map { try readFile($0, limit: 4 << 20) }
        let readings = try await PyYAML.read(files.map { String(decoding: $0, as: UTF8.self) })
        for (path, (file, theirs)) in zip(paths, zip(files, readings)) {
            let ours = try? readDocuments(file, file: path).compactMap(\.root)
            guard case .documents(let trees) = theirs, let ours else {
                // Both refuse it.
                if case .refused = theirs, ours == nil { continue }
                Issue.record("\(path): \(theirs)")
                continue
            }
            #expect(ours.count == trees.count && zip(ours, trees).allSatisfy { isEqual($0, $1) }, "\(path)")
        }
    }

    private func isEqual(_ node: Node, _ tree: PyYAML.Tree) -> Bool {
        switch (node.content, tree) {
        case (.mapping(let mapping), .mapping(let pairs)):
            mapping.entries.count == pairs.count
                && zip(mapping.entries, pairs).allSatisfy { entry, pair in
                    guard case .scalar(let key) = pair.key else { return false }
                    let text = ["int", "bool"].contains(key.tag) ? key.number : key.text
                    return entry.key == text && isEqual(entry.value, pair.value)
                }
        case (.sequence(let items), .sequence(let trees)):
            items.count == trees.count && zip(items, trees).allSatisfy { isEqual($0, $1) }
        case (_, .scalar(let scalar)): isEqual(node, scalar)
        default: false
        }
    }

    private func isEqual(_ node: Node, _ scalar: PyYAML.Scalar) -> Bool {
        switch (scalar.tag, node.content) {
        case ("null", .null): true
        case ("bool", .boolean(let value)): scalar.number == String(value)
        case ("int", .number(let number)): number.json == scalar.number
        case ("float", .number(let number)): Double(number.json) == scalar.number.flatMap(Double.init)
        case ("str", .string(let text)), ("value", .string(let text)), ("merge", .string(let text)): text == scalar.text
        default: false
        }
    }
}

/// PyYAML, a parser of YAML 1.1 that is independent of ours.
enum PyYAML {
    /// What it makes of a text.
    enum Reading {
        /// The documents with a value.
        case documents([Tree])
        /// Why it refuses the text.
        case refused(String)
    }

    /// A value, as it is before anything becomes a number.
    enum Tree {
        case mapping([Pair])
        case sequence([Tree])
        case scalar(Scalar)
    }

    /// A key with its value.
    struct Pair {
        var key: Tree
        var value: Tree
    }

    /// A scalar.
    struct Scalar {
        /// The characters.
        var text: String
        /// The tag as it is written, with its handle resolved.
        var writtenTag: String?
        /// The name of its standard tag, written or by the rules of YAML 1.1; `str` for another one.
        var tag: String
        /// The value of an integer or a floating-point number in Python's notation.
        var number: String?
    }

    /// Whether it can be run here.
    static let isInstalled =
        ChildProcess.isInstalled("python3")
        && (try? ChildProcess.run(["python3", "-c", "import yaml"])) != nil

    /// Reads texts, in one process.
    static func read(_ texts: [String]) async throws -> [Reading] {
        let input = Node.sequence(texts.map { .string($0) })
        let result = try await Tool.run(
            "python3",
            ["-c", script],
            input: String(decoding: input.json(), as: UTF8.self)
        )
        try #require(result.status == 0, "\(result.errors)")
        let limits = Limits(byteCount: 256 << 20, depth: 300, nodeCount: 50_000_000)
        let output = try readJSON(Array(result.output.utf8), file: "PyYAML", limits: limits)
        return (output.sequence ?? []).map { reading in
            if let reason = reading.string { return .refused(reason) }
            return .documents((reading.sequence ?? []).map(tree))
        }
    }

    private static func pair(_ node: Node) -> Pair {
        let parts = node.sequence ?? []
        return Pair(key: tree(parts[0]), value: tree(parts[1]))
    }

    private static func tree(_ node: Node) -> Tree {
        let parts = node.sequence ?? []
        switch parts.first?.string {
        case "mapping":
            return .mapping(parts.dropFirst().map(pair))
        case "sequence": return .sequence(parts.dropFirst().map(tree))
        default:
            return .scalar(
                Scalar(
                    text: parts[1].string ?? "",
                    writtenTag: parts[2].string,
                    tag: parts[3].string ?? "",
                    number: parts[4].string,
                )
            )
        }
    }

    /// Prints a tree for each text, or the reason why there is none.
    ///
    /// Merges are applied, aliases are expanded.
    private static let script = """
        import json, sys, yaml
        from yaml.nodes import MappingNode, ScalarNode, SequenceNode
        PREFIX = "tag:yaml.org,2002:"
        constructor = yaml.constructor.SafeConstructor()

        def tree(node, path):
            if id(node) in path: raise yaml.YAMLError("recursive alias")
            path = path | {id(node)}
            if isinstance(node, MappingNode):
                merges = [i for i, pair in enumerate(node.value) if pair[0].tag == PREFIX + "merge"]
                own = len(node.value) - len(merges)
                constructor.flatten_mapping(node)
                if merges:
                    # What is merged comes first now, not at its place.
                    merged, rest = node.value[:-own or None], node.value[-own:] if own else []
                    node.value = rest[:merges[0]] + merged + rest[merges[0]:]
                return ["mapping"] + [[tree(k, path), tree(v, path)] for k, v in node.value]
            if isinstance(node, SequenceNode):
                return ["sequence"] + [tree(v, path) for v in node.value]
            tag = node.tag[len(PREFIX):] if node.tag.startswith(PREFIX) else "str"
            number = None
            if tag == "int": number = str(constructor.construct_yaml_int(node))
            if tag == "float": number = repr(constructor.construct_yaml_float(node))
            if tag == "bool": number = str(constructor.construct_yaml_bool(node)).lower()
            text = constructor.construct_yaml_binary(node).decode() if tag == "binary" else node.value
            return ["scalar", text, node.written, tag, number]

        class Loader(yaml.SafeLoader):
            def compose_scalar_node(self, anchor):
                event = self.peek_event()
                node = super().compose_scalar_node(anchor)
                node.written, node.anchored = event.tag, anchor is not None
                return node

        def read(text):
            try:
                nodes = list(yaml.compose_all(text, Loader))
                is_empty = lambda n: isinstance(n, ScalarNode) and n.value == "" and not (n.style or n.written or n.anchored)
                return [tree(n, frozenset()) for n in nodes if n is not None and not is_empty(n)]
            except Exception as error:
                return type(error).__name__ + ": " + " ".join(str(error).split())
        json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)
        """
}
