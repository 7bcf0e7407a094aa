public import Base
import YAML

/// Finds problems of objects that can be detected without asking a server.
///
/// Without the version or schema of a server, only rules that hold for all supported servers are applied.
public struct ObjectCheck: Sendable {
    /// The findings, at the locations of keys and values.
    public struct Findings: Sendable {
        /// Errors: a server would refuse the object.
        public var problems: [Problem] = []
        /// Warnings: values that some servers reject, and permissions that are too broad.
        public var warnings: [Problem] = []
    }

    private let version: KubernetesVersion?
    private let definitions: CustomDefinitions
    private let secretReaders: SecretReaders
    private let document: SchemaDocument?

    /// Creates a check.
    ///
    /// - Parameters:
    ///   - version: The version of the server, if it is known.
    ///   - definitions: The CustomResourceDefinitions against which custom resources are checked.
    ///   - secretReaders: The roles that read Secrets.
    ///   - document: The schema of the server, if it is known; a schema of another version is not used.
    public init(
        version: KubernetesVersion?,
        definitions: CustomDefinitions,
        secretReaders: SecretReaders,
        document: SchemaDocument? = nil,
    ) {
        self.version = version ?? document?.version
        self.definitions = definitions
        self.secretReaders = secretReaders
        self.document = version == nil || version == document?.version ? document : nil
    }

    /// The rules that depend on the object alone.
    private static let rules: [@Sendable (ManifestObject) -> [Problem]] = [
        ObjectNames.problems, MetadataFields.problems, Labels.problems, ConfigurationData.problems,
        SelectorMatch.problems, VolumeReferences.problems, AccessRules.problems, StructuralSchema.problems,
        ListKeys.problems, Quantities.problems, EncodedFields.problems, PortFields.problems,
        SelectorExpressions.problems, ContainerImages.problems, FileModes.problems, JobRules.problems,
    ]

    /// Returns whether the fields of an object's kind are known, which makes it possible to find unknown fields.
    ///
    /// Identity and metadata have the same fields in every kind, so an object with only these parts needs no schema.
    public func knowsFields(of manifest: ManifestObject) -> Bool {
        let type = manifest.identity.type
        if document != nil || definitions[type] != nil { return true }
        let versions = KubernetesSchemas.own.versions(of: type)
        if version.map(versions.contains) ?? !versions.isEmpty { return true }
        return (manifest.root.mapping?.entries ?? []).allSatisfy { Self.commonFields.contains($0.key) }
    }

    private static let commonFields: Set = ["apiVersion", "kind", "metadata"]

    public func findings(in manifest: ManifestObject) -> Findings {
        let manifest = manifest.loaded
        var findings = Findings()
        let removed = RemovedAPI.problem(of: manifest, version: version)
        if let removed, removed.isCertain { findings.problems.append(removed.problem) }
        if let removed, !removed.isCertain { findings.warnings.append(removed.problem) }
        if let version {
            findings.problems += [IntroducedAPI.problem(of: manifest, version: version)].compactMap(\.self)
        }
        if removed == nil { findings.problems += BuiltInKinds.problems(manifest) }
        for rule in Self.rules { findings.problems += rule(manifest) }
        let size = ObjectSize(manifest)
        findings.problems += size.problems
        findings.warnings +=
            size.warnings + MetadataFields.warnings(manifest) + ConfigurationData.warnings(manifest)
            + AccessRuleNames.warnings(manifest) + Quantities.warnings(manifest)
        findings.warnings += ConfigurationData.encryptedFiles(manifest) + secretReaders.warnings(manifest)
        findings.warnings += FileModes.warnings(manifest) + WrittenNulls.warnings(manifest)
        findings.problems += schemaProblems(manifest, unlike: findings.problems)
        let joined = Placeholders(manifest).joined(with: findings.problems)
        findings.problems = joined.problems
        findings.warnings += joined.warnings
        let identity = manifest.identity.description
        findings.problems = findings.problems.map { $0.prefixed(identity) }
        findings.warnings = findings.warnings.map { $0.prefixed(identity) }
        return findings
    }

    /// Returns the problems found with the schema of the kind, at locations where no rule has found a problem.
    private func schemaProblems(_ manifest: ManifestObject, unlike known: [Problem]) -> [Problem] {
        let type = manifest.identity.type
        let found: [Problem]
        if let definition = definitions[type] {
            found = definition.problems(of: manifest)
        } else if let faults = builtInFaults(manifest) {
            found = faults.map(\.problem)
        } else if let document {
            guard let schema = document.schema(of: type) else { return document.kindProblems(manifest, unlike: known) }
            found = SchemaCheck(manifest.root, of: type, against: schema, rules: .served).faults.map(\.problem)
        } else {
            return []
        }
        let places = Set(known.compactMap(\.location))
        return found.filter { $0.location.map { !places.contains($0) } ?? true }
    }

    /// Returns the faults of an object according to the schemas that are part of the program.
    ///
    /// If the version of the server is not known, only what is wrong in every version that has the kind is a fault.
    ///
    /// - Returns: The faults, or `nil` if the schemas do not have the kind in the version.
    private func builtInFaults(_ manifest: ManifestObject) -> [SchemaCheck.Fault]? {
        let type = manifest.identity.type
        func faults(in version: KubernetesVersion) -> [SchemaCheck.Fault]? {
            KubernetesSchemas.own.schema(of: type, in: version).map { schema in
                SchemaCheck(manifest.root, of: type, against: schema, rules: .builtIn(self.version)).faults
            }
        }
        if let version { return faults(in: version) }
        let versions = KubernetesSchemas.own.versions(of: type)
        guard let newest = versions.last, var common = faults(in: newest) else { return nil }
        for version in versions.dropLast().reversed() where !common.isEmpty {
            let places = Set((faults(in: version) ?? []).map(\.location))
            common.removeAll { !places.contains($0.location) }
        }
        return common
    }
}

extension Problem {
    /// Returns the problem with the name of its object in front.
    fileprivate func prefixed(_ identity: String) -> Problem {
        Problem(code, "\(identity): \(message)", at: location, hint: hint)
    }
}
