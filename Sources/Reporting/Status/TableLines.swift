import Base

/// Formats a table whose columns are as wide as their widest cells.
///
/// - Parameters:
///   - heading: The headings of the columns.
///   - rows: Rows of as many cells as the heading.
/// - Returns: The lines, the heading first; a column without values is omitted.
func tableLines(_ heading: [String], _ rows: [[String]]) -> [String] {
    let rows = [heading] + rows.map { $0.map(printable) }
    let columns = heading.indices.filter { column in rows.dropFirst().contains { !$0[column].isEmpty } }
    let widths = heading.indices.map { column in rows.map { $0[column].columnCount }.max() ?? 0 }
    return rows.map { cells in
        let line = columns.map { cells[$0].padded(to: widths[$0]) }.joined(separator: "  ")
        return String(line.reversed().drop { $0 == " " }.reversed())
    }
}
