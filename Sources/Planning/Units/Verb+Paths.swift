/// Paths that a unit must be told of.
extension Verb {
    /// The directories that are to be there before the task runs, because its unit may write nowhere else.
    ///
    /// A unit cannot be given a directory that does not exist, and cannot make it anywhere else.
    public var neededDirectories: [String] {
        var directories = writtenPath.map { [parent(of: $0.path)] } ?? []
        if case .exec(let declaration) = self {
            if let creates = declaration.creates { directories.append(parent(of: creates.path)) }
            directories += declaration.needs.writes.map(\.path).filter { $0.hasSuffix("/") }.map(normalised)
        }
        return directories
    }

    /// What the task's unit may write.
    var writablePaths: [String] {
        guard case .exec(let declaration) = self else { return neededDirectories.map(located) }
        let files = declaration.needs.writes.map(\.path).filter { !$0.hasSuffix("/") }
        return (neededDirectories + files).map(located)
    }

    /// The paths that the task file says the task reads.
    var namedPaths: [String] {
        switch self {
        case .kubeconfig(let declaration):
            return [declaration.certificateAuthority.path, declaration.certificate.path, declaration.key.path]
        case .symlink: return []
        case .file(let declaration):
            return if case .path(let source) = declaration.source { [source.path] } else { [] }
        case .apply(let declaration):
            let manifests = declaration.manifests.compactMap { if case .path(let path) = $0 { path.path } else { nil } }
            return (usedKubeconfig.map { [$0.path] } ?? []) + manifests
        case .exec(let declaration):
            let program =
                switch declaration.program {
                case .script(let script): [script.path]
                case .command(let name, _): name.hasPrefix("/") ? [name] : []
                }
            return program + declaration.needs.reads.map(\.path)
        case .wait(let declaration):
            switch declaration.condition {
            case .url(_, let authority): return authority.map { [$0.path] } ?? []
            case .file(let path): return [path.path]
            case .apiServer, .object, .tcp, .unit: return usedKubeconfig.map { [$0.path] } ?? []
            }
        }
    }
}

/// A path without detours, and by the name that systemd's own directories have had for long.
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

/// Tells whether a path is a directory or below it; both without a slash at the end.
func isPath(_ path: String, at directory: String) -> Bool {
    path == directory || path.hasPrefix(directory == "/" ? "/" : "\(directory)/")
}
