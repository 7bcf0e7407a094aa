import Base
import YAML

/// One value of a task file, with its name for messages.
struct ConfigValue {
    /// The value, after its variables were replaced.
    var node: Node
    /// The key of the value, or `nil` for an item of a list.
    var key: String?
    /// The name of the value in messages.
    let label: String
    /// The location of the key, or `nil` for an item of a list.
    var keyLocation: SourceLocation?
    /// The name in messages if the value is a mapping.
    var subject = MappingName()
    /// The variables that are replaced in the items and entries of the value.
    var variables = Variables()
    /// The collector to which problems are reported.
    let problems: ProblemCollector

    /// The location for problems about missing keys.
    var location: SourceLocation { keyLocation ?? node.location }

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

    /// Returns a reader of the mapping, or `nil` after reporting that the value is not a mapping.
    func mapping(_ expected: String, hint: String? = nil) -> MappingReader? {
        guard let mapping = node.mapping else { return mismatch(expected, hint: hint) }
        return MappingReader(
            entries: mapping.entries,
            location: location,
            subject: subject,
            variables: variables,
            problems: problems
        )
    }

    /// The kinds of strings.
    enum TextKind {
        /// One line without control characters.
        case line
        /// Any text without NUL, such as an argument of a process.
        case text
        /// Any text, including NUL.
        case content
    }

    /// Returns the string, or `nil` after reporting that the value is not a valid string.
    func string(_ kind: TextKind = .line, expected: String = "a string", mayBeEmpty: Bool = false) -> String? {
        guard let string = node.string else { return mismatch(expected, hint: quotingHint) }
        guard mayBeEmpty || !string.isEmpty else { return mismatch(expected) }
        let isAllowed = string.unicodeScalars.allSatisfy { scalar in
            switch kind {
            case .line: scalar.properties.generalCategory != .control
            case .text: scalar != "\0"
            case .content: true
            }
        }
        guard isAllowed else { return mismatch(kind == .line ? "\(expected) on one line" : "\(expected) without NUL") }
        return string
    }

    /// Returns the string or the number as written, or `nil` after reporting that the value is neither.
    func text(_ kind: TextKind = .line, mayBeEmpty: Bool = false) -> String? {
        if case .number(let number) = node.content { return number.text }
        return string(kind, mayBeEmpty: mayBeEmpty)
    }

    /// Returns the boolean, or `nil` after reporting that the value is not a boolean.
    func boolean() -> Bool? {
        guard let boolean = node.boolean else { return mismatch("true or false") }
        return boolean
    }

    /// Returns the value if it is one of the given words, or `nil` after reporting that it is not.
    func word(of words: [String]) -> String? {
        guard let word = node.string, words.contains(word) else {
            let near = node.string.flatMap { problems.nearName(to: $0, in: words) }
            let all = words.map { "'\($0)'" }
            let hint = near.map { "did you mean '\($0)'?" } ?? (words.count == 1 ? write(words[0]) : nil)
            return mismatch(list(all, "or"), hint: hint)
        }
        return word
    }

    /// Returns the items of the list, or `nil` after reporting that the value is not a list or has too many items.
    func items(
        of what: String,
        limit: Int = Limit.afterCount,
        hintsLiteral: Bool = false,
    ) -> [ConfigValue]? {
        guard let nodes = node.sequence else {
            return mismatch("a list of \(what)", hint: "write each item on a line of its own, after '- '")
        }
        guard nodes.count <= limit else {
            report("has \(nodes.count) items, more than \(limit)")
            return nil
        }
        return nodes.compactMap { node in
            variables.replaced(node, problems, hintsLiteral: hintsLiteral).map {
                ConfigValue(
                    node: $0,
                    label: "an item of \(label)",
                    subject: subject,
                    variables: variables,
                    problems: problems,
                )
            }
        }
    }

    /// Reports a problem with the value, in words that follow the name of the value.
    func report(_ predicate: String, hint: String? = nil) {
        problems.add(node.location, "\(label) \(predicate)", hint: hint)
    }

    /// Returns `nil` after reporting the expected and the actual value.
    func mismatch<Value>(_ expected: String, hint: String? = nil) -> Value? {
        reportTypeMismatch(expected, hint: hint)
        return nil
    }

    /// Reports the expected and the actual value.
    func reportTypeMismatch(_ expected: String, hint: String? = nil) {
        report("must be \(expected), found \(describe(node))", hint: hint)
    }

    /// Returns the hint to write a text, after the key if there is one.
    func write(_ text: String, asIs: Bool = false) -> String {
        let text = asIs ? text : typed(text)
        return "write \(key.map { "\($0): " } ?? "")\(text)"
    }

    /// The hint to quote a value that was probably meant as a string but is a number or boolean to YAML.
    private var quotingHint: String? {
        switch node.content {
        case .number(let number): write("\"\(number.text)\"", asIs: true)
        case .boolean: node.spelling.map { write("\"\($0)\"", asIs: true) } ?? "write it in quotes"
        case .null, .string, .sequence, .mapping: nil
        }
    }
}

/// Paths, URLs, durations and modes.
extension ConfigValue {
    /// Reads the path of a file to write.
    ///
    /// The path is absolute, so that it does not depend on the working directory.
    func writtenPath() -> LocatedPath? {
        guard let reference = writablePath() else { return nil }
        guard !reference.path.endsWithSlash else {
            let clean = normalised(reference.path)
            return mismatch("the path of a file, not of a directory", hint: clean == "/" ? nil : write(clean))
        }
        guard !isOfKernel(normalised(reference.path)) else {
            return mismatch("a path where files can be made", hint: "write kernel settings with an exec task")
        }
        return reference
    }

    /// Reads an absolute path without `..`, of a file or directory.
    func writablePath() -> LocatedPath? {
        guard let path = checkedPath() else { return nil }
        guard path.isAbsolutePath else {
            let isName = path.utf8.first.map { $0.isLetter } ?? false
            return mismatch("an absolute path", hint: isName ? write("/" + normalised(path)) : nil)
        }
        guard !path.pathParts.contains("..") else {
            return mismatch("a path without '..'", hint: write(normalised(path)))
        }
        return LocatedPath(path, location: node.location)
    }

    /// Reads the path of a file to read.
    ///
    /// A relative path is relative to the directory of the file that contains it.
    func readPath() -> LocatedPath? {
        checkedPath().map { LocatedPath(resolve($0), location: node.location) }
    }

    /// Resolves a relative path against the directory of the file that contains the value.
    func resolve(_ path: String) -> String {
        guard !path.isAbsolutePath else { return path }
        let file = node.location.file
        guard let slash = file.lastSlash else { return normalised(path) }
        return normalised(file[..<file.utf8.index(after: slash)] + path)
    }

    private func checkedPath() -> String? {
        guard let path = string(expected: "a path") else { return nil }
        guard path.utf8.count <= Limit.pathLength else {
            return mismatch("a path of at most \(Limit.pathLength) bytes")
        }
        return path
    }

    /// Reads the URL of an API server and removes a trailing slash.
    func serverURL() -> LocatedPath? {
        let expected = "the URL of an API server"
        guard let text = string(expected: expected), let address = webAddress(text, expected) else { return nil }
        guard address.isSecure || address.isLoopback else {
            return mismatch("an https URL", hint: write("https" + text.drop { $0 != ":" }))
        }
        guard address.rest.isEmpty || address.rest == "/" else {
            return mismatch("a URL without a path", hint: write(String(text.dropLast(address.rest.count))))
        }
        return LocatedPath(String(text.dropLast(address.rest.count)), location: node.location)
    }

    /// Reads an http or https URL.
    func url() -> String? {
        guard let text = string(expected: "a URL"), webAddress(text, "a URL") != nil else { return nil }
        return text
    }

    private func webAddress(_ text: String, _ expected: String) -> WebAddress? {
        do {
            return try WebAddress(text)
        } catch {
            let found = error.hasSecret ? "this one" : quoted(text)
            report("must be \(expected), and \(found) \(error.message)", hint: bracketed(text, error).map { write($0) })
            return nil
        }
    }

    /// Returns a text with brackets around its IPv6 address, or `nil` if the fault is not that brackets are missing.
    func bracketed(_ text: String, _ fault: WebAddress.Fault) -> String? {
        guard let address = fault.bareAddress else { return nil }
        // The hint contains the variable instead of its value, because the file probably contains the variable too.
        let variable = "node.address"
        let written = variables[variable] == address ? "${\(variable)}" : address
        return text.replacing(address, with: "[\(written)]", maxReplacements: 1)
    }

    /// Reads a duration above zero, or from a minimum, up to a limit.
    func duration(from least: Duration = .zero, to limit: Duration) -> Duration? {
        guard let duration = node.string.flatMap(parseDuration) else {
            return mismatch("a duration such as 500ms, 30s, 10m or 1h30m")
        }
        guard duration > .zero, duration <= limit else {
            return mismatch("a duration above zero and up to \(limit.text)")
        }
        return duration >= least ? duration : mismatch("a duration of at least \(least.text)")
    }

    /// Reads permissions in octal digits, whether YAML reads a number or a string: `0644`, `"0644"`, `0o644`.
    func mode(hint example: String = "0644, or 0600 for a secret") -> UInt16? {
        let text: String? = if case .number(let number) = node.content { number.text } else { node.string }
        let digits = text.map { $0.hasPrefix("0o") ? $0.dropFirst(2) : $0[...] }
        guard let digits, (3...5).contains(digits.count), digits.utf8.allSatisfy(\.isDigit),
            let mode = UInt16(digits, radix: 8), mode <= 0o7777
        else { return mismatch("permissions in octal, up to 07777", hint: write(example, asIs: true)) }
        return mode
    }
}
