public import Base
public import Certificates
import Planning

/// Writes the certificates of a set as a table for people.
///
/// Further problems of a certificate are on lines of their own, below the first.
///
/// - Parameters:
///   - inspection: What is known of the certificates.
///   - now: The instant from which remaining time counts.
/// - Returns: The lines, the heading first, then what is not declared and what could not be compared.
public func certificateLines(_ inspection: SetInspection, at now: Timestamp) -> [String] {
    var rows = [["NODE", "NAME", "EXPIRES", "PROBLEM"]]
    for status in inspection.all {
        let first = [status.leaf?.node ?? "(CA)", status.name, status.expiry(at: now)]
        let problems = status.faults.map { printable($0.description) }
        rows.append(first + [problems.first ?? ""])
        rows += problems.dropFirst().map { ["", "", "", $0] }
    }
    let widths = (0..<3).map { column in rows.map { $0[column].columnCount }.max() ?? 0 }
    var lines = rows.map { row in
        var line = zip(row, widths).map { $0.padded(to: $1 + 2) }.joined() + row[3]
        while line.last == " " { line.removeLast() }
        return line
    }
    if !inspection.undeclared.isEmpty {
        lines += ["", "not declared:"] + inspection.undeclared.map { "  \(printable($0))" }
    }
    if !inspection.limits.isEmpty { lines += [""] + inspection.limits.map { "note: \($0)" } }
    return lines
}

extension CertificateStatus {
    /// The day of the end with the time until then.
    fileprivate func expiry(at now: Timestamp) -> String {
        guard let validUntil else { return "-" }
        let rest = Duration.seconds(validUntil.seconds - now.seconds)
        let days = rest.components.seconds / 86_400
        let time = rest <= .zero ? "past" : days > 0 ? "\(days)d" : rest.clockText
        return "\("\(validUntil)".prefix(10)) (\(time))"
    }
}
