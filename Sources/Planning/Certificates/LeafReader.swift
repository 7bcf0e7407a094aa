import Base

/// A reader of a certificate declaration, which can be read for several nodes.
struct LeafReader {
    private let name: String
    private let written: ConfigValue
    /// The valid values of `roles`, or `nil` for a certificate that a task declares, which cannot have `roles`.
    private let knownRoles: [String]?
    private let defaults: LeafDeclaration
    private let problems: ProblemCollector

    /// Creates a reader of an entry of `leaves`, or returns `nil` after reporting a problem.
    init?(
        _ entry: Mapping.Entry,
        knownRoles: [String],
        defaults: LeafDeclaration,
        problems: ProblemCollector,
    ) {
        guard isTaskName(entry.key) else {
            problems.add(
                entry.location,
                "\(quoted(entry.key)) cannot be the name of a certificate: expected lowercase letters, digits and hyphens",
                hint: suggestedTaskName(entry.key).map { "write \($0):" },
            )
            return nil
        }
        let value = ConfigValue(
            node: entry.value,
            keyLocation: entry.location,
            subject: ValueName(owner: "certificate \(quoted(entry.key))"),
            problems: problems
        )
        let hint = "write commonName: and usages: below it"
        guard let written = value.mapping("a mapping", hint: hint) else { return nil }
        (name, self.written) = (entry.key, written)
        (self.knownRoles, self.defaults, self.problems) = (knownRoles, defaults, problems)
    }

    /// Creates a reader of a certificate that a task declares.
    init(_ fields: ConfigValue, defaults: LeafDeclaration, problems: ProblemCollector) {
        (name, written) = (fields.subject.name, fields)
        knownRoles = nil
        (self.defaults, self.problems) = (defaults, problems)
    }

    /// The keys of an entry of `leaves` that select its nodes.
    private struct Selection {
        var isEnabled = true
        var roles: [ConfigValue]?

        static let keys: [Key<Self>] = [
            Key("enable", \.isEnabled, .boolean, default: "`true`")
                .meaning("`false` removes the certificate, also one of an earlier file"),
            Key("roles", \.roles, .roles, default: "every role").meaning("the roles whose nodes have the certificate"),
        ]
    }

    static let descriptions = Selection.keys.map(\.description) + LeafDeclaration.keys.map(\.description)

    private func fields(_ variables: Variables) -> ConfigValue {
        var fields = written
        fields.variables = variables
        return fields
    }

    /// Returns the roles whose nodes have the certificate, `nil` for every role, or an empty list if it is disabled.
    func roles(_ variables: Variables) -> [String]? {
        let fields = fields(variables)
        var selection = Selection()
        _ = fields.read(Selection.keys, into: &selection)
        guard selection.isEnabled else { return [] }
        return selection.roles?.compactMap { readRole($0, among: knownRoles ?? [], problems) }
    }

    func read(_ node: String, _ variables: Variables) -> LeafDeclaration? {
        let fields = fields(variables)
        var leaf = defaults
        leaf.renewBefore = .zero
        let isUsable = fields.read(LeafDeclaration.keys, into: &leaf)
        (leaf.node, leaf.name, leaf.location) = (node, name, fields.location)
        leaf.names = leaf.names.unique()
        if !fields.has("group"), fields.has("owner") || leaf.group.isEmpty { leaf.group = leaf.owner }
        if !fields.has("usages") {
            let text = "\(fields.subject.label("usages")) is missing"
            problems.addMissing(fields.location, text, hint: "add usages: [client auth]")
        }
        checkRenewBefore(&leaf, fields)
        fields.reportOpenMode(leaf.mode, of: "the key")
        // The list is examined as written, because its invalid items have already been reported.
        if leaf.usages.contains(.serverAuth), fields.entry("names")?.value.sequence?.isEmpty ?? true {
            problems.addMissing(
                fields.location,
                "\(fields.subject.name) is for 'server auth' and has no names, so every client would refuse it",
                hint: "add names: [\"${node.name}\"]"
            )
        }
        return isUsable ? leaf : nil
    }

    private func checkRenewBefore(_ leaf: inout LeafDeclaration, _ fields: ConfigValue) {
        guard leaf.renewBefore != .zero else {
            leaf.renewBefore = min(defaults.renewBefore, leaf.validity / 3)
            return
        }
        guard leaf.renewBefore >= leaf.validity else { return }
        fields.report(
            "renewBefore",
            "is \(leaf.renewBefore.text), not less than its validity of "
                + "\(leaf.validity.text), so it would always be due",
            hint: "write renewBefore: \((leaf.validity / 3).text)"
        )
    }
}
