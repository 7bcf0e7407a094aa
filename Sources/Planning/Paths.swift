/// A path without `.`, empty parts, and `..` where the path alone shows what it refers to.
func normalised(_ path: String) -> String {
    var parts: [Substring] = []
    let isAbsolute = path.hasPrefix("/")
    for part in path.split(separator: "/") where part != "." {
        if part == "..", let last = parts.last, last != ".." {
            parts.removeLast()
        } else if part != ".." || !isAbsolute {
            parts.append(part)
        }
    }
    let joined = parts.joined(separator: "/")
    return isAbsolute ? "/" + joined : (joined.isEmpty ? "." : joined)
}

/// The normalised path, with `/var/run` mapped to `/run` and `/var/lock` to `/run/lock`.
func located(_ path: String) -> String {
    let path = normalised(path)
    for (old, new) in [("/var/run", "/run"), ("/var/lock", "/run/lock")] where isPath(path, at: old) {
        return new + path.dropFirst(old.count)
    }
    return path
}

/// The directory that a path is in.
func parent(of path: String) -> String {
    let path = normalised(path)
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
    return String(path[..<slash])
}

/// Returns whether a path is a directory or below it; both without a slash at the end.
func isPath(_ path: String, at directory: String) -> Bool {
    // Without an allocation, because units compare every task's paths with every secret path.
    guard path.utf8.starts(with: directory.utf8) else { return false }
    let length = directory.utf8.count
    guard path.utf8.count > length, directory != "/" else { return true }
    return path.utf8[path.utf8.index(path.utf8.startIndex, offsetBy: length)] == UInt8(ascii: "/")
}
