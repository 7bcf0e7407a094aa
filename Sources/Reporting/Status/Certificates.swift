public import Base
public import Certificates
import Planning

/// Returns the certificates of a set as a human-readable table, followed by undeclared files and notes.
///
/// The first problem of a certificate is in its row; further problems are below the row.
public func certificateLines(_ inspection: SetInspection, at now: Timestamp) -> [String] {
    var rows: [[String]] = []
    for status in inspection.all {
        let expiry = status.validUntil.map { expiryText($0, at: now) } ?? "-"
        let first = [status.leaf?.node ?? "(CA)", status.name, expiry]
        let problems = status.faults.map(\.description)
        rows.append(first + [problems.first ?? ""])
        rows += problems.dropFirst().map { ["", "", "", $0] }
    }
    var lines = tableLines(["NODE", "NAME", "EXPIRES", "PROBLEM"], rows)
    if !inspection.undeclared.isEmpty {
        lines += ["", "not declared:"] + inspection.undeclared.map { "  \(printable($0))" }
    }
    if inspection.progress != .notRotating {
        lines += ["", "note: the CA is being replaced; 'certificates rotate-ca' says what is next"]
    }
    if !inspection.limits.isEmpty { lines += [""] + inspection.limits.map { "note: \($0)" } }
    return lines
}

/// Returns the certificates of a node as a table below an empty line, or no lines if there are no certificates.
public func certificateLines(_ certificates: [CertificateExpiry], at now: Timestamp) -> [String] {
    guard !certificates.isEmpty else { return [] }
    let rows = certificates.map { [$0.path, expiryText($0.expires, at: now), $0.subject] }
    return [""] + tableLines(["CERTIFICATE", "EXPIRES", "SUBJECT"], rows)
}

private func expiryText(_ end: Timestamp, at now: Timestamp) -> String {
    let rest = Duration.seconds(end.seconds - now.seconds)
    let days = rest.components.seconds / 86_400
    let time = rest <= .zero ? "past" : days > 0 ? "\(days)d" : rest.clockText
    return "\("\(end)".prefix(10)) (\(time))"
}

/// Returns the progress of a CA rotation as human-readable lines.
///
/// `done` is the step that was just completed, if any. `command` performs the next step, and is not shown if `done` is
/// the last step.
public func rotationLines(_ status: RotationStatus, done: RotationStep?, next command: String?) -> [String] {
    var lines: [String] = []
    if let step = done ?? status.done {
        lines.append("step '\(step.rawValue)' is done: \(step.result) ('\(status.authorityPath)')")
        lines.append("on every node: \(step.workOnNodes); see docs/certificates.md, 'Rotating the CA'")
    } else {
        lines.append("'\(status.authorityPath)' has one CA, which is not being replaced")
    }
    if status.progress == .issued { lines += [""] + serialLines(status) }
    guard done != .remove, let command else { return lines }
    return lines + ["", "\(status.progress == .notRotating ? "next" : "when all of this is done"): \(command)"]
}

/// Returns a table of the serial numbers in the set, for comparison with the certificates on the nodes, and a note.
public func serialLines(_ status: RotationStatus) -> [String] {
    let rows = status.leaves.map { [$0.node, $0.name, $0.serialNumber ?? "-"] }
    return tableLines(["NODE", "NAME", "SERIAL"], rows) + [
        "note: the cluster does not report the certificates of its nodes; 'openssl x509 -noout -serial -in FILE' prints "
            + "the serial number of one there"
    ]
}

extension RotationStep {
    fileprivate var result: String {
        switch self {
        case .add: "the new CA is trusted beside the old one, which issues certificates"
        case .issue: "the new CA has issued all certificates, and the old one is trusted beside it"
        case .remove: "the old CA is no longer trusted"
        }
    }

    /// The work that the step requires on every node.
    fileprivate var workOnNodes: String {
        switch self {
        case .add, .remove: "install the file of the CA, and restart what reads it"
        case .issue: "install all certificates and keys, and restart what uses them"
        }
    }
}

/// Formats a table whose columns are as wide as their widest cells, and omits columns without values.
func tableLines(_ heading: [String], _ rows: [[String]]) -> [String] {
    let rows = [heading] + rows.map { $0.map(printable) }
    let columns = heading.indices.filter { column in rows.dropFirst().contains { !$0[column].isEmpty } }
    let widths = heading.indices.map { column in rows.map { $0[column].columnCount }.max() ?? 0 }
    return rows.map { cells in
        let line = columns.map { cells[$0].padded(to: widths[$0]) }.joined(separator: "  ")
        return String(line.reversed().drop { $0 == " " }.reversed())
    }
}

/// Returns the findings of `certificates check` as one JSON object, without a line ending.
public func certificatesJSON(_ inspection: SetInspection) -> String {
    let faulty = inspection.all.count { !$0.faults.isEmpty }
    return Node.output([
        ("certificates", .sequence(inspection.all.map(\.node))), ("rotation", .string(inspection.progress.rawValue)),
        ("undeclared", .strings(inspection.undeclared)), ("notCompared", .strings(inspection.limits)),
        ("summary", .mapping(["certificates": .number(inspection.all.count), "problems": .number(faulty)])),
    ])
}

extension CertificateStatus {
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
