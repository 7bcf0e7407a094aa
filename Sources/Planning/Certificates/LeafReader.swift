import Base
import YAML

/// Reads one certificate declaration for any number of nodes.
struct LeafReader {
    private let name: String
    private let location: SourceLocation
    private let entries: [Mapping.Entry]
    /// The name of the certificate in messages.
    private let subject: MappingName
    /// The valid values of `roles`.
    ///
    /// `nil` for a certificate that a task issues, which has neither `roles` nor `enable`.
    private let knownRoles: [String]?
    private let defaults: CertificateReader.Defaults
    private let problems: ProblemCollector

    /// Creates a reader of an entry of `leaves`, or returns `nil` after reporting a problem.
    init?(
        _ entry: Mapping.Entry,
        knownRoles: [String],
        defaults: CertificateReader.Defaults,
        problems: ProblemCollector,
    ) {
        let label = "certificate \(quoted(entry.key))"
        guard isTaskName(entry.key) else {
            problems.add(
                entry.location,
                "\(quoted(entry.key)) cannot be the name of a certificate: expected lowercase letters, digits and hyphens",
                hint: suggestedTaskName(entry.key).map { "write \($0):" },
            )
            return nil
        }
        guard let mapping = entry.value.mapping else {
            ConfigValue(node: entry.value, key: nil, label: label, problems: problems)
                .reportTypeMismatch("a mapping", hint: "write commonName: and usages: below it")
            return nil
        }
        (name, location, entries) = (entry.key, entry.location, mapping.entries)
        subject = MappingName(owner: label)
        (self.knownRoles, self.defaults, self.problems) = (knownRoles, defaults, problems)
    }

    /// Creates a reader of a certificate that a task issues.
    init(_ fields: MappingReader, defaults: CertificateReader.Defaults, problems: ProblemCollector) {
        (name, location, entries) = (fields.subject.name, fields.location, fields.entries)
        subject = fields.subject
        knownRoles = nil
        (self.defaults, self.problems) = (defaults, problems)
    }

    private typealias Keys = CertificateKeys.Leaf

    private func fields(_ variables: Variables) -> MappingReader {
        MappingReader(entries, at: location, subject, variables, problems)
    }

    /// Returns whether the certificate is enabled.
    func isEnabled(_ variables: Variables) -> Bool {
        var fields = fields(variables)
        return fields.value(Keys.enable)
    }

    /// Returns the roles whose nodes have the certificate, `nil` for every role.
    func roles(_ variables: Variables) -> [String]? {
        var fields = fields(variables)
        return fields.value(Keys.roles)?.items.compactMap { readRole($0, among: knownRoles ?? [], problems) }
    }

    /// Reads the certificate for a node.
    func read(_ node: String, _ variables: Variables) -> LeafDeclaration? {
        var fields = fields(variables)
        if knownRoles != nil {
            _ = fields.take(Keys.enable.description.name)
            _ = fields.take(Keys.roles.description.name)
        }
        let commonName = fields.value(Keys.commonName)
        let organizations = fields.value(Keys.organization) ?? defaults.organizations
        let names = fields.value(Keys.names) ?? []
        let usages = readUsages(&fields)
        let validity = fields.value(Keys.validity) ?? defaults.validity
        let key = fields.value(Keys.key) ?? defaults.key
        let renewBefore = readRenewBefore(&fields, validity)
        let owner = fields.value(Keys.owner)
        let group = fields.value(Keys.group) ?? (owner == nil ? defaults.group : nil)
        let mode = fields.value(Keys.mode) ?? defaults.mode
        fields.reportOpenMode(mode, of: "the key")
        fields.finish()
        checkKey(key, usages, fields)
        if usages.contains(.serverAuth), !fields.has(Keys.names.description.name) || hasNoItems(fields) {
            problems.addMissing(
                location,
                "\(fields.subject.name) is for 'server auth' and has no names, so every client would refuse it",
                hint: "add names: [\"${node.name}\"]"
            )
        }
        guard let commonName else { return nil }
        return LeafDeclaration(
            node: node,
            name: name,
            commonName: commonName,
            organizations: organizations,
            names: names.unique(),
            usages: usages,
            validity: validity,
            key: key,
            renewBefore: renewBefore,
            owner: owner ?? defaults.owner,
            group: group ?? owner ?? defaults.owner,
            mode: mode,
            location: location,
        )
    }

    /// Returns whether the list of names has no items; a list with only invalid items does not count as empty.
    private func hasNoItems(_ fields: MappingReader) -> Bool {
        fields.entries.first { $0.key == Keys.names.description.name }?.value.sequence?.isEmpty == true
    }

    private func readUsages(_ fields: inout MappingReader) -> Set<CertificateUsage> {
        let name = Keys.usages.description.name
        let hint = "add usages: [client auth]"
        let written = fields.entries.first { $0.key == name }
        let usages = fields.value(Keys.usages)
        if written == nil {
            problems.addMissing(location, "\(fields.subject.label(name)) is missing", hint: hint)
        } else if written?.value.sequence?.isEmpty == true {
            problems.add(
                written?.value.location ?? location,
                "\(fields.subject.label(name)) is empty",
                hint: hint
            )
        }
        return Set(usages ?? [])
    }

    private func readRenewBefore(_ fields: inout MappingReader, _ validity: Duration) -> Duration {
        let name = Keys.renewBefore.description.name
        let entry = fields.entries.first { $0.key == name }
        guard let renewBefore = fields.value(Keys.renewBefore) else { return min(defaults.renewBefore, validity / 3) }
        guard renewBefore < validity else {
            problems.add(
                entry?.value.location ?? location,
                "\(fields.subject.label(name)) is \(renewBefore.text), not less than its validity of \(validity.text), so "
                    + "it would always be due",
                hint: "write \(name): \((validity / 3).text)"
            )
            return validity / 3
        }
        return renewBefore
    }

    /// Reports a key type that the API server cannot use to sign tokens.
    private func checkKey(_ key: KeyType, _ usages: Set<CertificateUsage>, _ fields: MappingReader) {
        guard key == .ed25519, usages.contains(.signing) else { return }
        let entry = fields.entries.first { $0.key == Keys.key.description.name }
        problems.add(
            entry?.value.location ?? location,
            "\(fields.subject.name) is for 'signing' with a key of type ed25519, with which the API server signs no tokens",
            hint: "write key: \(KeyType.p256.rawValue)"
        )
    }
}
