public import Base
public import Certificates
import Planning

/// Returns the certificates of a set as a table for people.
///
/// Further problems of a certificate are on lines of their own, below the first.
///
/// - Parameters:
///   - inspection: What is known of the certificates.
///   - now: The instant from which remaining time counts.
/// - Returns: The lines, the heading first, then what is not declared and what could not be compared.
public func certificateLines(_ inspection: SetInspection, at now: Timestamp) -> [String] {
    var rows: [[String]] = []
    for status in inspection.all {
        let first = [status.leaf?.node ?? "(CA)", status.name, status.expiry(at: now)]
        let problems = status.faults.map { printable($0.description) }
        rows.append(first + [problems.first ?? ""])
        rows += problems.dropFirst().map { ["", "", "", $0] }
    }
    var lines = TextTable(["NODE", "NAME", "EXPIRES", "PROBLEM"], rows).lines()
    if !inspection.undeclared.isEmpty {
        lines += ["", "not declared:"] + inspection.undeclared.map { "  \(printable($0))" }
    }
    if inspection.progress != .notRotating {
        lines += ["", "note: the CA is being replaced; 'certificates rotate-ca' says what is next"]
    }
    if !inspection.limits.isEmpty { lines += [""] + inspection.limits.map { "note: \($0)" } }
    return lines
}

/// Returns the certificates of a node as a table for people, below the table of its tasks.
///
/// - Parameters:
///   - certificates: The certificates.
///   - now: The instant from which remaining time counts.
///   - columns: The width of the terminal, or `nil` for lines of any length.
///   - isUTF8: Whether the table may have characters that are not ASCII.
/// - Returns: The lines, an empty one and the heading first; none if there is no certificate.
public func certificateLines(
    _ certificates: [CertificateExpiry],
    at now: Timestamp,
    columns: Int? = nil,
    isUTF8: Bool = true,
) -> [String] {
    guard !certificates.isEmpty else { return [] }
    let rows = certificates.map { certificate in
        [certificate.path, expiryText(certificate.expires, at: now), certificate.subject].map {
            tableText($0, isUTF8)
        }
    }
    let table = TextTable(["CERTIFICATE", "EXPIRES", "SUBJECT"], rows, columns: columns, isUTF8: isUTF8)
    return [""] + table.lines()
}

/// The day of an end with the time until then.
private func expiryText(_ end: Timestamp, at now: Timestamp) -> String {
    let rest = Duration.seconds(end.seconds - now.seconds)
    let days = rest.components.seconds / 86_400
    let time = rest <= .zero ? "past" : days > 0 ? "\(days)d" : rest.clockText
    return "\("\(end)".prefix(10)) (\(time))"
}

extension CertificateStatus {
    /// The day of the end with the time until then.
    fileprivate func expiry(at now: Timestamp) -> String { validUntil.map { expiryText($0, at: now) } ?? "-" }
}
