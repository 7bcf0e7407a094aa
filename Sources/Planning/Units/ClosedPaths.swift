import Base

/// A directory of which a unit sees only the paths that its task names.
struct ClosedDirectory: Hashable {
    /// The reason why it is closed.
    enum Kind {
        /// It belongs to Kubernetes or to services. A task that writes a directory around it sees it.
        case usual
        /// A task writes a secret into it. systemd may create it.
        case made
        /// Somebody else keeps secrets in it, and creates it.
        case foreign
    }

    private let exactPath: ExactText
    var path: String { exactPath.text }

    /// The reason why it is closed.
    let kind: Kind

    /// Whether the drop-in of all units hides it.
    let isInDropIn: Bool

    /// Whether systemd can empty it; otherwise a unit sees either nothing or the whole of it.
    var mayBeEmptied = true

    /// Whether a kubeconfig that no task writes may refer to files in it.
    let mayHoldCredentials: Bool

    init(path: String, kind: Kind, isInDropIn: Bool = false, mayHoldCredentials: Bool = true) {
        exactPath = ExactText(path)
        self.kind = kind
        self.isInDropIn = isInDropIn
        self.mayHoldCredentials = mayHoldCredentials
    }

    /// Whether a unit that names nothing in it has it empty, rather than hidden, so that systemd creates it.
    var isEmptied: Bool { mayBeEmptied && kind != .foreign }

    /// Whether a task of the plan has a secret in it.
    var isOfPlan: Bool { kind != .usual && !isInDropIn }

    /// Returns whether a task that does not name the directory itself sees the whole of it.
    func isOpen(to task: UnitView.Names) -> Bool {
        task.readsAnything && mayHoldCredentials
            || kind == .usual && (task.writesAnywhere || task.writes.contains { $0 != "/" && isPath(path, at: $0) })
            || task.reads.contains { isPath(path, at: $0) }
            || task.awaited.contains { isPath($0, at: path) }
    }
}

/// The closed directories and the secret files of a plan, by the directories that they are in.
struct ClosedPaths {
    /// The directories that are closed whether or not they hold secrets.
    let usual: [String]

    private var outer: [ClosedDirectory] = []
    private var innerBelow: [ExactText: [ClosedDirectory]] = [:]
    private var looseFiles: [String] = []
    private var filesBelow: [ExactText: [String]] = [:]
    private let withoutRootOnly: [ClosedDirectory]

    /// Sorts the paths of a plan.
    ///
    /// - Parameters:
    ///   - directories: The closed directories.
    ///   - files: The secret files.
    ///   - rootOnly: The directories that only root can read, which the user of units need not hide.
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

    /// Whether a unit has a shorter list than the drop-in, because its user cannot read the rest.
    func isDropInListReduced(for task: UnitView.Names) -> Bool {
        task.isUnprivileged && withoutRootOnly.count < outer.count
    }

    /// The closed directories that are not in a usual one, and those of the drop-in, each before those in it.
    func outer(for task: UnitView.Names) -> [ClosedDirectory] { task.isUnprivileged ? withoutRootOnly : outer }

    /// The other closed directories below some directories.
    func inner(of directories: [String]) -> [ClosedDirectory] {
        directories.flatMap { innerBelow[ExactText($0)] ?? [] }
    }

    /// The secret files that are in no usual directory, and those below some directories.
    func files(in directories: [String]) -> [String] {
        looseFiles + directories.flatMap { filesBelow[ExactText($0)] ?? [] }
    }

    /// Every directory that some paths are in, except the root directory.
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
