public import Base

/// A step of a CA rotation; the raw value is the word that users type.
public enum RotationStep: String, Sendable, Hashable, CaseIterable {
    /// The new CA is created, and trusted in addition to the old CA.
    case add
    /// The new CA issues all certificates.
    case issue
    /// The old CA is no longer trusted.
    case remove

    /// Whether the step breaks connections of nodes that lack the files of the previous step.
    public var needsConfirmation: Bool { self != .add }

    public var needsIdentity: Bool { self == .issue }
}

public struct RotationStatus: Sendable, Hashable {
    public struct Leaf: Sendable, Hashable {
        public var node: String
        public var name: String

        /// The serial number in hexadecimal digits, or `nil` if there is no readable certificate.
        public var serialNumber: String?

        /// Whether the CA that currently issues certificates has issued this certificate.
        public var isCurrent: Bool
    }

    public var progress: RotationProgress

    /// The path of the file with the certificates of the CAs.
    public var authorityPath: String

    public var leaves: [Leaf]

    /// The last completed step, or `nil` if no rotation is in progress.
    public var done: RotationStep? { RotationStep.allCases.prefix(doneCount).last }

    public var next: RotationStep { RotationStep.allCases[doneCount] }

    /// The number of completed steps, which is the index of the progress.
    private var doneCount: Int { RotationProgress.allCases.firstIndex(of: progress) ?? 0 }

    /// Returns whether a step is still to be done.
    ///
    /// - Throws: ``Base/Problem`` if another step must come first, or if the new CA has not issued all certificates.
    public func isDue(_ step: RotationStep) throws(Problem) -> Bool {
        switch (progress, step) {
        case (.notRotating, .issue):
            throw Problem(
                "there is no new CA that could issue certificates",
                hint: "begin with '--step add'"
            )
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
