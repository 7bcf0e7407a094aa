import Base
import Host
import YAML

/// Reads the last entries of units from the journal, with journalctl.
struct JournalProbe {
    var root: String
    var environment: [String: String]

    /// The lines of a unit and those of systemd about it.
    struct Lines: Sendable {
        var unit: [JournalLine] = []
        /// The lines of the last start but one, if the program has ended with an error then, and not since.
        var ended: [JournalLine] = []
        var manager: [String] = []
        /// Why there is nothing to read, `nil` if there is.
        var reason: String?
    }

    /// Reads the last start of a unit.
    ///
    /// - Parameters:
    ///   - unit: The name of the unit.
    ///   - limit: The time limit.
    /// - Returns: The lines, of the last two minutes of this boot or the last start.
    func lines(of unit: String, within limit: Duration) async -> Lines {
        let root = root
        let access = try? await onThread(until: .now + limit) { () throws(SystemError) in Journal.access(root: root) }
        switch access ?? nil {
        case nil: return Lines(reason: "a file system does not answer")
        case .readable: break
        case .denied: return Lines(reason: "permission denied; run as root, or as a member of group 'systemd-journal'")
        case .missing: return Lines(reason: "there is no journal")
        }
        var arguments = ["--output=json", "--no-pager", "--quiet", "--lines=400", "--unit=\(unit)"]
        // Without '--all', long lines are left out.
        arguments += ["--all", "--output-fields=MESSAGE,_PID,UNIT,_SYSTEMD_INVOCATION_ID"]
        arguments += root.isEmpty ? ["--boot"] : ["--root=\(root)"]
        let command = Host.Command("journalctl", arguments, environment: environment)
        do throws(SystemError) {
            let result = try await filter(
                command,
                input: SecretBytes(copying: []),
                outputLimit: 8 << 20,
                deadline: .now + limit
            )
            guard result.status.isSuccess else { return Lines(reason: "journalctl \(result.status)") }
            return Self.lines(result.output.copy)
        } catch {
            return Lines(reason: error.isNotFound ? "there is no journalctl" : error.reason)
        }
    }

    /// Reads the output of journalctl: the last start of the unit, or the one before if the last reports no error.
    static func lines(_ bytes: [UInt8]) -> Lines {
        var lines = Lines()
        var starts: [String] = []
        var entries: [(start: String, line: JournalLine)] = []
        for row in bytes.split(separator: UInt8(ascii: "\n")) {
            guard let entry = try? readJSON(Array(row), file: "journal"), let text = entry["MESSAGE"]?.string else {
                continue
            }
            let microseconds = entry["__REALTIME_TIMESTAMP"]?.string.flatMap { Int64($0) }
            // The process that becomes the unit's program writes the errors of systemd before.
            let isOfManager = entry["_PID"]?.string == "1" || entry["UNIT"] != nil || text.contains("Failed at step ")
            if isOfManager {
                lines.manager.append(text)
                continue
            }
            let start = entry["_SYSTEMD_INVOCATION_ID"]?.string ?? ""
            if starts.last != start { starts.append(start) }
            entries.append((start, JournalLine(text, at: microseconds.map { Timestamp(seconds: $0 / 1_000_000) })))
        }
        // A start that has just begun has not reported its error yet, which the one before has.
        let ofStarts = starts.suffix(2).reversed().map { start in
            joined(entries.filter { $0.start == start }.map(\.line))
        }
        lines.unit = ofStarts.first { $0.contains { isError($0.text) } } ?? ofStarts.first ?? []
        if let last = ofStarts.first, fatalLine(last) == nil, let before = ofStarts.dropFirst().first,
            fatalLine(before) != nil
        {
            lines.ended = before
        }
        lines.manager = lines.manager.suffix(20)
        return lines
    }
}

/// Joins the lines of values that klog writes in several lines: `err=<`, indented lines, and a line that begins with `>`.
///
/// - Parameter lines: The lines of one start of a program.
/// - Returns: The lines, in which such a value is a text in quotes.
func joined(_ lines: [JournalLine]) -> [JournalLine] {
    var result: [JournalLine] = []
    var value: [String]?
    for line in lines {
        guard let parts = value, let last = result.indices.last else {
            result.append(line)
            value = line.text.hasSuffix("=<") ? [] : nil
            continue
        }
        let text = line.text.trimmingSpaces
        // Another entry means that the rest of the value is not in the journal.
        let isOther = isKlog(line.text)
        guard isOther || text.hasPrefix(">") else {
            value = parts + [text]
            continue
        }
        result[last].text = "\(result[last].text.dropLast())\(quoted(parts))"
        if isOther { result.append(line) } else { result[last].text += text.dropFirst() }
        value = result.last?.text.hasSuffix("=<") == true ? [] : nil
    }
    if let value, let last = result.indices.last, !value.isEmpty {
        result[last].text = "\(result[last].text.dropLast())\(quoted(value))"
    }
    return result
}

/// Returns lines as one text in quotes, as klog writes it.
private func quoted(_ lines: [String]) -> String {
    let escaped = lines.map { $0.replacing("\\", with: #"\\"#).replacing("\"", with: #"\""#) }
    return "\"\(escaped.joined(separator: #"\n"#))\""
}
