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
    let pairs: [(String, Node)] = [
        Node.outputVersion, ("certificates", .sequence(inspection.all.map(\.node))),
        ("rotation", .string(inspection.progress.rawValue)),
        ("undeclared", .strings(inspection.undeclared)), ("notCompared", .strings(inspection.limits)),
        (
            "summary",
            .mapping([("certificates", .number(inspection.all.count)), ("problems", .number(faulty))])
        ),
    ]
    return String(decoding: Node.mapping(pairs).json(), as: UTF8.self)
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
    func nodes(_ items: [RenewalPlan.Item], _ more: (RenewalPlan.Item) -> [(String, Node)] = { _ in [] }) -> Node {
        .sequence(
            items.map { item in
                .mapping(
                    [
                        ("node", .string(item.leaf.node)), ("name", .string(item.leaf.name)),
                        ("reasons", .strings(item.reasons)),
                    ] + more(item)
                )
            }
        )
    }
    let summary: [(String, Node)] = [
        ("made", .number(plan.made.count)), ("encryptedAgain", .number(plan.encrypted.count)),
        ("kept", .number(plan.keptCount)),
    ]
    let pairs: [(String, Node)] = [
        Node.outputVersion, ("dryRun", .boolean(isDryRun)), ("authority", .string(change)),
        ("authorityProblems", .strings(plan.authorityFaults)),
        ("made", nodes(plan.made) { [("keepsKey", .boolean($0.keepsKey))] }),
        ("encryptedAgain", nodes(plan.encrypted)), ("removed", .strings(plan.removed)),
        ("notCompared", .strings(plan.limits)), ("summary", .mapping(summary)),
    ]
    return String(decoding: Node.mapping(pairs).json(), as: UTF8.self)
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
        var fields: [(String, Node)] = [("node", .string(leaf.node)), ("name", .string(leaf.name))]
        if let serial = leaf.serialNumber { fields.append(("serial", .string(serial))) }
        return Node.mapping(fields + [("current", .boolean(leaf.isCurrent)), ("keepsKey", .boolean(leaf.keepsKey))])
    }
    var pairs: [(String, Node)] = [
        Node.outputVersion, ("rotation", .string(status.progress.rawValue)),
    ]
    if let done { pairs.append(("done", .string(done.rawValue))) }
    pairs += [
        ("next", .string(status.next.rawValue)), ("authority", .string(status.authorityPath)),
        ("onNodes", .strings(done.map(rotationInstructions(after:)) ?? [])), ("certificates", .sequence(leaves)),
    ]
    return String(decoding: Node.mapping(pairs).json(), as: UTF8.self)
}

extension CertificateStatus {
    /// The certificate as a JSON object.
    fileprivate var node: Node {
        var fields: [(String, Node)] = []
        if let leaf { fields.append(("node", .string(leaf.node))) }
        fields += [("name", .string(name)), ("path", .string(path))]
        if let validUntil { fields.append(("expires", .string("\(validUntil)"))) }
        if let leaf {
            let digits = String(leaf.mode, radix: 8)
            let mode = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            fields += [("owner", .string(leaf.owner)), ("group", .string(leaf.group)), ("mode", .string(mode))]
        }
        return .mapping(fields + [("problems", .strings(faults.map(\.description)))])
    }
}

extension Node {
    fileprivate static func strings(_ texts: [String]) -> Node { .sequence(texts.map { .string($0) }) }
}
