import Base
import Host
import Kubernetes
import Reporting

extension ProblemView {
    /// Returns the form of problems for standard error, or `nil` if it is not a terminal.
    ///
    /// - Parameters:
    ///   - environment: The outputs of the program.
    ///   - root: The directory of `--root`.
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

/// The files whose lines are shown with problems, each read once.
private final class ShownFiles: Sendable {
    private let sources = Locked<[String: ShowableSource?]>([:])
    private let root: String?

    init(root: String?) { self.root = root }

    /// Returns the line of a location, or `nil` if the file cannot be read or the line may be secret.
    func line(at location: SourceLocation) -> String? {
        guard let position = location.position else { return nil }
        return sources.withLock { sources in
            let known = sources[location.file]
            let source = known ?? read(location.file)
            if known == nil { sources[location.file] = .some(source) }
            return source?.line(at: position)
        }
    }

    /// Reads a file of this machine, or of the node below the root if only that exists.
    private func read(_ path: String) -> ShowableSource? {
        let paths = [path] + (root.map { ["\($0)/\(path)"] } ?? [])
        let found = paths.filter { (try? FileSystem.exists($0)) == true }
        // If both exist, the location does not say which one is meant.
        guard found.count == 1, let bytes = try? FileSystem.read(found[0], limit: SizeLimit.configuration) else {
            return nil
        }
        return ShowableSource(bytes)
    }
}
