import Base
import YAML

/// One value of a task file, with its name for messages.
struct ConfigValue {
    /// The value, its variables replaced.
    let node: Node
    /// The key that leads to it, or `nil` for an item of a list.
    let key: String?
    /// How messages name it.
    let label: String
    /// Where it is missing something: its key, or itself for an item of a list.
    let location: SourceLocation
    /// How messages name it as a mapping.
    let subject: MappingName
    /// The variables that are replaced below it.
    let variables: Variables
    /// Where problems are reported.
    let problems: ProblemCollector

    init(
        node: Node,
        key: String?,
        label: String,
        location: SourceLocation? = nil,
        subject: MappingName = MappingName(),
        variables: Variables = Variables(),
        problems: ProblemCollector,
    ) {
        self.node = node
        self.key = key
        self.label = label
        self.location = location ?? node.location
        self.subject = subject
        self.variables = variables
        self.problems = problems
    }

    func below(_ key: String, _ node: Node) -> Self {
        Self(
            node: node,
            key: key,
            label: subject.label(key),
            subject: subject.below(key),
            variables: variables,
            problems: problems,
        )
    }

    /// The mapping, or `nil` after reporting that there is none.
    func mapping(_ expected: String, hint: String? = nil) -> MappingReader? {
        guard let mapping = node.mapping else {
            reportTypeMismatch(expected, hint: hint)
            return nil
        }
        return MappingReader(mapping.entries, at: location, subject, variables, problems)
    }

    /// What kinds of strings there are.
    enum TextKind {
        /// One line without control characters.
        case line
        /// Any text that a process can be given.
        case text
        /// Any text at all.
        case content
    }

    /// The string, or `nil` after reporting that there is none.
    func string(_ kind: TextKind = .line, expected: String = "a string", mayBeEmpty: Bool = false) -> String? {
        guard let string = node.string else {
            reportTypeMismatch(expected, hint: quotingHint)
            return nil
        }
        guard mayBeEmpty || !string.isEmpty else {
            reportTypeMismatch(expected)
            return nil
        }
        let isAllowed = string.unicodeScalars.allSatisfy { scalar in
            switch kind {
            case .line: scalar.properties.generalCategory != .control
            case .text: scalar != "\0"
            case .content: true
            }
        }
        guard isAllowed else {
            reportTypeMismatch(kind == .line ? "\(expected) on one line" : "\(expected) without NUL")
            return nil
        }
        return string
    }

    /// The string, numbers as they were written, or `nil` after reporting that there is none.
    func text(_ kind: TextKind = .line, mayBeEmpty: Bool = false) -> String? {
        if case .number(let number) = node.content { return number.text }
        return string(kind, mayBeEmpty: mayBeEmpty)
    }

    /// The truth value, or `nil` after reporting that there is none.
    func boolean() -> Bool? {
        guard let boolean = node.boolean else {
            reportTypeMismatch(
                "true or false",
                hint: node.string.flatMap { booleanHints[$0.lowercased()] }.map { write($0) }
            )
            return nil
        }
        return boolean
    }

    /// One of several words, or `nil` after reporting that it is not one of them.
    func word(of words: [String]) -> String? {
        guard let word = node.string, words.contains(word) else {
            let near = node.string.flatMap { problems.nearName(to: $0, in: words) }
            let all = words.map { "'\($0)'" }
            let hint = near.map { "did you mean '\($0)'?" } ?? (words.count == 1 ? write(words[0]) : nil)
            reportTypeMismatch(list(all, "or"), hint: hint)
            return nil
        }
        return word
    }

    /// The items of a list, or `nil` after reporting that it is not one.
    func items(
        of what: String,
        limit: Int = Limit.afterCount,
        hintsLiteral: Bool = false,
    ) -> [ConfigValue]? {
        guard let nodes = node.sequence else {
            let isScalar = node.string.map { !$0.isEmpty } ?? (node.integer != nil)
            reportTypeMismatch(
                "a list of \(what)",
                hint: isScalar ? write("[\(typed(node.content.scalarText))]", asIs: true) : nil
            )
            return nil
        }
        guard nodes.count <= limit else {
            problems.add(node.location, "\(label) has \(nodes.count) items, more than \(limit)")
            return nil
        }
        return nodes.compactMap { node in
            variables.replaced(node, problems, hintsLiteral: hintsLiteral).map {
                ConfigValue(
                    node: $0,
                    key: nil,
                    label: "an item of \(label)",
                    subject: subject,
                    variables: variables,
                    problems: problems,
                )
            }
        }
    }

    /// Reports what is expected and what was found.
    func reportTypeMismatch(_ expected: String, hint: String? = nil) {
        problems.add(node.location, "\(label) must be \(expected), found \(describe(node))", hint: hint)
    }

    /// The hint to write something, with the key if there is one.
    func write(_ text: String, asIs: Bool = false) -> String {
        let text = asIs ? text : typed(text)
        return "write \(key.map { "\($0): " } ?? "")\(text)"
    }

    /// What to write if a string was meant and YAML sees something else.
    private var quotingHint: String? {
        switch node.content {
        case .number(let number): write("\"\(number.text)\"", asIs: true)
        // What was written, `yes` or `on` perhaps, is not known any more.
        case .boolean: "write it in quotes"
        case .null, .string, .sequence, .mapping: nil
        }
    }
}

/// Words that people write for a truth value and that are strings to YAML, when they are quoted.
private let booleanHints = [
    "true": "true", "yes": "true", "on": "true", "1": "true",
    "false": "false", "no": "false", "off": "false", "0": "false",
]
