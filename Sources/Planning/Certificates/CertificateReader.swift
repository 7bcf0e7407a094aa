import Base

/// A reader of section `certificates`.
struct CertificateReader {
    private let reader: ClusterReader
    private let nodes: Inventory
    private let knownRoles: [String]
    private let variables: Variables

    private var files: MergedFiles { reader.files }
    private var problems: ProblemCollector { reader.problems }

    /// Creates a reader from the cluster's reader, which must already have read the nodes.
    init(_ reader: ClusterReader) {
        self.reader = reader
        nodes = reader.inventory ?? Inventory()
        knownRoles = reader.knownRoles
        variables = reader.readVariables(for: [])
    }

    static let keys: [Key<Written>] = [
        Key("directory", \.directory, .readPath, required: "secrets/certs")
            .meaning("the directory of the set, which `certificates renew` replaces as a whole"),
        Key("hostKeys", \.hostKeys, .readPath, required: "ssh-host-keys")
            .meaning("the directory with the nodes' public SSH keys, `HOST/*.pub`, of type ssh-ed25519"),
        Key("recipients", \.recipients, .recipients, required: "[RECIPIENT]")
            .meaning("the operators, who can decrypt every key: `age1…` or `ssh-ed25519 …`"),
        Key(
            "authority",
            \.authority,
            .value(of: .mapping(AuthorityDeclaration.keys.map(\.description))),
            required: "{name: k8s, commonName: Kubernetes CA}"
        )
        .meaning("the CA"),
        Key("defaults", \.defaults, .value(of: .mapping(LeafDeclaration.defaults.map(\.description))), default: "none")
            .meaning("values for certificates that have none of their own"),
        Key(
            "leaves",
            \.leaves,
            .value(of: .dictionary(.mapping(LeafReader.descriptions))),
            required: "{NAME: {commonName: NAME, usages: [client auth]}}"
        )
        .meaning("the certificates that the CA issues, by name; a drop-in replaces them one by one"),
    ]

    /// The values of the section, of which `authority`, `defaults` and `leaves` are not read yet.
    struct Written {
        var directory = LocatedPath.unset
        var hostKeys = LocatedPath.unset
        var recipients: [Recipient] = []
        var authority: ConfigValue?
        var defaults: ConfigValue?
        var leaves: ConfigValue?
    }

    /// Reads the whole section, or returns `nil` if it is empty or unusable.
    func read() -> CertificateDeclarations? {
        guard let fields = section() else { return nil }
        var written = Written()
        let isUsable = fields.read(Self.keys, into: &written)
        let defaults = readDefaults(written.defaults)
        let authority = written.authority.flatMap { readAuthority($0, defaults) }
        let leaves = written.leaves.map { readLeaves($0, defaults) } ?? []
        guard isUsable, let authority else { return nil }
        let directory = written.directory
        for (path, name) in [(written.hostKeys.path, "the keys of the nodes"), (fields.location.file, "the task file")]
        where isPath(normalised(path), at: normalised(directory.path)) {
            let label = fields.subject.label("directory")
            problems.add(
                directory.location,
                "\(label) '\(directory.path)' contains \(name), and 'certificates renew' replaces it as a whole",
                hint: "name a directory of its own, such as secrets/certs"
            )
            return nil
        }
        return CertificateDeclarations(
            directory: directory,
            hostKeys: written.hostKeys,
            recipients: written.recipients,
            authority: authority,
            leaves: leaves,
        )
    }

    private func section() -> ConfigValue? {
        guard !files.certificates.entries.isEmpty else { return nil }
        return files.certificates.value("certificates", variables, problems)
    }

    /// Reads a certificate that a task declares and issues, with the defaults of the section.
    func leaf(_ fields: ConfigValue, of node: String) -> LeafDeclaration? {
        LeafReader(fields, defaults: defaults, problems: problems).read(node, fields.variables)
    }

    /// Reads the entry of `leaves` that a task names, with the variables of the task.
    func leaf(_ name: String, namedBy value: ConfigValue, of node: String) -> LeafDeclaration? {
        let section = files.certificates.entries.first { $0.key == "leaves" }
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

    private var defaults: LeafDeclaration {
        var written = Written()
        if let fields = section() { _ = fields.read(Self.keys.filter { $0.name == "defaults" }, into: &written) }
        return readDefaults(written.defaults)
    }

    private func readDefaults(_ value: ConfigValue?) -> LeafDeclaration {
        var defaults = LeafDeclaration()
        guard let fields = value?.mapping("a mapping") else { return defaults }
        _ = fields.read(LeafDeclaration.defaults, into: &defaults)
        fields.reportOpenMode(defaults.mode, of: "the key")
        return defaults
    }

    private func readAuthority(_ value: ConfigValue, _ defaults: LeafDeclaration) -> AuthorityDeclaration? {
        guard let fields = value.mapping("a mapping") else { return nil }
        var authority = AuthorityDeclaration()
        (authority.organizations, authority.key) = (defaults.organizations, defaults.key)
        guard fields.read(AuthorityDeclaration.keys, into: &authority) else { return nil }
        authority.renewBefore = min(defaults.renewBefore, authority.validity / 3)
        authority.location = fields.location
        return authority
    }

    /// Reads every entry of `leaves` once for each node that has the certificate.
    private func readLeaves(_ value: ConfigValue, _ defaults: LeafDeclaration) -> [LeafDeclaration] {
        guard let below = value.mapping("a mapping of names to certificates") else { return [] }
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
            guard let leaf else { continue }
            let wanted = leaf.roles(variables)
            for (node, roles, variables) in byNode where wanted.map({ roles.contains(where: $0.contains) }) ?? true {
                if let read = leaf.read(node, variables) { leaves[node, default: []].append(read) }
            }
        }
        return nodes.flatMap { leaves[$0.name] ?? [] }
    }

    /// Returns the nodes that are listed by name and can have certificates.
    private func namedNodes() -> [Inventory.Entry] {
        if files.nodes.entries.allSatisfy({ Inventory.isPattern($0.key) }) {
            problems.addMissing(
                files.location,
                "no node is \(files.nodes.entries.isEmpty ? "declared" : "listed by name"), so there are no certificates",
                hint: "write nodes: and below it HOST: {role: ROLE}"
            )
        }
        return nodes.entries.filter { node in
            if case .host? = SubjectName(node.name), !node.name.hasPrefix("*") { return true }
            // Impossible host names have already been reported.
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
