import YAML

/// One mapping of a task file while it is read key by key.
///
/// Whoever reads it asks for the keys that it may have; what nobody asked for is an unknown key in the end.
struct Fields {
    /// The entries as they were written.
    let entries: [Mapping.Entry]
    /// Where the mapping is, for what is missing in it.
    let place: Place
    /// How messages name the mapping.
    let subject: Subject
    /// The variables that are replaced in its strings; those of another role once the roles are known.
    var variables: Variables
    /// Where faults are told.
    let problems: Problems
    private var known: [String] = []

    /// Creates fields.
    init(_ entries: [Mapping.Entry], at place: Place, _ subject: Subject, _ variables: Variables, _ problems: Problems)
    {
        self.entries = entries
        self.place = place
        self.subject = subject
        self.variables = variables
        self.problems = problems
    }

    /// Takes an entry as it was written, or `nil` if there is none.
    mutating func take(_ key: String) -> Mapping.Entry? {
        known.append(key)
        return entries.first { $0.key == key }
    }

    /// Tells whether there is an entry, without making the key a known one.
    func has(_ key: String) -> Bool {
        entries.contains { $0.key == key }
    }

    /// Reads the value of a key after its variables were replaced.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - example: A value to show if the key is missing, for keys that must be there.
    ///   - hintsLiteral: Whether an unknown `${name}` may well be meant literally.
    ///   - read: Makes the value, or tells why there is none.
    /// - Returns: The value, or `nil` if there is none, which has been told if it is a fault.
    mutating func value<Value>(
        _ key: String,
        required example: String? = nil,
        hintsLiteral: Bool = false,
        _ read: (Item) -> Value?,
    ) -> Value? {
        guard let entry = take(key) else {
            if let example { tellMissing(key, example) }
            return nil
        }
        guard let node = variables.replaced(entry.value, problems, hintsLiteral: hintsLiteral) else { return nil }
        return read(Item(node: node, key: key, label: subject.label(key), problems: problems))
    }

    /// Reads a mapping below a key.
    mutating func fields(_ key: String, expected: String = "a mapping") -> Fields? {
        guard let entry = take(key) else { return nil }
        guard let mapping = entry.value.mapping else {
            let item = Item(node: entry.value, key: key, label: subject.label(key), problems: problems)
            item.tellWrong(expected)
            return nil
        }
        return Fields(mapping.entries, at: entry.place, subject.below(key), variables, problems)
    }

    /// Tells that a key must be there.
    func tellMissing(_ key: String, _ example: String) {
        problems.add(place, "\(subject.label(key)) is missing", hint: "add \(key): \(typed(example))")
    }

    /// Tells every key that nobody asked for.
    ///
    /// - Returns: The near names that were hinted at.
    @discardableResult
    func finish() -> [String] {
        var near: [String] = []
        for entry in entries where !known.contains(entry.key) {
            let meant = problems.nearName(to: entry.key, in: known)
            near += meant.map { [$0] } ?? []
            problems.add(
                entry.place,
                "unknown key \(quoted(entry.key)) in \(subject.name)",
                hint: meant.map { "did you mean '\($0)'?" } ?? "known are \(few(known.sorted(), limit: 20))",
            )
        }
        return near
    }
}

/// How messages name a mapping of a task file and what is in it.
struct Subject {
    /// What the mapping belongs to, such as `task 'rbac'`, or `nil` for a section of the file.
    var owner: String?
    /// The keys that lead to the mapping.
    var path: [String] = []

    /// The mapping itself: `task 'rbac'`, `'apply' of task 'rbac'`, `'cluster'`.
    var name: String {
        guard !path.isEmpty else { return owner ?? "a task file" }
        return label(ofPath: path)
    }

    /// A key in it: `'apply.wait' of task 'rbac'`.
    func label(_ key: String) -> String {
        label(ofPath: path + [key])
    }

    /// The mapping below a key.
    func below(_ key: String) -> Self {
        Self(owner: owner, path: path + [key])
    }

    private func label(ofPath path: [String]) -> String {
        let key = quoted(path.joined(separator: "."))
        return owner.map { "\(key) of \($0)" } ?? key
    }
}
