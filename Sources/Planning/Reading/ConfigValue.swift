import Base

/// A value of a task file or an imported inventory, with its name for messages.
///
/// In a task file, ``KeyCorrections`` has already reported unknown keys.
struct ConfigValue {
    /// The value; ``Key`` replaces the variables in a string, unless the key's reader keeps them.
    var node: Node
    /// The key that hints repeat, or `nil` if hints show only the value, as for an item of a list.
    var key: String?
    var keyLocation: SourceLocation?
    var subject = ValueName()
    /// The variables that are replaced in the items and entries of the value.
    var variables = Variables()
    let problems: ProblemCollector

    /// The location of the key, or else of the value; problems about missing keys are reported there.
    var location: SourceLocation { keyLocation ?? node.location }

    var label: String { subject.name }

    enum TextKind {
        /// A text without line breaks and other control characters.
        case line
        /// Any text without NUL, such as an argument of a process.
        case text
        /// Any text, including NUL.
        case content
    }

    /// Returns the string, or `nil` after reporting that the value is not an allowed string.
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

    /// Returns the string or the number as written, or `nil` after reporting a problem.
    func text(_ kind: TextKind = .line, mayBeEmpty: Bool = false) -> String? {
        if case .number(let number) = node.content { return number.text }
        return string(kind, mayBeEmpty: mayBeEmpty)
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

    /// Returns the items of the list, with their variables replaced.
    ///
    /// Items whose variables have problems are left out. If the value is not a list or is too long, a problem is
    /// reported and the result is `nil`.
    func items(of what: String, hintsLiteral: Bool = false) -> [ConfigValue]? {
        guard let nodes = node.sequence else {
            return mismatch("a list of \(what)", hint: "write each item on a line of its own, after '- '")
        }
        guard nodes.count <= Limit.itemCount else {
            report("has \(nodes.count) items, more than \(Limit.itemCount)")
            return nil
        }
        var item = self
        (item.key, item.keyLocation, item.subject.isItem) = (nil, nil, true)
        return nodes.compactMap { node in
            variables.replaced(node, problems, hintsLiteral: hintsLiteral).map {
                item.node = $0
                return item
            }
        }
    }

    /// Returns the value itself, or `nil` after reporting that it is not a mapping.
    func mapping(_ expected: String, hint: String? = nil) -> Self? {
        node.mapping == nil ? mismatch(expected, hint: hint) : self
    }
}

extension ConfigValue {
    /// The entries of the mapping before variables are replaced; empty for any other value.
    var entries: [Mapping.Entry] {
        get { node.mapping?.entries ?? [] }
        set { node.content = .mapping(Mapping(newValue)) }
    }

    func entry(_ key: String) -> Mapping.Entry? { entries.first { $0.key == key } }

    func has(_ key: String) -> Bool { entry(key) != nil }

    /// Returns the value of an entry, with `node` in place of its content if given.
    func value(of entry: Mapping.Entry, replaced node: Node? = nil) -> ConfigValue {
        ConfigValue(
            node: node ?? entry.value,
            key: entry.key,
            keyLocation: entry.location,
            subject: subject.below(entry.key),
            variables: variables,
            problems: problems,
        )
    }

    /// Returns the location of a key's value, or ``location`` if the key is missing.
    func location(ofKey key: String) -> SourceLocation { entry(key)?.value.location ?? location }

    /// Reports a problem with a key; the message is the name of the key followed by the predicate.
    func report(_ key: String, _ predicate: String, at location: SourceLocation? = nil, hint: String? = nil) {
        problems.add(location ?? self.location(ofKey: key), "\(subject.label(key)) \(predicate)", hint: hint)
    }

    /// Reports a missing key.
    ///
    /// In the hint, the example is quoted if necessary, unless it is a list, a mapping or the description of a path.
    func reportMissing(_ key: String, _ example: String) {
        let isAsWritten = example.hasPrefix("[") || example.hasPrefix("{") || example.hasPrefix("PATH (")
        let value = isAsWritten ? example : typed(example)
        problems.addMissing(location, "\(subject.label(key)) is missing", hint: "add \(key): \(value)")
    }

    /// Reports a `mode` that gives users other than the owner and the group access to a secret file.
    func reportOpenMode(_ mode: UInt16, of file: String) {
        guard mode & 0o007 != 0, has("mode") else { return }
        report(
            "mode",
            "is 0\(String(mode, radix: 8)), with which every user can use \(file)",
            hint: "write mode: 0\(String(mode & 0o770, radix: 8))"
        )
    }

    /// Returns whether exactly one of the given keys is present; if not, a problem has been reported.
    @discardableResult func requireOne(of keys: [String], example: String) -> Bool {
        let written = entries.filter { keys.contains($0.key) }
        guard written.count != 1 else { return true }
        let all = list(keys.map { "'\($0)'" }, "or")
        if written.count > 1 {
            let found = list(written.map { "'\($0.key)'" })
            problems.add(
                written[1].location,
                "\(subject.name) must have one of \(all), found \(found)",
                hint: "remove one"
            )
        } else if !entries.contains(where: { joinedPair($0.key, keys) != nil }) {
            problems.addMissing(location, "\(subject.name) must have one of \(all)", hint: "add \(example)")
        }
        return false
    }

    /// Reports a key that needs one of the other keys, if none of them is present.
    func reportMisplacedKey(_ key: String, goesWith others: [String]) {
        guard let entry = entry(key), !others.contains(where: has) else { return }
        let all = list(others.map { "'\($0)'" }, "or")
        report(key, "goes with \(all) only", at: entry.location, hint: "remove \(key):")
    }

    /// Reports unknown keys in a file that is not a task file.
    func reportUnknownKeys(besides known: [String]) {
        for entry in entries where !known.contains(entry.key) {
            problems.add(
                entry.location,
                "unknown key \(quoted(entry.key)) in \(subject.name)",
                hint: problems.hint(for: entry.key, in: known, else: "expected one of \(few(known))")
            )
        }
    }
}

extension ConfigValue {
    /// Reports a problem with the value; the message is the name of the value followed by the predicate.
    func report(_ predicate: String, hint: String? = nil) {
        problems.add(node.location, "\(label) \(predicate)", hint: hint)
    }

    func mismatch<Value>(_ expected: String, hint: String? = nil) -> Value? {
        reportTypeMismatch(expected, hint: hint)
        return nil
    }

    /// Reports the expected and the actual value.
    func reportTypeMismatch(_ expected: String, hint: String? = nil) {
        report("must be \(expected), found \(describe(node))", hint: hint)
    }

    /// Returns the hint `write KEY: TEXT`, or `write TEXT` for an item of a list.
    ///
    /// Unless `asIs` is set, the text is quoted if YAML requires it.
    func write(_ text: String, asIs: Bool = false) -> String {
        let text = asIs ? text : typed(text)
        return "write \(key.map { "\($0): " } ?? "")\(text)"
    }

    /// The hint to quote a value that was probably meant as a string but is a number or a boolean in YAML.
    private var quotingHint: String? {
        switch node.content {
        case .number(let number): write("\"\(number.text)\"", asIs: true)
        case .boolean: node.spelling.map { write("\"\($0)\"", asIs: true) } ?? "write it in quotes"
        case .null, .string, .sequence, .mapping: nil
        }
    }
}

/// The name of a value and of its keys as shown in messages.
struct ValueName {
    /// The subject at which the path starts, such as `task 'rbac'`, or `nil` for the root of the file.
    var owner: String?
    /// The keys that lead from the owner to the value.
    var path: [String] = []
    /// Whether the value is an item of the list at `path`.
    var isItem = false

    /// The name of the value: `task 'rbac'`, `'apply' of task 'rbac'`, `'cluster'`.
    var name: String {
        let name = path.isEmpty ? owner ?? "a task file" : label(ofPath: path)
        return isItem ? "an item of \(name)" : name
    }

    /// Returns the name of a key of the value: `'apply.wait' of task 'rbac'`.
    func label(_ key: String) -> String { label(ofPath: path + [key]) }

    func below(_ key: String) -> Self { Self(owner: owner, path: path + [key]) }

    private func label(ofPath path: [String]) -> String {
        let key = quoted(path.joined(separator: "."))
        return owner.map { "\(key) of \($0)" } ?? key
    }
}

/// Returns a hint if the space after a known key is missing, as in `path:/etc/hosts`, or `nil` for any other text.
func joinedPair(_ text: String, _ keys: some Sequence<String>) -> String? {
    guard let colon = text.firstIndex(of: ":"), keys.contains(String(text[..<colon])) else { return nil }
    let value = text[text.index(after: colon)...]
    guard let first = value.first, !first.isWhitespace else { return nil }
    return "write '\(text[..<colon]): \(value)': a space is missing after ':'"
}
