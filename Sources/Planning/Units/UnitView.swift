/// What the unit of a task sees of the node's files.
///
/// Some directories are empty for it, but for the paths that its task names. A file that another task makes or replaces
/// there, before or while the unit runs, stays out of its sight. Where a mask over a file would end with the file, an empty
/// directory stays.
struct UnitView {
    /// The directories that are empty.
    private(set) var emptied: [String] = []

    /// The paths that are bound into these, to be read.
    private(set) var reads: [String] = []

    /// The paths that are bound into these, at and below which the task writes.
    private(set) var writes: [String] = []

    /// The directories that would be empty, if the task did not name or write the whole of them.
    private(set) var opened: [String] = []

    /// What the drop-in of all units empties.
    static let everywhere = [run, "/var/lib"]

    /// The directory of sockets and of credentials.
    static let run = "/run"

    /// Where the units of tasks keep what is put in place after them.
    private static let staged = "/run/nest-bootstrap-staged"

    private static let root = "/"

    /// Finds what a unit sees.
    ///
    /// - Parameters:
    ///   - task: What the task names and writes.
    ///   - closed: The directories of which a unit sees only what its task names, each before those in it.
    ///   - isRootEmpty: Whether the unit sees nothing but the base system and what its task names.
    init(of task: Names, closed: [ClosedDirectory], isRootEmpty: Bool) {
        if isRootEmpty { emptied.append(Self.root) }
        let whole = (task.writes + task.looksAt).filter { $0 != Self.root }
        for directory in closed where isSeen(directory.path, in: whole) {
            guard emptied.count < Limit.hiddenCount else { break }
            if directory.isOpen(to: task) { opened.append(directory.path) } else { emptied.append(directory.path) }
        }
        // What tasks have made for their owners is in nobody's sight.
        if opened.contains(Self.run) { emptied.append(Self.staged) }
        let base = isRootEmpty ? Self.baseSystem + (task.runsPrograms ? Self.othersSystem : []) : []
        bind(base + task.reads + task.looksAt, writes: task.writes)
        // What the drop-in empties is empty below an empty directory too.
        if isRootEmpty { emptied += Self.everywhere.filter { !emptied.contains($0) && !opened.contains($0) } }
    }

    /// Whether a directory is in no empty one, or in a directory that the unit sees of one.
    private func isSeen(_ path: String, in seen: [String]) -> Bool {
        guard let outer = emptied.last(where: { isPath(path, at: $0) }) else { return true }
        return seen.contains { isPath(path, at: $0) && isPath($0, at: outer) && $0 != outer }
    }

    /// Binds the paths that are in an empty directory, each once.
    private mutating func bind(_ named: [String], writes written: [String]) {
        for path in written { add(path, to: \.writes) }
        for path in named { add(path, to: \.reads) }
        let (all, allWritten) = (reads + writes, writes)
        reads = reads.filter { !isBound($0, by: all) && !allWritten.contains($0) }
        writes = writes.filter { !isBound($0, by: allWritten) }
    }

    private mutating func add(_ path: String, to list: WritableKeyPath<UnitView, [String]>) {
        let isIn = emptied.contains { isPath(path, at: $0) && path != $0 }
        if isIn, !self[keyPath: list].contains(path) { self[keyPath: list].append(path) }
    }

    /// Whether a path is seen because another one is bound that it is in, with no empty directory between the two.
    private func isBound(_ path: String, by others: [String]) -> Bool {
        let inner = emptied.filter { isPath(path, at: $0) }.max { $0.utf8.count < $1.utf8.count }
        return others.contains {
            $0 != path && isPath(path, at: $0) && isPath($0, at: inner ?? Self.root) && $0 != inner
        }
    }

    /// Whether anything at or below a path may be seen.
    func mayShow(_ path: String) -> Bool {
        !emptied.contains { isPath(path, at: $0) }
            || (reads + writes).contains { isPath(path, at: $0) || isPath($0, at: path) }
    }

    /// What the program of every distribution needs: itself, and the configuration of accounts, names, time and trust.
    static let baseSystem =
        ["/bin", "/lib", "/lib64", "/nix", "/sbin", "/usr", "/var/lib/ca-certificates"]
        + [
            "ca-certificates", "crypto-policies", "gai.conf", "group", "host.conf", "hostname", "hosts", "ld.so.cache",
            "localtime", "machine-id", "nsswitch.conf", "os-release", "passwd", "pki/ca-trust", "pki/tls",
            "resolv.conf",
            "services", "ssl", "static",
        ].map { "/etc/\($0)" }

    /// What other programs need in addition; the configuration of one of them is named by its task.
    private static let othersSystem =
        ["/lib32", "/libx32", "/opt"]
        + [
            "alternatives", "bash.bashrc", "ca-certificates.conf", "debian_version", "environment", "inputrc",
            "ld.so.conf",
            "ld.so.conf.d", "locale.alias", "locale.conf", "login.defs", "mime.types", "networks", "profile",
            "profile.d",
            "protocols", "rpc", "shells", "terminfo", "timezone", "xattr.conf",
        ].map { "/etc/\($0)" }
}

extension UnitView {
    /// What a task names and writes.
    struct Names {
        /// The paths that it reads, also by way of what these refer to.
        var reads: [String]
        /// The paths at and below which it writes.
        var writes: [String]
        /// The directories in which it looks at single paths.
        var looksAt: [String] = []
        /// The paths that may appear while it runs.
        var awaited: [String] = []
        /// Whether nobody knows which paths it reads.
        var readsAnything = false
        /// Whether it may write anywhere.
        var writesAnywhere = false
        /// Whether it runs programs.
        var runsPrograms = false
    }
}

/// A directory of which a unit sees only what its task names.
struct ClosedDirectory {
    /// Its path.
    let path: String
    /// Whether a task closes it, because a secret is in it; otherwise it is closed on every node.
    let isSecret: Bool

    /// Whether a task sees the whole directory.
    ///
    /// A task that may write `/etc` need not see a directory of keys in it.
    func isOpen(to task: UnitView.Names) -> Bool {
        task.readsAnything || task.writes.contains(path) || task.looksAt.contains(path)
            || !isSecret && (task.writesAnywhere || task.writes.contains { $0 != "/" && isPath(path, at: $0) })
            || task.reads.contains { isPath(path, at: $0) }
            || task.awaited.contains { isPath($0, at: path) }
    }
}
