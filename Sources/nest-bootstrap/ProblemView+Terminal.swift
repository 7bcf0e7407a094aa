import Base
import Host
import Kubernetes
import Reporting

extension ProblemView {
    /// Returns the form of problems for standard error at its width at the moment, or `nil` if it is not a terminal.
    static func onTerminal(_ environment: OutputEnvironment, root: String?) -> Self? {
        guard environment.isErrorTerminal else { return nil }
        return Self(
            columns: Terminal.columns(2),
            isColoured: environment.areErrorsColoured
        ) { shownLine(at: $0, root: root) }
    }
}

/// Returns the line of a location, if everybody may read the file and it has no Secrets.
///
/// The file is one of this machine, or of the node below the root if only that exists.
private func shownLine(at location: SourceLocation, root: String?) -> String? {
    let paths = [location.file] + (root.map { ["\($0)/\(location.file)"] } ?? [])
    let found = paths.filter { (try? FileSystem.exists($0)) == true }
    // If both exist, the location does not say which one is meant.
    guard let index = location.position.map({ $0.line - 1 }), found.count == 1,
        let status = try? FileSystem.status(found[0]), status.mode & 0o4 != 0,
        let bytes = try? FileSystem.read(found[0], limit: SizeLimit.configuration), !bytes.mentionsSecret
    else { return nil }
    let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: index + 1, omittingEmptySubsequences: false)
    guard lines.indices.contains(index), let line = String(validating: lines[index], as: UTF8.self) else { return nil }
    return line.hasSuffix("\r") ? String(line.dropLast()) : line
}
