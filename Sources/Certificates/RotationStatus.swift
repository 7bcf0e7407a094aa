public import Base

/// A step of the rotation of a CA, as it is typed.
public enum RotationStep: String, Sendable, Hashable, CaseIterable {
    /// The new CA is made, and trusted beside the old one.
    case add
    /// The new CA issues all certificates.
    case issue
    /// The old CA is no longer trusted.
    case remove

    /// Whether nodes refuse each other after it if they have not got the files of the step before.
    public var needsConfirmation: Bool { self != .add }

    /// Whether the private key of an operator is needed for it.
    public var needsIdentity: Bool { self == .issue }
}

/// How far the rotation of a CA is.
public struct RotationStatus: Sendable, Hashable {
    /// A certificate of a node.
    public struct Leaf: Sendable, Hashable {
        public var node: String
        public var name: String

        /// The serial number in hexadecimal digits, `nil` if there is no certificate.
        public var serialNumber: String?

        /// Whether the CA that issues now has issued it.
        public var isCurrent: Bool

        /// Whether its key signs tokens, and therefore stays.
        public var keepsKey: Bool

        public init(node: String, name: String, serialNumber: String?, isCurrent: Bool, keepsKey: Bool) {
            (self.node, self.name, self.serialNumber) = (node, name, serialNumber)
            (self.isCurrent, self.keepsKey) = (isCurrent, keepsKey)
        }
    }

    /// How far it is.
    public var progress: RotationProgress

    /// The file with the certificates of the CAs.
    public var authorityPath: String

    /// The certificates of the nodes.
    public var leaves: [Leaf]

    public init(progress: RotationProgress, authorityPath: String, leaves: [Leaf]) {
        (self.progress, self.authorityPath, self.leaves) = (progress, authorityPath, leaves)
    }

    /// The step that was done last, as far as the files say.
    public var done: RotationStep? {
        switch progress {
        case .notRotating: nil
        case .added: .add
        case .issued: .issue
        }
    }

    /// The step that follows.
    public var next: RotationStep {
        switch progress {
        case .notRotating: .add
        case .added: .issue
        case .issued: .remove
        }
    }

    /// Returns whether a step is to be done; it is not if it is done already.
    ///
    /// - Throws: ``Base/Problem`` if another one comes before, or a certificate is not issued by the new CA.
    public func isDue(_ step: RotationStep) throws(Problem) -> Bool {
        switch (progress, step) {
        case (.notRotating, .issue):
            throw Problem("there is no new CA that could issue certificates", hint: "begin with '--step add'")
        case (.added, .remove):
            throw Problem(
                "the old CA cannot be removed: it has issued the certificates of the nodes",
                hint: "'--step issue' comes before"
            )
        case (.issued, .remove):
            let others = leaves.filter { !$0.isCurrent }.map { "\($0.node)/\($0.name)" }
            guard others.isEmpty else {
                throw Problem(
                    "the new CA has not issued \(others.joined(separator: ", "))",
                    hint: "'nest-bootstrap certificates renew' makes them; install them before the old CA is removed"
                )
            }
            return true
        default: return step == next
        }
    }
}
