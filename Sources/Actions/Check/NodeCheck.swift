public import Base
import HTTP
import Host
public import Kubernetes
import Planning

/// A check for problems of a plan that can be found without an API server.
///
/// A path that a task of the plan creates, or that an earlier task waits for, need not exist yet.
public struct NodeCheck: Sendable {
    let run: RunEnvironment
    var producers: PathProducers { run.producers }
    /// The names of the tasks that wait for a path, by path.
    private let awaitingTasks: [String: [String]]
    let isOffline: Bool
    /// An environment for dry runs in which the products and awaited paths of all tasks are expected.
    let dryRun: RunEnvironment

    public struct Findings: Sendable {
        /// Problems that make the check fail.
        public var problems: [Problem] = []
        /// Problems that do not make the check fail.
        public var warnings: [Problem] = []
        /// The number of objects in the manifests that could be read.
        public var objectCount = 0
        /// The number of objects whose fields are not checked because no schema of their kind is known.
        public var uncheckedObjectCount = 0
    }

    /// Creates a check; an offline check skips accounts, programs, and paths other than those of manifests.
    public init(_ run: RunEnvironment, isOffline: Bool = false) {
        self.run = run
        self.isOffline = isOffline
        var awaitingTasks: [String: [String]] = [:]
        for task in run.plan.steps.lazy.map(\.task) {
            for read in task.footprint.reads where read.use == .awaited {
                awaitingTasks[read.path.path, default: []].append(task.name)
            }
        }
        self.awaitingTasks = awaitingTasks
        var dryRun = run
        dryRun.files = NodeFiles(root: run.files.root, isDryRun: true, refusesUntrusted: run.files.refusesUntrusted)
        dryRun.reportedWarnings = SharedSet()
        for task in run.plan.steps.lazy.map(\.task) {
            ActionContext(run: dryRun, task: task, deadline: .now) { _ in }.expectProducts()
        }
        for (path, tasks) in awaitingTasks { dryRun.files.expect(path, from: tasks[0]) }
        self.dryRun = dryRun
    }

    public func findings() async -> Findings {
        var findings = await planFindings()
        if !isOffline {
            findings.warnings += secretsOnDisk()
            findings.add(.distrust(run.files.distrusted))
            findings.warnings += KnownCertificates(files: run.files, plan: run.plan)
                .warnings(warnBefore: run.warnBefore, now: run.now()).map(\.problem)
        }
        return findings.withoutRepetitions
    }

    /// Returns only the findings about manifests and objects, for a plan whose task files are invalid.
    ///
    /// Missing manifests are not reported, because a task that could not be read may write them.
    public func manifestFindings() async -> Findings {
        var contents: [TaskManifests] = []
        var findings = Findings()
        for task in run.plan.steps.lazy.map(\.task) {
            guard let found = await load(task) else { continue }
            findings.problems += found.problems.filter {
                $0.location?.file != task.location.file && $0.location?.position != nil
            }
            contents.append((task, found.manifests))
        }
        findings.add(objectFindings(contents))
        return findings.withoutRepetitions
    }

    private func planFindings() async -> Findings {
        var findings = Findings()
        var contents: [TaskManifests] = []
        var kubeconfigs: Set<String> = []
        for task in run.plan.steps.lazy.map(\.task) {
            let footprint = task.footprint
            findings.warnings += lateRenewals(task)
            if !isOffline { findings.problems += await nodeProblems(task) }
            if let found = await load(task) {
                findings.problems += found.problems
                findings.warnings += found.warnings
                contents.append((task, found.manifests))
            }
            // Each kubeconfig is checked once, because messages about its certificate contain the time and may differ.
            if let kubeconfig = footprint.kubeconfig, !isAwaited(kubeconfig.path, before: task),
                kubeconfigs.insert(kubeconfig.path).inserted, !isOffline
            {
                findings.add(checkKubeconfig(kubeconfig))
            }
        }
        var dependencies = UndeclaredDependencies(plan: run.plan, producers: producers, contents: contents)
        findings.problems += dependencies.problems()
        findings.add(repetitions(in: contents))
        findings.add(objectFindings(contents))
        return findings
    }

    /// Returns the problems of a task that depend on the node, such as missing paths, accounts and programs.
    private func nodeProblems(_ task: PlannedTask) async -> [Problem] {
        let footprint = task.footprint
        var problems = checkReads(footprint.reads.filter { !isAwaited($0.path.path, before: task) }, footprint)
        problems += await check(footprint.accounts)
        problems += programProblems(footprint)
        problems += footprint.writes.filter { $0.effect != .removes }.compactMap(problem)
        let isOfCredentials = [KubeconfigDeclaration.name, CertificateDeclaration.name, DecryptDeclaration.name]
            .contains(task.verb.name)
        if problems.isEmpty, isOfCredentials { problems += await dryRunProblems(task) }
        return problems
    }

    /// Loads the manifests of a task that can be checked now, or returns `nil` if the task has no manifests.
    ///
    /// Other manifests are skipped, such as manifests that a task writes and URLs whose content is not in the cache.
    private func load(_ task: PlannedTask) async -> ManifestLoader.Contents? {
        guard var manifests = task.footprint.manifests else { return nil }
        let count = manifests.sources.count
        var warnings: [Problem] = []
        manifests.sources.removeAll { source in
            guard case .path(let path) = source else { return false }
            if producers.producer(of: path.path) != nil { return true }
            if isAbsent(path) {
                warnings.append(Self.unchecked(path))
                return true
            }
            if isAwaited(path.path, before: task) { return true }
            return producers.producer(ofManifestIn: path.path) != nil && (try? run.files.exists(path.path)) != true
        }
        let context = ActionContext(run: run, task: task, deadline: .now) { _ in }
        var contents = await ManifestLoader(run: run, manifests: manifests)
            .load { (_, sha256) throws(Problem) in context.keptText(sha256: sha256) }
        if manifests.sources.count < count { contents.isComplete = false }
        contents.warnings = warnings + contents.warnings
        return contents
    }

    private func checkReads(_ reads: [Footprint.Read], _ footprint: Footprint) -> [Problem] {
        let files = run.files
        return reads.flatMap { read in
            problems(of: read.path) { path in
                switch read.use {
                case .file, .secret, .clientKey, .privateKey:
                    _ = try files.read(path, limit: read.sizeLimit)
                    if read.use == .file, footprint.runsPrograms { try files.requireTrusted(path) }
                case .authority, .certificate:
                    let bytes = try files.read(path, limit: read.sizeLimit)
                    let file = CredentialFile(name: path, bytes: bytes, at: read.path.location)
                    _ = try CredentialCheck.certificates(in: file)
                case .archive: try files.requireReadable(path)
                case .program: try files.requireTrusted(path)
                // Kubeconfigs and manifests are checked elsewhere. The other paths need not exist.
                case .kubeconfig, .manifests, .optional, .awaited: break
                }
            }
        }
    }

    /// Returns a warning for each decrypted secret that a task would write to a disk.
    private func secretsOnDisk() -> [Problem] {
        let secrets = run.plan.steps.flatMap(\.task.footprint.writes).filter(\.belongsInMemory)
        return secrets.compactMap { write in
            let path = write.path.path
            guard let location = try? run.files.location(ofWritten: path),
                FileSystem.isInMemory(location) == false
            else { return nil }
            return Problem(
                "'\(path)' is on a disk, which keeps the decrypted file when the node is off",
                at: write.path.location,
                hint: isPath(path, below: "/run")
                    ? nil : "write a path below /run, such as path: /run/kubernetes/\(path.pathParts.last ?? "")"
            )
        }
    }

    /// Returns the problems that a check of a path throws, or none if a task creates the path.
    func problems(of path: LocatedPath, _ check: (String) throws -> Void) -> [Problem] {
        guard producers.producer(of: path.path) == nil else { return [] }
        do {
            try check(path.path)
            return []
        } catch let error as SystemError {
            return [Problem("\(error)", at: path.location, hint: error.adviceAboutSource())]
        } catch {
            return Self.problems(error, at: path.location)
        }
    }

    /// Returns a problem if a program does not exist or cannot be executed, unless a task may install it.
    private func programProblems(_ footprint: Footprint) -> [Problem] {
        guard let command = footprint.command else { return [] }
        let name = command.name.path
        var searchPath = command.searchPath ?? run.processEnvironment["PATH"] ?? ""
        if command.package != nil { searchPath = searchPathOfPackages(searchPath) }
        let candidates = name.hasSlash ? [name] : searchPath.split(separator: ":").map { "\($0)/\(name)" }
        let mayAppear = candidates.contains { path in
            producers.producer(of: path) != nil || run.plan.steps.contains { $0.task.unpacks(path) }
        }
        guard !mayAppear else { return [] }
        do {
            try Command(name, environment: ["PATH": searchPath]).locate()
            return []
        } catch {
            let hint = command.package.map { "install the package '\($0)'" } ?? error.advice
            return [Problem("\(error)", at: command.name.location, hint: hint)]
        }
    }

    /// Returns a problem if a path cannot be written, or is a missing file that a program is to modify.
    private func problem(of write: Footprint.Write) -> Problem? {
        let path = write.path.path
        do throws(SystemError) {
            _ = try dryRun.files.location(ofWritten: path)
        } catch {
            return Problem("'\(path)' cannot be written: \(error.reason)", at: write.path.location)
        }
        guard write.effect == .modifies, !path.endsWithSlash, producers.producer(of: path) == nil,
            (try? run.files.exists(path)) != true
        else { return nil }
        return Problem(
            "'\(path)' does not exist, so the program cannot be allowed to write it",
            at: write.path.location,
            hint: "write '\(path)/' if it is a directory to be made, or the directory that the file is in"
        )
    }

    private func check(_ accounts: [Footprint.Account]) async -> [Problem] {
        var problems: [Problem] = []
        for account in accounts {
            do throws(SystemError) {
                _ = try await FileSystem.lookupAccount(account.name, isGroup: account.kind == .group)
            } catch {
                let hint = error.advice ?? "create the account first"
                problems.append(Problem("\(error)", at: account.location, hint: hint))
            }
        }
        return problems
    }
}

typealias TaskManifests = (task: PlannedTask, manifests: [ManifestObject])

extension NodeCheck.Findings {
    /// Returns findings about untrusted files, which only root's runs refuse.
    public static func distrust(_ errors: [SystemError]) -> Self {
        Self(problems: errors.map { Problem("\($0), so 'run' refuses it", hint: $0.advice) })
    }

    public mutating func add(_ other: Self) {
        problems += other.problems
        warnings += other.warnings
        objectCount += other.objectCount
        uncheckedObjectCount += other.uncheckedObjectCount
    }

    fileprivate var withoutRepetitions: Self {
        var seen: Set<Problem> = []
        var findings = self
        findings.problems = problems.filter { seen.insert($0).inserted }
        findings.warnings = warnings.filter { seen.insert($0).inserted }
        return findings
    }
}

extension NodeCheck {
    /// Returns the permissions on the API server that the tasks of the plan need.
    ///
    /// The findings are problems with manifests, and a warning for each task whose manifests are not all available.
    public func requiredAccess() async -> (access: RequiredAccess, findings: Findings) {
        var contents: [TaskManifests] = []
        var findings = Findings()
        for task in run.plan.steps.lazy.map(\.task) {
            guard let found = await load(task) else { continue }
            findings.problems += found.problems
            if !found.isComplete {
                findings.warnings.append(
                    Problem(
                        "the roles lack objects of task '\(task.name)': a manifest is written by another task or not cached",
                        at: task.location,
                        hint: "run the tasks once, then repeat this"
                    )
                )
            }
            contents.append((task, found.manifests))
        }
        var access = RequiredAccess(definitionsOf: contents.flatMap(\.manifests))
        for (task, manifests) in contents {
            for manifest in manifests {
                access.apply(manifest)
                if task.footprint.awaitsRollout, manifest.identity.type.group == "apps" {
                    access.awaitRollout(manifest.identity)
                }
            }
            guard let set = task.setName else { continue }
            let isOfAll = task.footprint.pruning == .all
            access.prune(manifests, of: ObjectSet(name: set, task: task.name), includesProtected: isOfAll)
        }
        for task in run.plan.steps.lazy.map(\.task) where task.footprint.kubeconfig != nil {
            if task.lock != nil { access.holdLease() }
            if task.footprint.requestsCertificate { access.requestCertificates() }
            if let set = task.footprint.removedSet {
                access.remove(ObjectSet(name: set, task: task.name), try? SetRecordStore(run, set: set).record())
            }
            for object in task.footprint.deletedObjects { access.delete(ObjectIdentity(object)) }
            for object in task.footprint.neededObjects { access.observe(ObjectIdentity(object)) }
        }
        return (access, findings)
    }
}

extension NodeCheck {
    /// Returns whether a path does not exist yet and an earlier task waits for it.
    func isAwaited(_ path: String, before task: PlannedTask) -> Bool {
        guard let others = awaitingTasks[path], (try? run.files.exists(path)) == false,
            let index = run.plan.position(of: task.name)
        else { return false }
        return others.contains { run.plan.stepsRunning(after: $0)[index] }
    }
}

extension NodeCheck {
    /// Returns whether an offline check skips a missing manifest, because it may exist only on the node.
    ///
    /// A manifest below the directory of the task file is distributed with the task file, so it must exist here too.
    func isAbsent(_ manifest: LocatedPath) -> Bool {
        guard isOffline, (try? run.files.exists(manifest.path)) != true else { return false }
        let directory = manifest.location.file.pathParts.dropLast().map { "/\($0)" }.joined()
        return !isPath(manifest.path, below: directory)
    }

    static func unchecked(_ manifest: LocatedPath) -> Problem {
        Problem(
            "'\(manifest.path)' is not on this machine, so it is not checked",
            at: manifest.location,
            hint: "run 'nest-bootstrap check' on the node"
        )
    }
}

extension NodeCheck {
    /// Checks all objects, and references to objects, against the built-in schemas and the CRDs among the objects.
    func objectFindings(_ contents: [TaskManifests]) -> Findings {
        let check = ObjectCheck(definitionsIn: contents.lazy.flatMap(\.manifests))
        var findings = Findings()
        for (task, manifests) in contents {
            for manifest in manifests {
                findings.problems += check.problems(in: manifest)
                findings.warnings += [check.kindWarning(manifest)].compactMap(\.self)
                if !check.knowsFields(of: manifest) { findings.uncheckedObjectCount += 1 }
            }
            let set = task.setName.map { ObjectSet(name: $0, task: task.name) }
            findings.problems += set?.mistakes(in: manifests) ?? []
            findings.objectCount += manifests.count
        }
        for step in run.plan.steps {
            for reference in step.task.footprint.neededObjects + step.task.footprint.deletedObjects {
                let (identity, place) = (ObjectIdentity(reference), reference.location)
                findings.problems += [ObjectCheck.nameProblem(identity, at: place)].compactMap(\.self)
                findings.warnings += [check.kindWarning(identity, at: place, place)].compactMap(\.self)
            }
        }
        return findings
    }
}
