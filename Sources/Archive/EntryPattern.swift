import Base

/// The name of a wanted file or directory, a pattern as in a shell.
struct EntryPattern {
    /// The pattern as it was written.
    let text: String
    private let parts: [String]

    init(_ text: String) {
        self.text = text
        parts = text.pathParts.filter { $0 != "." }.map(String.init)
    }

    /// Returns whether a path is, or is below, what the pattern names.
    func matches(_ path: String) -> Bool {
        let others = path.pathParts
        guard others.count >= parts.count else { return false }
        return zip(parts, others).allSatisfy { part, other in
            part == other || isName(String(other), like: part)
        }
    }

    /// Returns the path that is most likely meant by a pattern that matches none.
    func nearest(in paths: [String]) -> String? {
        if let last = parts.last, let same = paths.first(where: { $0.pathParts.last.map(String.init) == last }) {
            return same
        }
        return nearestName(to: text, in: paths)
    }
}
