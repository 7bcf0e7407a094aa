import Base
public import Certificates
import Planning
import YAML

/// Returns the findings of `certificates check` as one JSON object.
///
/// - Parameter inspection: The findings.
/// - Returns: One line without a line ending.
public func certificatesJSON(_ inspection: SetInspection) -> String {
    let faulty = inspection.all.count { !$0.faults.isEmpty }
    return Node.output([
        ("certificates", .sequence(inspection.all.map(\.node))), ("rotation", .string(inspection.progress.rawValue)),
        ("undeclared", .strings(inspection.undeclared)), ("notCompared", .strings(inspection.limits)),
        ("summary", .mapping(["certificates": .number(inspection.all.count), "problems": .number(faulty)])),
    ])
}

/// Returns the actions of `certificates renew` as one JSON object.
///
/// - Parameters:
///   - plan: The actions.
///   - isDryRun: Whether the actions are only reported, not performed.
/// - Returns: One line without a line ending.
public func renewalJSON(_ plan: RenewalPlan, isDryRun: Bool) -> String {
    let change =
        switch plan.authority {
        case .keep: "kept"
        case .make: "made"
        case .encryptAgain: "encrypted again"
        }
    func node(_ item: RenewalPlan.Item, isMade: Bool) -> Node {
        .known([
            ("node", .string(item.leaf.node)), ("name", .string(item.leaf.name)), ("reasons", .strings(item.reasons)),
            ("keepsKey", isMade ? .boolean(item.keepsKey) : nil),
        ])
    }
    let summary: [(String, Node)] = [
        ("made", .number(plan.made.count)), ("encryptedAgain", .number(plan.encrypted.count)),
        ("kept", .number(plan.keptCount)),
    ]
    return Node.output([
        ("dryRun", .boolean(isDryRun)), ("authority", .string(change)),
        ("authorityProblems", .strings(plan.authorityFaults)),
        ("made", .sequence(plan.made.map { node($0, isMade: true) })),
        ("encryptedAgain", .sequence(plan.encrypted.map { node($0, isMade: false) })),
        ("removed", .strings(plan.removed)), ("notCompared", .strings(plan.limits)), ("summary", .mapping(summary)),
    ])
}

/// Returns the progress of a CA rotation as one JSON object.
///
/// - Parameters:
///   - status: The progress of the rotation.
///   - done: The step that was done last, if the status does not contain it.
/// - Returns: One line without a line ending.
public func rotationJSON(_ status: RotationStatus, done: RotationStep?) -> String {
    let done = done ?? status.done
    let leaves = status.leaves.map { leaf in
        Node.known([
            ("node", .string(leaf.node)), ("name", .string(leaf.name)), ("serial", .text(leaf.serialNumber)),
            ("current", .boolean(leaf.isCurrent)), ("keepsKey", .boolean(leaf.keepsKey)),
        ])
    }
    return Node.output([
        ("rotation", .string(status.progress.rawValue)),
        ("done", .text(done?.rawValue)), ("next", .string(status.next.rawValue)),
        ("authority", .string(status.authorityPath)),
        ("onNodes", .strings(done.map(rotationInstructions(after:)) ?? [])), ("certificates", .sequence(leaves)),
    ])
}

extension CertificateStatus {
    /// The certificate as a JSON object.
    fileprivate var node: Node {
        let digits = leaf.map { String($0.mode, radix: 8) }
        let mode = digits.map { String(repeating: "0", count: max(0, 4 - $0.count)) + $0 }
        return .known([
            ("node", .text(leaf?.node)), ("name", .string(name)), ("path", .string(path)),
            ("expires", .text(validUntil?.description)), ("owner", .text(leaf?.owner)), ("group", .text(leaf?.group)),
            ("mode", .text(mode)), ("problems", .strings(faults.map(\.description))),
        ])
    }
}
