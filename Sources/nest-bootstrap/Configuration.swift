import Actions
import HTTP
import Host
import Planning
import Speaking
import YAML

/// What the task files of this node say, with what the commands need besides.
struct Configuration {
    let options: Options
    let declarations: Declarations
    let plan: Plan

    /// A task file is not larger than this.
    private static let sizeLimit = 1 << 20

    /// A directory of drop-ins does not hold more names.
    private static let dropInLimit = 1000

    /// Reads the task file and its drop-ins.
    ///
    /// - Throws: All that is wrong with all of them, also that one cannot be read.
    init(_ options: Options) throws(Diagnostics) {
        self.options = options
        let environment = Machine.environment()
        let facts = NodeFacts(
            hostName: Machine.hostName(),
            role: options.role,
            environmentRole: environment["NEST_ROLE"],
        )
        declarations = try readDeclarations(try Self.sources(options), node: facts)
        plan = Plan(try Graph(declarations))
    }

    /// The task file, then its drop-ins in the order of their names.
    private static func sources(_ options: Options) throws(Diagnostics) -> [SourceFile] {
        var problems: [Diagnostic] = []
        var sources: [SourceFile] = []
        func add(_ path: String) {
            do {
                sources.append(SourceFile(path: path, bytes: try FileSystem.read(path, limit: sizeLimit)))
            } catch {
                let hint = error.isNotFound ? "write it, or name another with '--config FILE'" : nil
                problems.append(Diagnostic(Place(file: path), "\(error)", hint: hint))
            }
        }
        let config = absolute(options.config)
        add(config)
        do {
            let directory = absolute(options.dropInDirectory)
            if try FileSystem.exists(directory) {
                for name in try FileSystem.list(directory, limit: dropInLimit) {
                    if isDropIn(name) { add("\(directory)/\(name)") }
                    guard name.hasSuffix(".yml"), !name.hasPrefix(".") else { continue }
                    let place = Place(file: "\(directory)/\(name)")
                    problems.append(Diagnostic(place, "is not read", hint: "call it \(name.dropLast(4)).yaml"))
                }
            }
        } catch {
            problems.append(Diagnostic(Place(file: options.dropInDirectory), "\(error)"))
        }
        guard problems.isEmpty else { throw Diagnostics(problems) }
        return sources
    }

    /// Whether there is neither a task file nor a drop-in.
    static func isAbsent(_ options: Options) -> Bool {
        // What cannot be looked at is there.
        do {
            guard try FileSystem.status(absolute(options.config)) == nil else { return false }
            let directory = absolute(options.dropInDirectory)
            guard try FileSystem.status(directory) != nil else { return true }
            return try FileSystem.list(directory, limit: dropInLimit).allSatisfy { !isDropIn($0) }
        } catch {
            return false
        }
    }

    /// The paths of the task file and its drop-ins, and behind links the paths of what they really are.
    static func taskFiles(_ options: Options) -> [String] {
        let directory = absolute(options.dropInDirectory)
        let names = ((try? FileSystem.list(directory, limit: dropInLimit)) ?? []).filter(isDropIn)
        let paths = [absolute(options.config)] + names.map { "\(directory)/\($0)" }
        var seen: Set<String> = []
        return (paths + paths.compactMap { try? FileSystem.realPath($0) }).filter { seen.insert($0).inserted }
    }

    private static func isDropIn(_ name: String) -> Bool {
        name.hasSuffix(".yaml") && !name.hasPrefix(".")
    }

    /// A path that stays the same wherever it is used.
    static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        let directory = Machine.workingDirectory()
        return "\(directory == "/" ? "" : directory)/\(path.hasPrefix("./") ? path.dropFirst(2) : path[...])"
    }

    /// The root as every program finds it, also one that a task runs elsewhere.
    private var root: String? { options.root.map(Self.absolute) }

    /// Where a path is written, under the root if there is one.
    func location(ofWritten path: String) -> String {
        NodeFiles(root: root, isDryRun: false).location(ofWritten: path)
    }

    /// Where the records of this boot are, under the root if there is one.
    static func statePath(_ options: Options) -> String {
        NodeFiles(root: options.root.map(absolute), isDryRun: false).location(ofWritten: "/run/nest-bootstrap")
    }

    /// The records of this boot.
    ///
    /// `/run` is empty after a boot. What says which boot it is, is not the same everywhere in a container: some lay
    /// another identifier over the kernel's, and a service that has its own `/proc` does not see it.
    func records() throws(SystemError) -> RecordStore {
        RecordStore(path: Self.statePath(options), boot: root == nil ? nil : try Machine.bootIdentifier())
    }

    /// What the actions of a run, or a check of the plan, work with.
    func environment(_ http: HTTPClient) -> RunEnvironment {
        RunEnvironment(
            files: NodeFiles(root: root, isDryRun: options.isDryRun),
            http: http,
            plan: plan,
            variables: declarations.variables,
            // What a program started by a task says is not said by the service.
            processEnvironment: Machine.environment().filter { $0.key != "NOTIFY_SOCKET" },
        )
    }
}
