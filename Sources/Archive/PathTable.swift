import Base

/// Paths of entries that do not contradict each other.
struct PathTable {
    /// A contradiction of two paths.
    struct Contradiction: Error {
        /// The contradiction as a sentence about the archive.
        var words: String
    }

    /// The knowledge of a path.
    private enum Known {
        /// A directory that has no entry of its own.
        case implied
        case directory(Int)
        case other(Int)

        var isDirectory: Bool { if case .other = self { false } else { true } }
    }

    private var known: [ExactText: Known] = [:]

    /// Returns the position of the entry with a path, `nil` if there is none.
    func position(of path: String) -> Int? {
        switch known[ExactText(path)] {
        case .directory(let position)?, .other(let position)?: position
        case .implied?, nil: nil
        }
    }

    /// Adds a path.
    ///
    /// - Parameters:
    ///   - path: The path, with single slashes.
    ///   - isDirectory: Whether it is the path of a directory.
    ///   - position: The position of its entry.
    /// - Returns: Whether it is new; a directory may have several entries.
    /// - Throws: ``Contradiction`` if something other than a directory is at the path or above it.
    mutating func add(_ path: String, isDirectory: Bool, _ position: Int) throws(Contradiction) -> Bool {
        var above = path
        while let slash = above.lastSlash {
            above = String(above[..<slash])
            guard let found = known[ExactText(above)] else {
                known[ExactText(above)] = .implied
                continue
            }
            guard found.isDirectory else {
                throw Contradiction(words: "entry '\(path)' is below '\(above)', which is not a directory")
            }
            break
        }
        let found = known[ExactText(path)]
        guard found == nil || isDirectory && found?.isDirectory == true else {
            throw Contradiction(words: "it has two entries '\(path)'")
        }
        if case .directory? = found { return false }
        known[ExactText(path)] = isDirectory ? .directory(position) : .other(position)
        return true
    }
}
