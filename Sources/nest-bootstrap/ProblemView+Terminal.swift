import Base
import Host
import Kubernetes
import Reporting

extension ProblemView {
    /// Returns the view of problems on standard error, or `nil` if standard error is not a terminal.
    static func onTerminal(_ environment: OutputEnvironment, root: String?) -> Self? {
        guard environment.isErrorTerminal else { return nil }
        let shown = ShownFile()
        return Self(
            columns: Terminal.size(2)?.columns,
            isColoured: environment.areErrorsColoured
        ) { shown.line(at: $0, root: root) }
    }
}

/// A cache for the lines of one file, which suffices because problems are sorted by file.
private final class ShownFile: Sendable {
    private let last = Locked<(path: String, lines: [ArraySlice<UInt8>])>(("", []))

    /// Returns the line at a location, or `nil` if it must not or cannot be shown.
    ///
    /// The file must be readable for every user, mention no Secret, and exist only here or only below the root.
    func line(at location: SourceLocation, root: String?) -> String? {
        guard let index = location.position.map({ $0.line - 1 }) else { return nil }
        let line = last.withLock { last -> ArraySlice<UInt8>? in
            if last.path != location.file { last = (location.file, Self.lines(of: location.file, root)) }
            return last.lines.indices.contains(index) ? last.lines[index] : nil
        }
        let text = line.flatMap { String(validating: $0, as: UTF8.self) }
        return text.map { $0.hasSuffix("\r") ? String($0.dropLast()) : $0 }
    }

    private static func lines(of file: String, _ root: String?) -> [ArraySlice<UInt8>] {
        let paths = [file] + (root.map { ["\($0)/\(file)"] } ?? [])
        let found = paths.filter { (try? FileSystem.exists($0)) == true }
        // If both exist, the location does not say which one is meant.
        guard found.count == 1, let status = try? FileSystem.status(found[0]), status.mode & 0o4 != 0,
            let bytes = try? readFile(found[0], limit: SizeLimit.configuration), !bytes.mentionsSecret
        else { return [] }
        return bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    }
}
