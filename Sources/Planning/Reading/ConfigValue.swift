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

    /// The kinds of strings.
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

    /// Advice if a string was probably meant and YAML reads something else.
    private var quotingHint: String? {
        switch node.content {
        case .number(let number): write("\"\(number.text)\"", asIs: true)
        // The word that was written, perhaps `yes` or `on`, is not known any more.
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

/// Paths, URLs, durations and modes.
extension ConfigValue {
    /// A path that is written to: absolute, so that it cannot depend on where the agent runs.
    func writtenPath() -> LocatedPath? {
        guard let reference = writablePath() else { return nil }
        guard !reference.path.endsWithSlash else {
            let clean = normalised(reference.path)
            reportTypeMismatch("the path of a file, not of a directory", hint: clean == "/" ? nil : write(clean))
            return nil
        }
        guard !["/proc", "/sys"].contains(where: { isPath(normalised(reference.path), at: $0) }) else {
            reportTypeMismatch(
                "a path where files can be made",
                hint: "write kernel settings with an exec task"
            )
            return nil
        }
        return reference
    }

    /// A path that is written to, or a directory in which things are.
    func writablePath() -> LocatedPath? {
        guard let path = checkedPath() else { return nil }
        guard path.isAbsolutePath else {
            reportTypeMismatch("an absolute path", hint: write("/" + normalised(path)))
            return nil
        }
        guard !path.pathParts.contains("..") else {
            reportTypeMismatch("a path without '..'", hint: write(normalised(path)))
            return nil
        }
        return LocatedPath(path, location: node.location)
    }

    /// A path that is read: a relative one is relative to the folder of the file that names it.
    func readPath() -> LocatedPath? {
        checkedPath().map { LocatedPath(resolve($0), location: node.location) }
    }

    /// A relative path, made relative to what the file's own path is relative to.
    func resolve(_ path: String) -> String {
        guard !path.isAbsolutePath else { return path }
        let file = node.location.file
        guard let slash = file.lastSlash else { return normalised(path) }
        return normalised(file[..<file.utf8.index(after: slash)] + path)
    }

    private func checkedPath() -> String? {
        guard let path = string(expected: "a path") else { return nil }
        guard path.utf8.count <= Limit.pathLength else {
            reportTypeMismatch("a path of at most \(Limit.pathLength) bytes")
            return nil
        }
        guard !path.hasPrefix("~/") else {
            reportTypeMismatch("a path without '~'", hint: write("/root" + path.dropFirst()))
            return nil
        }
        return path
    }

    /// The URL of an API server, without a slash in the end.
    func serverURL() -> LocatedPath? {
        let expected = "the URL of an API server"
        guard let text = string(expected: expected), let address = webAddress(text, expected) else { return nil }
        guard address.isSecure || address.isLoopback else {
            reportTypeMismatch("an https URL", hint: write("https" + text.drop { $0 != ":" }))
            return nil
        }
        guard address.rest.isEmpty || address.rest == "/" else {
            reportTypeMismatch("a URL without a path", hint: write(String(text.dropLast(address.rest.count))))
            return nil
        }
        return LocatedPath(String(text.dropLast(address.rest.count)), location: node.location)
    }

    /// An http or https URL.
    func url() -> String? {
        guard let text = string(expected: "a URL"), webAddress(text, "a URL") != nil else { return nil }
        return text
    }

    private func webAddress(_ text: String, _ expected: String) -> WebAddress? {
        do {
            return try WebAddress(text)
        } catch {
            let hint =
                bracketed(text, error) ?? (text.contains("://") ? nil : "https://\(text)")
            let found = error.hasSecret ? "this one" : quoted(text)
            problems.add(
                node.location,
                "\(label) must be \(expected), and \(found) \(error.message)",
                hint: hint.map { write($0) }
            )
            return nil
        }
    }

    /// A text with brackets around its IPv6 address, `nil` if they are not what it lacks.
    func bracketed(_ text: String, _ fault: WebAddress.Fault) -> String? {
        guard let address = fault.bareAddress else { return nil }
        // The file has the variable, whose value may be another one tomorrow.
        let variable = "node.address"
        let written = variables[variable] == address ? "${\(variable)}" : address
        return text.replacing(address, with: "[\(written)]", maxReplacements: 1)
    }

    /// A duration longer than nothing.
    func duration(limit: Duration) -> Duration? {
        let expected = "a duration such as 500ms, 30s, 10m or 1h30m"
        guard let text = node.string else {
            reportTypeMismatch(expected, hint: node.integer.flatMap { $0 > 0 ? write("\($0)s") : nil })
            return nil
        }
        guard let duration = parseDuration(text) else {
            reportTypeMismatch(expected, hint: durationHint(text).map { write($0) })
            return nil
        }
        guard duration > .zero, duration <= limit else {
            reportTypeMismatch("a duration above zero and up to \(limit.text)")
            return nil
        }
        return duration
    }

    /// A duration between two others.
    func duration(from least: Duration, to limit: Duration) -> Duration? {
        guard let duration = duration(limit: limit) else { return nil }
        guard duration >= least else {
            reportTypeMismatch("a duration of at least \(least.text)")
            return nil
        }
        return duration
    }

    /// The duration that is probably meant by other notations: `10 min`, `1 hour`, `30sec`.
    private func durationHint(_ text: String) -> String? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
        guard !digits.isEmpty, digits.count < 6 else { return nil }
        return switch unit {
        case "", "sec", "secs", "second", "seconds", "s": "\(digits)s"
        case "min", "mins", "minute", "minutes", "m": "\(digits)m"
        case "hour", "hours", "hr", "h": "\(digits)h"
        case "day", "days", "d": Int(digits).map { "\($0 * 24)h" }
        case "msec", "millis", "ms": "\(digits)ms"
        default: nil
        }
    }

    /// Permissions in octal digits, however YAML sees them: `0644`, `"0644"`, `0o644`.
    func mode() -> UInt16? {
        let text: String? = if case .number(let number) = node.content { number.text } else { node.string }
        let digits = text.map { $0.hasPrefix("0o") ? $0.dropFirst(2) : $0[...] }
        guard let digits, (3...5).contains(digits.count), digits.utf8.allSatisfy(\.isDigit),
            let mode = UInt16(digits, radix: 8), mode <= 0o7777
        else {
            reportTypeMismatch("permissions in octal, up to 07777", hint: write("0644"))
            return nil
        }
        return mode
    }
}
