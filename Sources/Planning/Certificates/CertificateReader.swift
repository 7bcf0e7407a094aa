import Base
import YAML

/// Reads the section `certificates`.
struct CertificateReader {
    private let reader: ClusterReader
    private let nodes: Inventory
    private let knownRoles: [String]
    private let variables: Variables

    private var files: MergedFiles { reader.files }
    private var problems: ProblemCollector { reader.problems }

    /// Creates a reader for the `certificates` section of the task files.
    ///
    /// - Parameter reader: The reader of the cluster, which must have read the nodes.
    init(_ reader: ClusterReader) {
        self.reader = reader
        nodes = reader.inventory ?? Inventory()
        knownRoles = reader.knownRoles
        variables = reader.readVariables(for: [])
    }

    /// Values for keys that a certificate does not set.
    struct Defaults {
        var organizations: [String] = []
        var validity = CertificateKeys.Defaults.validity.value
        var key = CertificateKeys.Defaults.key.value
        var renewBefore = CertificateKeys.Defaults.renewBefore.value
        var owner = CertificateKeys.Defaults.owner.value
        var group: String?
        var mode = CertificateKeys.Defaults.mode.value
    }

    /// Reads the whole section.
    ///
    /// - Returns: The declarations, `nil` if the section or a required part of it is missing or has errors.
    func read() -> CertificateDeclarations? {
        guard var fields = section() else { return nil }
        let directory = fields.value(CertificateKeys.directory)
        let hostKeys = fields.value(CertificateKeys.hostKeys)
        let recipients = readRecipients(&fields)
        let defaults = readDefaults(&fields)
        let authority = readAuthority(&fields, defaults)
        let leaves = readLeaves(&fields, defaults)
        fields.finish()
        guard let directory, let hostKeys, let authority else { return nil }
        for (path, name) in [(hostKeys.path, "the keys of the nodes"), (fields.location.file, "the task file")]
        where isPath(normalised(path), at: normalised(directory.path)) {
            let label = fields.subject.label(CertificateKeys.directory.description.name)
            problems.add(
                directory.location,
                "\(label) '\(directory.path)' contains \(name), and 'certificates renew' replaces it as a whole",
                hint: "name a directory of its own, such as secrets/certs"
            )
            return nil
        }
        return CertificateDeclarations(
            directory: directory,
            hostKeys: hostKeys,
            recipients: recipients,
            authority: authority,
            leaves: leaves,
        )
    }

    /// The section, `nil` if no file contains it.
    private func section() -> MappingReader? {
        guard let first = files.certificates.entries.first else { return nil }
        return MappingReader(
            files.certificates.entries,
            at: files.certificates.location ?? first.location,
            MappingName(path: ["certificates"]),
            variables,
            problems
        )
    }

    /// Reads a certificate that a task issues.
    ///
    /// - Parameters:
    ///   - fields: The keys of the certificate, which use the defaults of the section.
    ///   - node: The host name of this node.
    /// - Returns: The declaration, or `nil` after reporting a problem.
    func leaf(_ fields: MappingReader, of node: String) -> LeafDeclaration? {
        LeafReader(fields, defaults: defaults, problems: problems).read(node, fields.variables)
    }

    /// Reads an entry of `leaves` for a task that issues the certificate, with the variables of the task.
    ///
    /// - Parameters:
    ///   - name: The name of the certificate in `leaves`.
    ///   - value: The value of the task that refers to the certificate.
    ///   - node: The host name of this node.
    /// - Returns: The declaration, or `nil` after reporting a problem.
    func leaf(_ name: String, namedBy value: ConfigValue, of node: String) -> LeafDeclaration? {
        let section = files.certificates.entries.first { $0.key == CertificateKeys.leaves.name }
        let leaves = section?.value.mapping?.entries ?? []
        guard let entry = leaves.first(where: { $0.key == name }) else {
            let names = leaves.map(\.key)
            problems.addMissing(
                value.node.location,
                "\(value.label) is \(quoted(name)), which is not in 'certificates.leaves'",
                hint: names.isEmpty
                    ? "write leaf: and below it commonName: and usages:"
                    : problems.hint(for: name, in: names, else: "expected one of \(few(names))"),
            )
            return nil
        }
        let leaf = LeafReader(entry, knownRoles: knownRoles, defaults: defaults, problems: problems)
        return leaf?.read(node, value.variables)
    }

    /// The values of `defaults` in the section.
    private var defaults: Defaults {
        guard var fields = section() else { return Defaults() }
        return readDefaults(&fields)
    }

    private func readRecipients(_ fields: inout MappingReader) -> [Recipient] {
        let name = CertificateKeys.recipients.name
        let hint = "add recipients: [RECIPIENT], with what 'age-keygen -y' prints or the line of an 'id_ed25519.pub'"
        guard let entry = fields.take(name) else {
            problems.addMissing(fields.location, "\(fields.subject.label(name)) is missing", hint: hint)
            return []
        }
        guard let items = fields.value(of: entry).items(of: "recipients", limit: Limit.recipientCount) else {
            return []
        }
        if items.isEmpty, entry.value.sequence?.isEmpty == true {
            // Without a recipient, the CA key could not be decrypted to issue another certificate.
            problems.add(
                entry.value.location,
                "\(fields.subject.label(name)) has no recipient",
                hint: hint
            )
        }
        return items.compactMap { $0.recipient() }.unique(by: \.text)
    }

    private func readDefaults(_ fields: inout MappingReader) -> Defaults {
        typealias Keys = CertificateKeys.Defaults
        var defaults = Defaults()
        guard var below = fields.fields(CertificateKeys.defaults.name) else { return defaults }
        defaults.organizations = below.value(Keys.organization) ?? []
        defaults.validity = below.value(Keys.validity)
        defaults.key = below.value(Keys.key)
        defaults.renewBefore = below.value(Keys.renewBefore)
        defaults.owner = below.value(Keys.owner)
        defaults.group = below.value(Keys.group)
        defaults.mode = below.value(Keys.mode)
        below.reportOpenMode(defaults.mode, of: "the key")
        below.finish()
        return defaults
    }

    private func readAuthority(_ fields: inout MappingReader, _ defaults: Defaults) -> AuthorityDeclaration? {
        typealias Keys = CertificateKeys.Authority
        let name = CertificateKeys.authority.name
        guard let entry = fields.take(name) else {
            let hint = "add authority: {name: k8s, commonName: Kubernetes CA}"
            problems.addMissing(fields.location, "\(fields.subject.label(name)) is missing", hint: hint)
            return nil
        }
        guard var below = fields.value(of: entry).mapping("a mapping") else { return nil }
        defer { below.finish() }
        let authorityName = below.value(Keys.name)
        let commonName = below.value(Keys.commonName)
        let organizations = below.value(Keys.organization) ?? defaults.organizations
        let validity = below.value(Keys.validity)
        let key = below.value(Keys.key) ?? defaults.key
        guard let authorityName, let commonName else { return nil }
        return AuthorityDeclaration(
            name: authorityName,
            commonName: commonName,
            organizations: organizations,
            validity: validity,
            key: key,
            renewBefore: min(defaults.renewBefore, validity / 3),
            location: below.location,
        )
    }

    /// Reads every entry of `leaves` once for each node that has the certificate.
    private func readLeaves(_ fields: inout MappingReader, _ defaults: Defaults) -> [LeafDeclaration] {
        let name = CertificateKeys.leaves.name
        guard let entry = fields.take(name) else {
            let hint = "add leaves: and a certificate below it"
            problems.addMissing(fields.location, "\(fields.subject.label(name)) is missing", hint: hint)
            return []
        }
        guard let below = fields.value(of: entry).mapping("a mapping of names to certificates") else { return [] }
        let nodes = namedNodes()
        guard below.entries.count * max(nodes.count, 1) <= Limit.certificateCount else {
            let message =
                "\(below.entries.count) certificates for \(nodes.count) nodes are more than \(Limit.certificateCount)"
            problems.add(below.location, message)
            return []
        }
        let byNode = nodes.map { ($0.name, $0.roles, reader.readVariables(for: $0.roles, of: $0.name)) }
        var leaves: [String: [LeafDeclaration]] = [:]
        for entry in below.entries {
            let leaf = LeafReader(entry, knownRoles: knownRoles, defaults: defaults, problems: problems)
            guard let leaf, leaf.isEnabled(variables) else { continue }
            let wanted = leaf.roles(variables)
            for (node, roles, variables) in byNode where wanted.map({ roles.contains(where: $0.contains) }) ?? true {
                if let read = leaf.read(node, variables) { leaves[node, default: []].append(read) }
            }
        }
        return nodes.flatMap { leaves[$0.name] ?? [] }
    }

    /// The nodes whose names are valid directory names, in the order of the files.
    private func namedNodes() -> [Inventory.Entry] {
        if files.nodes.entries.allSatisfy({ HostPatterns.isMeant(by: $0.key) }) {
            problems.addMissing(
                files.location,
                "no node is \(files.nodes.entries.isEmpty ? "declared" : "listed by name"), so there are no certificates",
                hint: "write nodes: and below it HOST: {role: ROLE}"
            )
        }
        return nodes.entries.filter { node in
            if case .host? = SubjectName(node.name), !node.name.hasPrefix("*") { return true }
            // Names that no host can have were already reported.
            if SubjectName.isHostName(node.name) {
                problems.add(
                    node.location,
                    "\(quoted(node.name)) cannot be the host name of a node with certificates"
                )
            }
            return false
        }
    }
}
