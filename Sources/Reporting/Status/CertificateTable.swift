public import Base
public import Certificates
import Planning

/// Returns the certificates of a set as a human-readable table.
///
/// The first problem of a certificate is in its row; further problems are on separate lines below the row.
///
/// - Parameters:
///   - inspection: The findings about the certificates.
///   - now: The time from which remaining validity is computed.
/// - Returns: The lines, the heading first, then undeclared files and comparisons that could not be made.
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

/// Returns the certificates of a node as a human-readable table, for output below its tasks.
///
/// - Parameters:
///   - certificates: The certificates.
///   - now: The time from which remaining validity is computed.
/// - Returns: The lines, beginning with an empty line and the heading; empty if there is no certificate.
public func certificateLines(_ certificates: [CertificateExpiry], at now: Timestamp) -> [String] {
    guard !certificates.isEmpty else { return [] }
    let rows = certificates.map { [$0.path, expiryText($0.expires, at: now), $0.subject] }
    return [""] + tableLines(["CERTIFICATE", "EXPIRES", "SUBJECT"], rows)
}

/// Returns the expiry date with the remaining time.
private func expiryText(_ end: Timestamp, at now: Timestamp) -> String {
    let rest = Duration.seconds(end.seconds - now.seconds)
    let days = rest.components.seconds / 86_400
    let time = rest <= .zero ? "past" : days > 0 ? "\(days)d" : rest.clockText
    return "\("\(end)".prefix(10)) (\(time))"
}
