public import Base

/// The variables of the task files with their values on one node.
///
/// Variables in the values of other variables are already replaced.
public struct Variables: Sendable, Hashable {
    enum Value: Sendable, Hashable {
        /// A string, a number or a boolean.
        case scalar(Node.Content)
        /// The variable has no value on this node, which is an error where the variable is used.
        case missing(message: String, hint: String)
        /// The value is not known because of a reported error, or because no node has the role.
        case broken
    }

    /// The names of the variables, sorted.
    public let names: [String]

    let values: [String: Value]

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

    /// Replaces `${name}` in every string of a document; keys and strings with problems stay as they are.
    ///
    /// A plain scalar that consists of a single `${name}` takes the type of the variable, such as a number. Every other
    /// string stays a string, so that a value never changes the structure around it.
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

    /// Replaces the variables in a string, or returns `nil` if one cannot be replaced; other values stay unchanged.
    ///
    /// `hintsLiteral` says whether an unknown `${name}` may be meant literally, as in a shell script. `ignoresQuotes`
    /// says whether a quoted string that consists of one variable takes the variable's type too.
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
                    hint: "write '$\(snippet)' for a literal '${'"
                )
                isFaulty = true
            case .variable(let name):
                guard let content = value(of: name, at: node.location, problems, hintsLiteral) else {
                    isFaulty = true
                    continue
                }
                if template.onlyVariable != nil, node.style == .plain || ignoresQuotes {
                    // A string value counts as quoted, so that it is not read as a number later.
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
            let near = problems.nearName(to: name, in: names)
            problems.addMissing(
                location,
                "no variable is named \(quoted(name))",
                hint: near.map { "did you mean '${\($0)}'?" }
                    ?? (hintsLiteral
                        ? "add it to 'variables:', or write '$${\(name)}' for a literal '${\(name)}'"
                        : "expected one of \(few(names))")
            )
        }
        return nil
    }
}

extension Node.Content {
    /// The scalar as a string, in which a number keeps its spelling; empty for null and collections.
    var scalarText: String {
        switch self {
        case .string(let string): string
        case .number(let number): number.text
        case .boolean(let value): String(value)
        case .null, .sequence, .mapping: ""
        }
    }
}
