internal import Glibc

/// Operations on paths, byte by byte as the kernel reads them.
///
/// Swift treats a slash with a combining mark as a different character, and two spellings of an accent as equal. The
/// kernel does neither, so these functions compare bytes and not characters.
extension StringProtocol where UTF8View: BidirectionalCollection {
    /// The parts between the slashes, without empty ones.
    @inlinable public var pathParts: [SubSequence] {
        var parts: [SubSequence] = []
        var start = startIndex
        while start < endIndex {
            let end = utf8[start...].firstIndex(of: UInt8(ascii: "/")) ?? endIndex
            if start < end { parts.append(self[start..<end]) }
            start = end < endIndex ? utf8.index(after: end) : endIndex
        }
        return parts
    }

    @inlinable public var isAbsolutePath: Bool { utf8.first == UInt8(ascii: "/") }
    @inlinable public var endsWithSlash: Bool { utf8.last == UInt8(ascii: "/") }

    @inlinable public var hasSlash: Bool { utf8.contains(UInt8(ascii: "/")) }
    @inlinable public var lastSlash: Index? { utf8.lastIndex(of: UInt8(ascii: "/")) }

    /// The text without trailing slashes.
    @inlinable public var withoutSlashesAtEnd: String {
        let end = utf8.lastIndex { $0 != UInt8(ascii: "/") }.map { utf8.index(after: $0) }
        return String(self[..<(end ?? startIndex)])
    }

    /// Returns the rest of a path after a leading directory: `/b` for the path `/a/b` and the directory `/a`.
    @inlinable public func pathPart(after directory: some StringProtocol) -> String {
        String(self[utf8.index(startIndex, offsetBy: directory.utf8.count)...])
    }
}

/// Returns whether a path equals a directory or is below it; neither may end with a slash, except for `/`.
@inlinable public func isPath(_ path: some StringProtocol, at directory: some StringProtocol) -> Bool {
    // Nothing is allocated here, because generating units compares every task's paths with every secret path.
    guard path.utf8.starts(with: directory.utf8) else { return false }
    let length = directory.utf8.count
    guard path.utf8.count > length, length != 1 || directory.utf8.first != UInt8(ascii: "/") else { return true }
    return path.utf8[path.utf8.index(path.utf8.startIndex, offsetBy: length)] == UInt8(ascii: "/")
}

/// Returns whether a path is below a directory; neither may end with a slash, except for `/`.
@inlinable public func isPath(_ path: some StringProtocol, below directory: some StringProtocol) -> Bool {
    path.utf8.count > directory.utf8.count && isPath(path, at: directory)
}

/// Returns whether a name matches a pattern of `fnmatch(3)` without flags.
public func isName(_ name: String, like pattern: String) -> Bool { unsafe fnmatch(pattern, name, 0) == 0 }
