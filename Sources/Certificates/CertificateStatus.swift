public import Base
public import Planning

public struct CertificateStatus: Sendable, Hashable {
    /// The declaration, or `nil` for a CA.
    public var leaf: LeafDeclaration?

    /// The name of the declared certificate or of the CA.
    public var name: String
    public var path: String

    /// The expiry of the certificate, or `nil` if there is no readable certificate.
    public var validUntil: Timestamp?

    public var faults: [CertificateFault]
}

/// A problem with a certificate or its key.
public enum CertificateFault: Sendable, Hashable, CustomStringConvertible {
    case missing
    case keyMissing
    /// The certificate cannot be read; the text is a predicate.
    case unreadable(String)
    /// The key is encrypted to other recipients; the text is a predicate of the key.
    case recipients(String)
    /// The key cannot be read or decrypted, or belongs to another certificate; the text is a predicate of the key.
    case key(String)
    /// The certificate should be a CA certificate, but is not.
    case noAuthority
    /// The certificate becomes valid at the given instant, which is in the future.
    case notYetValid(Timestamp)
    /// The certificate is due for renewal, has expired or differs from its declaration; the text is a predicate.
    case certificate(String)
    /// The type of the key differs from the declaration; the text is a predicate.
    case keyType(String)

    /// The fault as a predicate of the certificate.
    public var description: String {
        switch self {
        case .missing: "is missing"
        case .keyMissing: "has no key"
        case .unreadable(let text), .certificate(let text), .keyType(let text): text
        case .noAuthority: "is not the certificate of a CA"
        case .notYetValid(let start): "is not valid before \(start)"
        case .recipients(let text), .key(let text): "its key \(text)"
        }
    }

    /// Whether the fault can be corrected only with a new key.
    var needsOtherKey: Bool {
        switch self {
        case .keyMissing, .key, .keyType: true
        case .missing, .unreadable, .recipients, .noAuthority, .notYetValid, .certificate: false
        }
    }

    /// Whether encrypting the key again is enough to correct the fault.
    var isOfRecipients: Bool { if case .recipients = self { true } else { false } }
}

public struct SetInspection: Sendable {
    /// The status of the CA that issues certificates.
    var authority: CertificateStatus

    /// The status of the other trusted CAs: during a rotation, of the new or the old CA.
    var otherAuthorities: [CertificateStatus] = []

    public var progress = RotationProgress.notRotating

    /// The status of the selected certificates, in the order of their declarations.
    var leaves: [CertificateStatus] = []

    /// The paths of the undeclared certificates and keys, relative to the directory.
    public var undeclared: [String] = []

    /// The comparisons that were not possible, as sentences without a full stop.
    public var limits: [String] = []

    var authorities: [CertificateStatus] { [authority] + otherAuthorities }

    public var all: [CertificateStatus] { authorities + leaves }
}

/// The certificates that a command selects by node and name.
public struct CertificateSelection: Sendable, Hashable {
    /// The nodes, or an empty array for all.
    var nodes: [String]

    /// The names, or an empty array for all.
    var names: [String]

    public init(nodes: [String] = [], names: [String] = []) {
        self.nodes = nodes
        self.names = names
    }

    /// Whether neither nodes nor names restrict the selection.
    var isComplete: Bool { nodes.isEmpty && names.isEmpty }

    /// Returns the declarations of the selected certificates.
    ///
    /// - Throws: ``Base/Problems`` with a problem for every undeclared node and name, or if no certificate matches.
    public func leaves(of declarations: CertificateDeclarations) throws(Problems) -> [LeafDeclaration] {
        var problems: [Problem] = []
        func check(_ kind: String, _ given: [String], _ known: [String]) {
            for name in given where !known.contains(name) {
                let near = nearestName(to: name, in: known).map { "did you mean '\($0)'?" }
                let hint = near ?? "expected one of \(known.joined(separator: ", "))"
                problems.append(Problem("no \(kind) '\(name)' is declared", hint: hint))
            }
        }
        check("node with certificates", nodes, declarations.nodes)
        check("certificate", names, Array(Set(declarations.leaves.map(\.name))).sorted())
        guard problems.isEmpty else { throw Problems(problems) }
        let leaves = declarations.leaves.filter { leaf in
            (nodes.isEmpty || nodes.contains(leaf.node)) && (names.isEmpty || names.contains(leaf.name))
        }
        guard leaves.isEmpty, !isComplete else { return leaves }
        throw Problems([Problem("no certificate is selected: these nodes have none of these names")])
    }
}
