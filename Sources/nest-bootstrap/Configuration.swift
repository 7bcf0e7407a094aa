import Actions
import Base
import HTTP
import Host
import Planning
import Reporting

/// The contents of the task files of one node, and the plan that follows from them.
struct Configuration {
    let options: Options
    let declarations: Declarations

    /// The problems in the task files; empty after ``init(_:)``, which throws them.
    let problems: [Problem]
    let sources: [SourceFile]
    private let facts: NodeFacts

    /// Reads the task file and its drop-ins; throws all of their problems if there are any.
    ///
    /// A missing default task file counts as a file without tasks.
    init(_ options: Options) throws(Problems) {
        try self.init(checking: options)
        guard problems.isEmpty else { throw Problems(problems) }
    }

    /// Reads the task file and its drop-ins, and keeps their problems in ``problems``.
    ///
    /// - Throws: ``Base/Problems`` if files or their directory cannot be read, or drop-ins have the wrong extension.
    init(checking options: Options) throws(Problems) {
        let facts = NodeFacts(
            hostName: options.hostName ?? Machine.hostName(),
            role: options.role,
            environmentRole: options.environment["NEST_ROLE"],
        )
        self.init(options, try Self.sources(options, isOptional: true), facts)
    }

    private init(_ options: Options, _ sources: [SourceFile], _ facts: NodeFacts) {
        (self.options, self.sources, self.facts) = (options, sources, facts)
        let read = readDeclarationsWithProblems(sources, node: facts)
        declarations = read.declarations
        problems = Problems(read.problems).all
        // Programs of tasks may create links in these directories; root follows no such link out of its directory.
        let directories = plan.programDirectories.map { FileSystem.existingRealPath((root ?? "") + $0) }
        FileSystem.programDirectories.withLock { $0 = directories }
    }

    /// Creates the configuration of a node that the task files declare, for `check --all-nodes`.
    init(_ options: Options, _ sources: [SourceFile], _ node: NodeReading) {
        (self.options, self.sources, facts) = (options, sources, NodeFacts(hostName: node.hostName))
        declarations = node.declarations
        problems = node.problems
    }

    var plan: Plan { declarations.plan }

    /// The declaration of the node's reports to the cluster, `nil` if the node does not report.
    ///
    /// If the declaration or its file is invalid, the default applies, so that the cluster learns of the error.
    var report: ReportDeclaration? { declarations.cluster.report }

    var keys: TaskFileKeys { TaskFileKeys(sources) }

    /// The choice that the address rule makes now; `nil` without a rule, or if interfaces cannot be listed.
    var addressChoice: AddressChoice? {
        declarations.cluster.addressRule.flatMap { rule in
            (try? NetworkInterface.all()).map { rule.choose(among: $0) }
        }
    }

    /// Interprets the same contents of the task files with the given address of this node.
    ///
    /// - Throws: ``Base/Problems`` if the address is known and the task files have problems. For any other address, the
    ///   problems are not thrown, because tasks that do not use the address can run.
    func with(_ address: NodeAddress) throws(Problems) -> Self {
        var facts = facts
        facts.address = address
        let read = Self(options, sources, facts)
        if case .known = address, !read.problems.isEmpty { throw Problems(read.problems) }
        return read
    }

    /// The root as an absolute path, because programs may run in another working directory.
    private var root: String? { options.root.map(Self.absolute) }

    /// Returns the path of the state directory, which contains the records, below the root.
    static func statePath(_ options: Options) throws(SystemError) -> String {
        try location(of: "/run/nest-bootstrap", options)
    }

    /// Returns the location of one of the program's own files, below the root.
    ///
    /// The root itself may be a link. Links in directories below it are resolved as if the root were `/`.
    static func location(of path: String, _ options: Options) throws(SystemError) -> String {
        guard let root = options.root.map(absolute) else { return path }
        return try NodeFiles(root: FileSystem.existingRealPath(root), isDryRun: false).location(ofWritten: path)
    }

    /// Returns the store of the records of this boot.
    ///
    /// The boot identifier is used only with a root. Without a root, a boot empties `/run`, and some container managers
    /// mount another identifier over the kernel's.
    func records() throws(SystemError) -> RecordStore {
        RecordStore(
            path: try Self.statePath(options),
            boot: root == nil ? nil : try Machine.bootIdentifier(),
            callArguments: options.commonArguments
        )
    }

    /// Returns the store of the product lists, which record the changes that `reset` undoes.
    ///
    /// The lists are not in `/var/lib/nest-bootstrap`, in which an unprivileged user owns some directories.
    static func products(_ options: Options) throws(SystemError) -> ProductStore {
        let root = options.root.map { FileSystem.existingRealPath(absolute($0)) } ?? ""
        let parent = FileSystem.existingRealPath(
            root.isEmpty ? "/var/lib" : try NodeFiles(root: root, isDryRun: false).location(ofTarget: "/var/lib")
        )
        return ProductStore(path: "\(parent)/nest-bootstrap-products", root: root == "/" ? "" : root)
    }

    var files: NodeFiles { files(refusingUntrusted: options.acts) }

    /// Whether this process creates sandboxes for programs and for network access, which only root can do.
    var isConfining: Bool { root == nil && Machine.isRoot && !options.isDryRun }

    /// The files for reading, including files that another user could change.
    var filesForReading: NodeFiles { files(refusingUntrusted: false) }

    func certificates(of plan: Plan) -> [CertificateExpiry] {
        KnownCertificates(files: filesForReading, plan: plan).all()
    }

    private func files(refusingUntrusted: Bool) -> NodeFiles {
        NodeFiles(
            root: root,
            isDryRun: options.isDryRun,
            refusesUntrusted: refusingUntrusted,
            log: { [options, plan] (created, task) throws(SystemError) in
                try Self.products(options).note(created, by: task, at: plan.position(of: task) ?? 0)
            },
        )
    }

    func environment(_ http: HTTPClient) -> RunEnvironment {
        var environment = RunEnvironment(
            files: files,
            http: http,
            plan: plan,
            variables: declarations.variables,
            processEnvironment: options.childEnvironment,
            hostName: facts.hostName,
            callArguments: options.commonArguments,
        )
        environment.warnBefore = declarations.cluster.warnBefore
        if isConfining { environment.confinedTaskFiles = Self.taskFiles(options) }
        if let rule = declarations.cluster.addressRule {
            environment.addressed = AddressedTasks(rule: rule) { address throws(Problems) in
                try with(address).declarations
            }
        }
        return environment
    }
}

extension PlannedTask {
    var resetCommands: ProductList.ResetCommands? { settings.reset.map { .init($0, timeout: settings.timeout) } }
}

extension Configuration {
    private static let dropInLimit = 1000

    /// Reads the task file, then its drop-ins in the order of their names.
    ///
    /// If the files are optional, a missing default task file counts as a file without tasks.
    static func sources(_ options: Options, isOptional: Bool = false) throws(Problems) -> [SourceFile] {
        var problems: [Problem] = []
        var sources: [SourceFile] = []
        func add(_ path: String) {
            do {
                if options.acts { try FileSystem.requireTrusted(path) }
                sources.append(SourceFile(path: path, bytes: try readFile(path, limit: SizeLimit.configuration)))
            } catch {
                let creation = "create it ('nest-bootstrap init KIND --output DIR' writes one), or pass '--config FILE'"
                let target = (try? FileSystem.status(path))?.target
                let missing = target.map { "it is a link to '\($0)': put the file there" } ?? creation
                let hint = error.isNotFound ? missing : error.advice
                let message = "cannot read the task file: \(error.reason)"
                problems.append(Problem(message, at: SourceLocation(file: path), hint: hint))
            }
        }
        let config = absolute(options.config)
        // A dangling link, or a path that cannot be examined, counts as a task file.
        if isOptional, options.config == Options.defaultConfig, (try? FileSystem.status(config) == nil) == true {
            sources.append(SourceFile(path: config, bytes: Array("tasks:\n".utf8)))
        } else {
            add(config)
        }
        do {
            for path in try visibleFiles(ofDropIns: options) {
                guard !path.hasSuffix(".yaml") else {
                    add(path)
                    continue
                }
                guard [".yaml", ".yml", ".json"].contains(where: path.lowercased().hasSuffix) else { continue }
                let message = "would have no effect, as drop-ins end in .yaml"
                problems.append(Problem(message, at: SourceLocation(file: path), hint: "rename it, or remove it"))
            }
        } catch {
            problems.append(Problem("\(error)", at: SourceLocation(file: options.dropInDirectory)))
        }
        guard problems.isEmpty else { throw Problems(problems) }
        return sources
    }

    /// Returns a problem if the default task file is selected, but neither it nor a drop-in exists.
    static func absence(_ options: Options) -> Problem? {
        guard options.config == Options.defaultConfig, isAbsent(options) else { return nil }
        let config = Options.defaultConfig
        return Problem(
            "there is no task file '\(config)', so this node has no tasks",
            hint: "run 'nest-bootstrap init KIND --output /etc/nest-bootstrap' to begin one",
        )
    }

    /// Returns whether there is neither a task file nor a drop-in.
    static func isAbsent(_ options: Options) -> Bool {
        // Files and directories that cannot be examined count as present.
        do {
            return try FileSystem.status(absolute(options.config)) == nil && dropIns(options).isEmpty
        } catch {
            return false
        }
    }

    /// Returns the paths of the task file and its drop-ins, and their real paths.
    static func taskFiles(_ options: Options) -> [String] {
        let paths = [absolute(options.config)] + ((try? dropIns(options)) ?? [])
        return (paths + paths.compactMap { try? FileSystem.realPath($0) }).unique()
    }

    /// Maps the paths of the task file and its drop-ins on this machine to their paths on the node.
    static func installedPaths(_ options: Options, as config: String) -> [String: String] {
        var installed = options
        installed.config = config
        let length = absolute(options.dropInDirectory).count
        let pairs = ((try? dropIns(options)) ?? []).map { ($0, installed.dropInDirectory + $0.dropFirst(length)) }
        return Dictionary([(absolute(options.config), config)] + pairs) { first, _ in first }
    }

    /// If this process runs as root, returns an error for every task file that another user could change.
    static func distrusted(_ options: Options) -> [SystemError] {
        taskFiles(options).compactMap { path in
            do throws(SystemError) {
                try FileSystem.requireTrusted(path)
                return nil
            } catch {
                return error
            }
        }
    }

    private static func dropIns(_ options: Options) throws(SystemError) -> [String] {
        try visibleFiles(ofDropIns: options).filter { $0.hasSuffix(".yaml") }
    }

    private static func visibleFiles(ofDropIns options: Options) throws(SystemError) -> [String] {
        let directory = absolute(options.dropInDirectory)
        // Unlike a missing directory, a dangling link is an error.
        guard try FileSystem.status(directory) != nil else { return [] }
        let names = try FileSystem.list(directory, limit: dropInLimit)
        return names.filter { !$0.hasPrefix(".") }.map { "\(directory)/\($0)" }
    }

    static func absolute(_ path: String) -> String {
        if path.isAbsolutePath { return path }
        let directory = Machine.workingDirectory()
        return "\(directory == "/" ? "" : directory)/\(path.hasPrefix("./") ? path.dropFirst(2) : path[...])"
    }
}

enum Installation {
    /// The real path of this program; if it cannot be determined, the path of the package.
    static var program: String { (try? FileSystem.status("/proc/self/exe"))?.target ?? "/usr/bin/nest-bootstrap" }

    /// The path of the JSON Schema of the task file: in the program's prefix if it exists there, or else below `/usr`.
    static var schema: String {
        let (end, schema) = ("/bin/nest-bootstrap", "/share/nest-bootstrap/bootstrap.schema.json")
        let own = program.hasSuffix(end) ? program.dropLast(end.count) + schema : ""
        return (try? FileSystem.exists(own)) == true ? own : "/usr" + schema
    }
}
