import Base

/// Removes empty parts and `.` from a path and resolves `..`, without following links.
func normalised(_ path: String) -> String {
    var parts: [Substring] = []
    let isAbsolute = path.isAbsolutePath
    for part in path.pathParts where part != "." {
        if part == "..", let last = parts.last, last != ".." {
            parts.removeLast()
        } else if part != ".." || !isAbsolute {
            parts.append(part)
        }
    }
    let joined = parts.joined(separator: "/")
    return isAbsolute ? "/" + joined : (joined.isEmpty ? "." : joined)
}

/// Returns the normalised path, with `/var/run` mapped to `/run` and `/var/lock` to `/run/lock`.
func located(_ path: String) -> String {
    let path = normalised(path)
    for (old, new) in [("/var/run", "/run"), ("/var/lock", "/run/lock")] where isPath(path, at: old) {
        return new + path.pathPart(after: old)
    }
    return path
}

func parent(of path: String) -> String {
    let path = normalised(path)
    guard let slash = path.lastSlash, slash != path.startIndex else { return "/" }
    return String(path[..<slash])
}

/// Returns whether a path is `/proc`, `/sys` or below them, where the kernel creates the content.
func isOfKernel(_ path: String) -> Bool { ["/proc", "/sys"].contains { isPath(path, at: $0) } }
