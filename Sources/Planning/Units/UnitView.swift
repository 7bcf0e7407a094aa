import Base

/// The part of the node's files that the unit of a task sees.
///
/// Every path has the state of the nearest mark at or above it, as with mounts. A closed directory is empty except for
/// the paths that the task names. Directories are emptied instead of hiding single files, because a file must exist to
/// be hidden by a mount, and becomes visible when another file is renamed over it. A bind mount keeps the file that
/// existed when the unit started.
struct UnitView {
    private enum State {
        case readable, writable, empty, hidden

        var isSeen: Bool { self == .readable || self == .writable }
    }

    /// The directories that are empty.
    private(set) var emptied: [String] = []

    /// The paths that are bound into the empty directories for reading.
    private(set) var reads: [String] = []

    /// The paths that are bound into the empty directories for reading and writing.
    private(set) var writes: [String] = []

    /// The inaccessible paths in directories that the unit sees, apart from the paths that are hidden on every node.
    private(set) var hidden: [String] = []

    /// The paths hidden on every node that this unit hides itself.
    private(set) var hiddenOfNode: [String] = []

    /// Whether ``hiddenOfNode`` replaces the list of the drop-in, instead of extending it.
    private(set) var replacesDropIn = false

    /// The directories between a directory that the task writes and a hidden path below it, which must not be renamed.
    private(set) var pinned: [String] = []

    /// Whether the unit sees only the base system and the paths that its task names.
    let isRootEmpty: Bool

    /// The directories that the drop-in of all units empties.
    static let emptiedByDropIn = [run, "/var/lib"]

    /// The directory of sockets and of credentials.
    static let run = "/run"

    /// The directory of products that are not in place yet; a unit sees only its own products.
    private static let staged = "/run/nest-bootstrap-staged"

    private static let root = "/"

    private var marks: [ExactText: State] = [:]
    private var marked: [String] = []

    /// Determines the view of a unit.
    ///
    /// - Parameters:
    ///   - task: The paths that the task names and writes.
    ///   - closed: The closed directories and the secret files of the plan.
    ///   - isRootEmpty: Whether the unit sees only the base system and the paths that its task names.
    init(of task: Names, closed: ClosedPaths, isRootEmpty: Bool) {
        self.isRootEmpty = isRootEmpty
        mark(Self.root, isRootEmpty ? .empty : .readable)
        for path in task.writes where path != Self.root { mark(path, .writable) }
        let base = isRootEmpty ? Self.baseSystem + (task.runsPrograms ? Self.othersSystem : []) : []
        for path in base + task.all where marks[ExactText(path)] == nil { mark(path, .readable) }
        close(closed, to: task)
        for path in marked.dropFirst() { keep(path) }
        for path in emptied + hidden + (replacesDropIn ? hiddenOfNode : []) { pin(above: path) }
        if isRootEmpty { emptied.insert(Self.root, at: 0) }
    }

    private mutating func mark(_ path: String, _ state: State) {
        if marks.updateValue(state, forKey: ExactText(path)) == nil { marked.append(path) }
    }

    /// Marks the closed directories, and the secret files in directories that the unit sees.
    private mutating func close(_ closed: ClosedPaths, to task: Names) {
        let names = task.all + task.writes
        let around = ClosedPaths.directories(around: names)
        // With an empty root directory most paths of the drop-in are out of sight.
        replacesDropIn = closed.isDropInListReduced(for: task) || isRootEmpty
        var ofNode: [ClosedDirectory] = []
        var count = 0
        for directory in closed.outer(for: task) {
            let isNamedInside = around.contains(ExactText(directory.path))
            let isOpen = close(directory, to: task, isNamedInside, &count)
            guard directory.isOfNode else { continue }
            ofNode.append(directory)
            let isDifferent = isOpen || isNamedInside || marks[ExactText(directory.path)] == .empty
            if directory.isInDropIn, isDifferent { replacesDropIn = true }
        }
        // A directory inside an invisible directory needs no mark, unless the unit sees a directory between the two.
        let seen =
            closed.usual.filter { shows($0) } + names.filter { name in closed.usual.contains { isPath(name, at: $0) } }
        for directory in closed.inner(of: seen) {
            _ = close(directory, to: task, around.contains(ExactText(directory.path)), &count)
        }
        // The program's own files between boots: its cache, and the lists of products.
        let ofProgram = task.runsPrograms ? ["/var/lib/nest-bootstrap", productsDirectory] : []
        for path in [Self.staged] + ofProgram.filter({ marks[ExactText($0)] == nil }) where state(above: path).isSeen {
            mark(path, .empty)
        }
        for file in closed.files(in: seen) where marks[ExactText(file)] == nil && !task.sees(secret: file) {
            guard count < Limit.hiddenCount else { break }
            guard state(above: file).isSeen else { continue }
            mark(file, .hidden)
            count += 1
        }
        let hiddenHere = ofNode.filter { marks[ExactText($0.path)] == .hidden }
        hiddenOfNode = hiddenHere.filter { replacesDropIn || !$0.isInDropIn }.map(\.path).filter {
            state(above: $0).isSeen
        }
        let pathsHiddenHere = Set(hiddenHere.map(\.path).exact)
        marked.removeAll { pathsHiddenHere.contains(ExactText($0)) }
    }

    /// Marks a closed directory unless the task sees all of it; returns whether the task sees all of it.
    private mutating func close(
        _ directory: ClosedDirectory,
        to task: Names,
        _ isNamedInside: Bool,
        _ count: inout Int,
    ) -> Bool {
        let path = directory.path
        let isSeenWhole = isNamedInside && !directory.mayBeEmptied
        if marks[ExactText(path)]?.isSeen == true || isSeenWhole || directory.isOpen(to: task) { return true }
        guard state(above: path).isSeen else { return false }
        if directory.isOfPlan {
            guard count < Limit.hiddenCount else { return false }
            count += 1
        }
        mark(path, isNamedInside || directory.isEmptied ? .empty : .hidden)
        return false
    }

    /// Returns the state that a path inherits from the directories around it.
    private func state(above path: String) -> State {
        var rest = path[...]
        while let slash = rest.utf8.lastIndex(of: UInt8(ascii: "/")), slash != rest.startIndex {
            rest = rest[..<slash]
            if let state = marks[ExactText(String(rest))] { return state }
        }
        return marks[ExactText(Self.root)] ?? .readable
    }

    /// Adds a marked path to the list for its mark, if the mark changes the view of the unit.
    private mutating func keep(_ path: String) {
        guard let state = marks[ExactText(path)] else { return }
        let above = self.state(above: path)
        switch state {
        case .empty: if above.isSeen { emptied.append(path) }
        case .hidden: if above.isSeen { hidden.append(path) }
        case .readable: if !above.isSeen { reads.append(path) }
        case .writable: if above != .writable, isBound(path) { writes.append(path) }
        }
    }

    /// Pins the directories above a hidden path, below the directory that the task writes.
    ///
    /// A renamed directory would take the path out of the mount that hides it.
    private mutating func pin(above path: String) {
        var rest = path[...]
        var between: [String] = []
        while let slash = rest.lastSlash, slash != rest.startIndex {
            rest = rest[..<slash]
            switch marks[ExactText(String(rest))] {
            case .writable:
                pinned += between.reversed().filter { !pinned.containsExactly($0) }
                return
            case .empty, .hidden: return
            case .readable, nil: between.append(String(rest))
            }
        }
    }

    /// Returns whether a path is in an empty directory, so that it must be bound to be visible.
    private func isBound(_ path: String) -> Bool {
        marks.contains { $0.value == .empty && isPath(path, at: $0.key.text) }
    }

    /// Returns whether the unit sees a path.
    func shows(_ path: String) -> Bool { marks[ExactText(path)]?.isSeen ?? state(above: path).isSeen }

    /// The base system for the program itself, with the configuration of accounts, names, time and trust.
    static let baseSystem =
        ["/bin", "/lib", "/lib64", "/nix", "/sbin", "/usr", "/var/lib/ca-certificates"]
        + [
            "ca-certificates", "crypto-policies", "gai.conf", "group", "host.conf", "hostname", "hosts", "ld.so.cache",
            "localtime", "machine-id", "nsswitch.conf", "os-release", "passwd", "pki/ca-trust", "pki/tls",
            "resolv.conf",
            "services", "ssl", "static",
        ].map { "/etc/\($0)" }

    /// The additional base system for other programs; a program's own configuration is visible if the task names it.
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
    /// The paths that a task reads and writes.
    struct Names {
        /// The paths in the keys of the task and in its kubeconfig, with everything below them.
        var reads: [String]
        /// The paths that the texts of the task mention, excluding secrets below these paths.
        var mentions: [String] = []
        /// The directories in which the task examines individual paths.
        var looksAt: [String] = []
        /// The paths at and below which the task writes.
        var writes: [String] = []
        /// The paths that the program of the task may change.
        var modifies: [String] = []
        /// The paths of the task's own products.
        var products: Set<ExactText> = []
        /// The paths that may appear while the task runs.
        var awaited: [String] = []
        /// Whether the paths that the task reads are unknown.
        var readsAnything = false
        /// Whether the task may write anywhere.
        var writesAnywhere = false
        var runsPrograms = false
        /// Whether the user of the unit cannot read the files of ``ownersFiles``.
        var isUnprivileged = false
        /// The files that tasks write with access for the owner only.
        var ownersFiles: Set<ExactText> = []

        /// Returns whether the unit may see a secret file, or its user cannot read the file anyway.
        func sees(secret file: String) -> Bool {
            let isOwners = ownersFiles.contains(ExactText(file))
            return readsAnything || products.contains(ExactText(file)) || isOwners && isUnprivileged
                || reads.contains { isPath(file, at: $0) }
                || modifies.contains {
                    $0 != "/" && (isOwners ? $0.hasSameBytes(as: parent(of: file)) : isPath(file, at: $0))
                }
        }

        /// All paths that the task reads.
        var all: [String] { reads + mentions + looksAt }
    }
}
