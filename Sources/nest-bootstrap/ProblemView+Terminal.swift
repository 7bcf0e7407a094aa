import Base
import Host
import Kubernetes
import Reporting

extension ProblemView {
    /// Returns the form of problems for standard error, or `nil` if it is not a terminal.
    ///
    /// - Returns: The form, which depends on the width of the terminal at the moment.
    static func onTerminal(_ environment: OutputEnvironment, root: String?) -> Self? {
        guard environment.isErrorTerminal else { return nil }
        let files = ShownFiles(root: root)
        return Self(
            columns: Terminal.columns(2),
            isColoured: environment.areErrorsColoured,
            isUTF8: environment.isUTF8
        ) { files.line(at: $0) }
    }
}

/// The files whose lines are shown with problems, each read once: those that everybody may read, without Secrets.
private final class ShownFiles: Sendable {
    private let files = Locked<[String: [String]]>([:])
    private let root: String?

    init(root: String?) { self.root = root }

    /// Returns the line of a location, or `nil` if it is not shown.
    func line(at location: SourceLocation) -> String? {
        guard let index = location.position.map({ $0.line - 1 }) else { return nil }
        return files.withLock { files in
            let lines = files[location.file] ?? read(location.file)
            files[location.file] = lines
            return lines.indices.contains(index) ? lines[index] : nil
        }
    }

    /// Reads a file of this machine, or of the node below the root if only that exists.
    private func read(_ path: String) -> [String] {
        let paths = [path] + (root.map { ["\($0)/\(path)"] } ?? [])
        let found = paths.filter { (try? FileSystem.exists($0)) == true }
        // If both exist, the location does not say which one is meant.
        guard found.count == 1, let status = try? FileSystem.status(found[0]), status.mode & 0o4 != 0,
            let bytes = try? FileSystem.read(found[0], limit: SizeLimit.configuration), !bytes.mentionsSecret,
            let text = String(validating: bytes, as: UTF8.self)
        else { return [] }
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            String(line.hasSuffix("\r") ? line.dropLast() : line)
        }
    }
}
