import Base

/// A resolver of variables that can refer to each other.
struct VariableResolver {
    private let definitions: [String: Node]
    private let names: [String]
    private let problems: ProblemCollector
    private let listed: (String, Node) -> Variables.Value
    private var values: [String: Variables.Value]
    private var path: [String] = []

    /// Creates a resolver; `values` contains the values that are already known.
    ///
    /// `listed` returns the value of a variable whose definition is a text for every node of a list.
    init(
        _ definitions: [String: Node],
        values: [String: Variables.Value],
        problems: ProblemCollector,
        listed: @escaping (String, Node) -> Variables.Value,
    ) {
        self.listed = listed
        self.definitions = definitions
        self.values = values
        self.problems = problems
        // Messages do not suggest variables whose definitions have errors.
        let sound = values.filter { $0.value != .broken }.keys
        self.names = Set(definitions.keys).union(sound).union(serverParts).sorted()
    }

    /// Resolves the given variables, by default all, and returns all values that are known so far.
    mutating func resolve(_ wanted: [String]? = nil) -> Variables {
        for name in wanted ?? names { resolve(name) }
        return Variables(values: values, names: names)
    }

    private mutating func resolve(_ name: String) {
        guard values[name] == nil else { return }
        if serverParts.contains(name) {
            resolve("cluster.server")
            values[name] = serverPart(name)
        } else if let node = definitions[name], node.mapping != nil {
            values[name] = listed(name, node)
        } else if let node = definitions[name] {
            guard isSound(name, node) else { return }
            path.append(name)
            values[name] = value(of: node)
            path.removeLast()
            if name == "cluster.server" { removeSlash() }
        }
    }

    private mutating func value(of node: Node) -> Variables.Value {
        guard case .string(let text) = node.content, let template = Template(text) else { return .scalar(node.content) }
        for used in template.names {
            resolve(used)
            if case .missing? = values[used] { return values[used] ?? .broken }
        }
        let known = Variables(values: values, names: names)
        guard let content = known.replaced(node, problems)?.content else { return .broken }
        guard content.scalarText.utf8.count <= Limit.variableLength else {
            problems.add(
                node.location,
                "a variable becomes longer than \(Limit.variableLength / 1024) KiB"
            )
            return .broken
        }
        return .scalar(content)
    }

    /// Returns whether a variable can be resolved, after reporting a cycle or references that are nested too deeply.
    private mutating func isSound(_ name: String, _ node: Node) -> Bool {
        if let start = path.firstIndex(of: name) {
            let cycle = path[start...] + [name]
            let last = path[path.endIndex - 1]
            problems.add(
                node.location,
                "variable '\(name)' is made of itself: \(cycle.joined(separator: " -> "))",
                hint:
                    "write a value without '${\(name)}' for '\(last)' at \(definitions[last]?.location ?? node.location)",
            )
            for member in cycle { values[member] = .broken }
            return false
        }
        guard path.count < Limit.variableDepth else {
            problems.add(
                node.location,
                "variables use each other more than \(Limit.variableDepth) deep"
            )
            values[name] = .broken
            return false
        }
        return true
    }

    /// Removes the trailing slash of the server's URL, so that a path can be appended.
    private mutating func removeSlash() {
        guard case .scalar(.string(let text))? = values["cluster.server"], text.endsWithSlash else { return }
        values["cluster.server"] = .scalar(.string(String(text.dropLast())))
    }

    private func serverPart(_ name: String) -> Variables.Value {
        guard case .scalar(let content)? = values["cluster.server"] else { return values["cluster.server"] ?? .broken }
        guard let address = try? WebAddress(content.scalarText) else { return .broken }
        return .scalar(.string(name == "cluster.server.host" ? address.host : String(address.port)))
    }
}

/// The built-in variables that are parts of `cluster.server`.
private let serverParts: Set = ["cluster.server.host", "cluster.server.port"]
