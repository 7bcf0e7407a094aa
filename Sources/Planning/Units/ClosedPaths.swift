import Base

/// A directory in which a unit sees only the paths that its task names.
struct ClosedDirectory: Hashable {
    /// The reason why a directory is closed.
    enum Kind {
        /// A directory of Kubernetes or of services, visible to tasks that write a directory around this directory.
        case usual
        /// Such a directory that does not exist yet. systemd must not create it.
        case absent
        /// A directory into which a task writes a secret. systemd may create it.
        case made
        /// A directory in which other software keeps secrets, and which that software creates.
        case foreign
    }

    private let exactPath: ExactText
    var path: String { exactPath.text }

    /// The reason why the directory is closed.
    let kind: Kind

    /// Whether the directory is hidden on every node.
    let isOfNode: Bool

    /// Whether the drop-in of all units hides the directory.
    let isInDropIn: Bool

    /// Whether systemd can show the directory as empty.
    ///
    /// Otherwise, a unit sees either nothing or all of the directory.
    var mayBeEmptied = true

    /// Whether a kubeconfig that no task writes may refer to files in the directory.
    let mayHoldCredentials: Bool

    init(path: String, kind: Kind, isOfNode: Bool = false, mayHoldCredentials: Bool = true) {
        exactPath = ExactText(path)
        self.kind = kind
        self.isOfNode = isOfNode
        isInDropIn = isOfNode && !HiddenPaths.hiddenByUnits.containsExactly(path)
        self.mayHoldCredentials = mayHoldCredentials
    }

    /// Whether units that name nothing in the directory see an empty directory, which systemd creates if necessary.
    var isEmptied: Bool { mayBeEmptied && kind != .foreign && kind != .absent }

    /// Whether a task of the plan has a secret in the directory.
    var isOfPlan: Bool { !isUsual && !isOfNode }

    /// Whether tasks that write a directory around the directory see it.
    private var isUsual: Bool { kind == .usual || kind == .absent }

    /// Returns whether a task that does not name the directory itself sees all of it.
    ///
    /// A task sees what it writes, because it has to compare it with what it would write.
    func isOpen(to task: UnitView.Names) -> Bool {
        task.readsAnything && mayHoldCredentials || task.products.contains(exactPath)
            || isUsual && (task.writesAnywhere || task.writes.contains { $0 != "/" && isPath(path, at: $0) })
            || task.reads.contains { isPath(path, at: $0) }
            || task.awaited.contains { isPath($0, at: path) }
    }
}

/// The closed directories and the secret files of a plan, indexed by the directories around them.
struct ClosedPaths {
    /// The directories that are closed whether or not they hold secrets.
    let usual: [String]

    private var outer: [ClosedDirectory] = []
    private var innerBelow: [ExactText: [ClosedDirectory]] = [:]
    private var looseFiles: [String] = []
    private var filesBelow: [ExactText: [String]] = [:]
    private let withoutRootOnly: [ClosedDirectory]

    /// Groups the paths of a plan.
    ///
    /// - Parameters:
    ///   - directories: The closed directories.
    ///   - files: The secret files.
    ///   - rootOnly: The directories that only root can read, which need not be hidden from unprivileged units.
    init(_ directories: Set<ClosedDirectory>, files: [String], rootOnly: Set<ExactText>) {
        usual = directories.filter { $0.kind == .usual }.map(\.path).sorted()
        for directory in directories.sorted(by: { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }) {
            let isInner = directory.isOfPlan && usual.contains { isPath(directory.path, at: $0) }
            guard isInner else {
                outer.append(directory)
                continue
            }
            for around in Self.directories(around: [directory.path]) {
                innerBelow[around, default: []].append(directory)
            }
        }
        for file in files {
            guard usual.contains(where: { isPath(file, at: $0) }) else {
                looseFiles.append(file)
                continue
            }
            for around in Self.directories(around: [file]) { filesBelow[around, default: []].append(file) }
        }
        withoutRootOnly = outer.filter { !rootOnly.contains(ExactText($0.path)) }
    }

    /// Returns whether a unit hides fewer paths than the drop-in, because the unit's user cannot read the other paths.
    func isDropInListReduced(for task: UnitView.Names) -> Bool {
        task.isUnprivileged && withoutRootOnly.count < outer.count
    }

    /// Returns the closed directories outside `usual` directories and the directories of the drop-in, parents first.
    func outer(for task: UnitView.Names) -> [ClosedDirectory] { task.isUnprivileged ? withoutRootOnly : outer }

    /// Returns the closed directories of the plan that are below the given directories and inside `usual` directories.
    func inner(of directories: [String]) -> [ClosedDirectory] {
        directories.flatMap { innerBelow[ExactText($0)] ?? [] }
    }

    /// Returns the secret files outside `usual` directories, and the secret files below the given directories.
    func files(in directories: [String]) -> [String] {
        looseFiles + directories.flatMap { filesBelow[ExactText($0)] ?? [] }
    }

    /// Returns all directories around some paths, except the root directory.
    static func directories(around paths: [String]) -> Set<ExactText> {
        var found: Set<ExactText> = []
        for path in paths {
            var rest = path[...]
            while let slash = rest.utf8.lastIndex(of: UInt8(ascii: "/")), slash != rest.startIndex {
                rest = rest[..<slash]
                guard found.insert(ExactText(String(rest))).inserted else { break }
            }
        }
        return found
    }
}
