public import Base
public import YAML

/// The variables of a task file with their values on one node.
///
/// Variables in the values of other variables are already replaced.
public struct Variables: Sendable, Hashable {
    /// The value of a variable, if it is known.
    enum Value: Sendable, Hashable {
        /// The value is a string, a number or a boolean.
        case scalar(Node.Content)
        /// The variable exists but has no value on this node, which is reported where the variable is used.
        case missing(message: String, hint: String)
        /// The definition of the variable has an error that was already reported.
        case broken
    }

    /// The names of all variables, sorted.
    public let names: [String]

    let values: [String: Value]

    /// Creates variables with string values.
    public init(_ texts: [String: String] = [:]) {
        self.init(values: texts.mapValues { .scalar(.string($0)) }, names: texts.keys.sorted())
    }

    init(values: [String: Value], names: [String]) {
        self.values = values
        self.names = names
    }

    /// The value of a variable as a string, or `nil` if the variable has no value.
    public subscript(name: String) -> String? {
        guard case .scalar(let content)? = values[name] else { return nil }
        return content.scalarText
    }

    /// Replaces `${name}` in every string of a document; keys stay as they are.
    ///
    /// A plain scalar that consists of a single `${name}` takes the type of the variable, such as a number. Every other
    /// string stays a string, so that a value never changes the structure around it.
    ///
    /// - Parameter node: The document, or a part of it.
    /// - Returns: The document with its variables replaced, and the problems with them.
    public func replace(in node: Node) -> (node: Node, problems: [Problem]) {
        let problems = ProblemCollector()
        let replaced = replaceAll(in: node, problems)
        return (replaced, problems.all)
    }

    private func replaceAll(in node: Node, _ problems: ProblemCollector) -> Node {
        var node = node
        switch node.content {
        case .string:
            return replaced(node, problems, hintsLiteral: true) ?? node
        case .sequence(let items):
            node.content = .sequence(items.map { replaceAll(in: $0, problems) })
        case .mapping(let mapping):
            let entries = mapping.entries.map { entry in
                var entry = entry
                entry.value = replaceAll(in: entry.value, problems)
                return entry
            }
            node.content = .mapping(Mapping(entries))
        case .null, .boolean, .number:
            break
        }
        return node
    }

    /// Replaces the variables in one scalar.
    ///
    /// - Parameters:
    ///   - node: The scalar; a scalar that is not a string is returned unchanged.
    ///   - problems: The collector to which problems are reported.
    ///   - hintsLiteral: Whether an unknown `${name}` may be meant literally, as in a shell script.
    ///   - ignoresQuotes: Whether a quoted string that consists of one variable takes the variable's type too.
    /// - Returns: The scalar, or `nil` after reporting a problem.
    func replaced(
        _ node: Node,
        _ problems: ProblemCollector,
        hintsLiteral: Bool = false,
        ignoresQuotes: Bool = false,
    ) -> Node? {
        guard case .string(let text) = node.content, let template = Template(text) else { return node }
        var isFaulty = false
        var texts: [String] = []
        for piece in template.pieces {
            switch piece {
            case .text(let text): texts.append(text)
            case .malformed(let snippet):
                problems.add(
                    node.location,
                    "\(quoted(snippet)) is not a variable",
                    hint: malformedHint(snippet, hintsLiteral)
                )
                isFaulty = true
            case .variable(let name):
                guard let content = value(of: name, at: node.location, problems, hintsLiteral) else {
                    isFaulty = true
                    continue
                }
                if template.onlyVariable != nil, node.style == .plain || ignoresQuotes {
                    // The style of a string shows whether it was in quotes, which is not known of a value.
                    let style = if case .string = content { Node.Style.quoted } else { node.style }
                    return Node(content, location: node.location, style: style)
                }
                texts.append(content.scalarText)
            }
        }
        guard !isFaulty, problems.mayGrow(by: texts.reduce(0) { $0 + $1.utf8.count }, at: node.location) else {
            return nil
        }
        return Node(.string(texts.joined()), location: node.location, style: node.style)
    }

    private func value(
        of name: String,
        at location: SourceLocation,
        _ problems: ProblemCollector,
        _ hintsLiteral: Bool
    ) -> Node.Content? {
        switch values[name] {
        case .scalar(let content): return content
        case .broken: break
        case .missing(let message, let hint):
            problems.addMissing(
                location,
                "variable '\(name)' has no value here: \(message)",
                hint: hint
            )
        case nil:
            let near =
                variable(behindPrefix: name)
                ?? otherNames[name.lowercased()].flatMap { names.contains($0) ? $0 : nil }
                ?? problems.nearName(to: name, in: names)
            problems.addMissing(
                location,
                "no variable is named \(quoted(name))",
                hint: near.map { "did you mean '${\($0)}'?" } ?? otherHint(of: name, hintsLiteral)
            )
        }
        return nil
    }
}

extension Variables {
    /// Returns what to do about an unknown name that resembles no variable.
    private func otherHint(of name: String, _ hintsLiteral: Bool) -> String {
        if let dot = name.firstIndex(of: ".") {
            let group = names.filter { $0.hasPrefix(name[...dot]) }
            if !group.isEmpty { return "expected one of \(few(group))" }
        }
        let literal = "'$${\(name)}' for a literal '${\(name)}'"
        let isEnvironment = name.allSatisfy { $0.isUppercase || $0.isNumber || $0 == "_" }
        guard isVariableName(name), hintsLiteral || isEnvironment else {
            return hintsLiteral ? "write \(literal)" : "expected one of \(few(names))"
        }
        let definition = "write 'variables: {\(name): VALUE}', or \(literal)"
        return isEnvironment ? "environment variables are not available here; \(definition)" : definition
    }

    /// Returns what to write for a text that begins like a variable, such as `${{ matrix.x }` of a workflow.
    private func malformedHint(_ snippet: String, _ hintsLiteral: Bool) -> String {
        let inner = snippet.dropFirst(2).filter { !"{} ".contains($0) }
        let literal = "'$\(snippet)' for a literal '${'"
        let name = String(inner.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
        if isVariableName(name), [":-", ":=", ":?", ":+"].contains(where: inner.dropFirst(name.count).hasPrefix) {
            let definition = "'variables: {\(name): VALUE}' and '${\(name)}', as defaults are not supported"
            return hintsLiteral ? "write \(literal), or \(definition)" : "write \(definition)"
        }
        guard snippet.hasPrefix("${{") || snippet.hasPrefix("${ "), isVariableName(inner) || names.contains(inner)
        else { return "write \(literal)" }
        let known = variable(behindPrefix: inner) ?? (names.contains(inner) ? inner : nil)
        return known.map { "write '${\($0)}'" } ?? "write a variable of 'variables:' such as '${NAME}', or \(literal)"
    }

    /// Returns the variable whose name other tools write with a prefix, as in `var.x` and `.Values.x`.
    fileprivate func variable(behindPrefix name: String) -> String? {
        let prefixes = ["var.", "vars.", "variables.", "local.", "Values.", ".Values.", "env."]
        return prefixes.first(where: name.hasPrefix).map { String(name.dropFirst($0.count)) }
            .flatMap { names.contains($0) ? $0 : nil }
    }
}

/// Usual names of what built-in variables contain.
private let otherNames = [
    "apiserver": "cluster.server", "cluster.apiserver": "cluster.server", "cluster.url": "cluster.server",
    "hostname": "node.name", "node.host": "node.name", "node.hostname": "node.name", "nodename": "node.name",
    "ip": "node.address", "node.ip": "node.address", "node.ipaddress": "node.address", "nodeip": "node.address",
    "cluster.address": "cluster.vip", "cluster.ip": "cluster.vip", "vip": "cluster.vip",
]

extension Node.Content {
    /// The scalar as a string; numbers keep their original spelling.
    var scalarText: String {
        switch self {
        case .string(let string): string
        case .number(let number): number.text
        case .boolean(let value): String(value)
        case .null, .sequence, .mapping: ""
        }
    }
}
