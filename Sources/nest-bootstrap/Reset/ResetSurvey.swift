import Actions
import Base
import Host
import Planning
import Reporting
import State

/// A snapshot of everything that a reset would undo.
struct ResetSurvey {
    let plan: ResetPlan

    /// The problems of product lists that cannot be used.
    let faults: [Problem]

    private let options: Options
    private let configuration: Configuration?
    private let records: RecordStore

    /// Reads the product lists, the records and the task file.
    ///
    /// - Parameters:
    ///   - options: The options of the program.
    ///   - warn: Receives the problem of an unusable task file, if there are lists or records.
    /// - Throws: ``Base/SystemError`` if the lists or records cannot be read.
    init(_ options: Options, warn: (Problem) -> Void) throws(SystemError) {
        self.options = options
        let store = try Configuration.products(options)
        let (lists, faults) = try store.lists()
        self.faults = faults.map { Problem("\($0)", hint: $0.advice) }
        records = RecordStore(path: try Configuration.statePath(options), boot: nil)
        let recorded = try records.tasks()
        let isUnused = lists.isEmpty && recorded.isEmpty
        // If there are no lists and no records, the task file only says what programs create, so it may be missing.
        configuration = Self.configuration(options) { problem in if !isUnused { warn(problem) } }
        plan = ResetPlan(lists, recorded: recorded, configuration?.plan, store)
    }

    /// Reads the task file, and returns `nil` if it cannot be used.
    private static func configuration(_ options: Options, _ warn: (Problem) -> Void) -> Configuration? {
        do throws(Problems) {
            return try Configuration(options)
        } catch {
            let first = error.all.first.map { ": \($0.message)" } ?? ""
            let hint = "the reset commands are those of the last runs of the tasks"
            warn(Problem("the task file cannot be used\(first)", hint: hint))
            return nil
        }
    }

    /// Whether there are no tasks to reset and no unusable lists.
    var isEmpty: Bool { plan.items.isEmpty && faults.isEmpty }

    /// Creates the report of a dry run, without the units.
    ///
    /// - Parameter runsCommands: Whether the reset would run commands.
    /// - Returns: All planned changes, and the paths that may remain.
    func plannedReport(runsCommands: Bool) async -> ResetReport {
        let run = ResetRun(
            plan: plan,
            isDryRun: true,
            runsCommands: runsCommands,
            // The call is only used if a command fails, which cannot happen in a dry run.
            call: "",
            environment: [:],
            write: { _ in },
            warn: { _ in }
        )
        var report = await run.perform()
        report.problems += faults
        // A path that remains stays in its list, so the directory of the lists is kept too.
        let hasNoList = report.isUndone && report.leftovers.isEmpty
        let state = ((try? statePaths) ?? []) + (hasNoList ? [plan.store.path] : [])
        report.state = state.filter { (try? FileSystem.exists($0)) == true }
        report.unlisted = remaining(unlisted())
        report.addLeftovers(remaining(creations()))
        report.hasObjects = ranTasks.contains { $0.footprint.manifests != nil }
        return report
    }

    /// The tasks of the task file that have run on this boot.
    private var ranTasks: [PlannedTask] {
        guard let configuration, let recorded = try? Set(records.tasks()) else { return [] }
        return configuration.plan.steps.map(\.task).filter { recorded.contains($0.name) }
    }

    /// Returns the declared paths that programs create, for tasks without reset commands.
    ///
    /// The paths come from the task file, because records are lost at a boot and after a reset.
    private func creations() -> [ResetReport.Path] {
        let tasks = configuration?.plan.steps.map(\.task) ?? []
        return tasks.filter { plan.programTasks.contains($0.name) }.flatMap { task in
            task.footprint.writes.filter { $0.effect == .creates }.compactMap { pathOnNode($0.path) }.map {
                ResetReport.Path(task: task.name, path: $0, reason: "is created by the program of the task")
            }
        }
    }

    /// Returns the files and links of succeeded tasks that are in no product list, whether or not they exist.
    ///
    /// A directory that is in no list existed before, and its task has only corrected it.
    private func unlisted() -> [ResetReport.Path] {
        let listed = Set(plan.items.flatMap(\.list.products).map(\.path).exact)
        // A failed task may have found a path that it did not create.
        return ranTasks.filter { (try? records.hasSucceeded($0.name)) == true }.flatMap { task in
            task.footprint.writes.filter { $0.product?.isDirectory == false }.compactMap { pathOnNode($0.path) }
                .filter { !listed.contains(ExactText($0)) }
                .map { ResetReport.Path(task: task.name, path: $0, reason: nil) }
        }
    }

    /// Resolves the links in the parent directories of a path; returns `nil` if the result is not below the root.
    private func pathOnNode(_ path: LocatedPath) -> String? {
        let root = plan.store.root
        guard let location = try? configuration?.files.location(ofWritten: path.path),
            let path = try? FileSystem.physicalPath(of: location).path, isPath(path, below: root)
        else { return nil }
        return path.pathPart(after: root)
    }

    /// Returns the paths that exist.
    func remaining(_ paths: [ResetReport.Path]) -> [ResetReport.Path] {
        paths.filter { ((try? FileSystem.status(plan.store.root + $0.path)) ?? nil) != nil }
    }

    // MARK: Locks

    /// The tasks with a list or a record, and the tasks of the task file.
    var tasks: Set<String> {
        get throws(SystemError) {
            Set(plan.items.map(\.list.task) + (try records.knownTasks()))
                .union(configuration?.plan.steps.map(\.task.name) ?? [])
        }
    }

    /// Checks that no process outside the units of this program is running a task.
    ///
    /// - Throws: ``Base/Problem`` with the name of a task that is running.
    func requireNoRunByHand() throws {
        for task in try tasks {
            guard let process = records.runner(of: task) else { continue }
            let group = (try? FileSystem.read("/proc/\(process)/cgroup", limit: 64 << 10)) ?? []
            let unit = String(decoding: group, as: UTF8.self)
            guard unit.contains("/k8s-bootstrap-") else {
                throw ResetLocks.problem(task, process)
            }
        }
    }

    // MARK: State

    /// The paths of the metrics, the records and the cache.
    private var statePaths: [String] {
        get throws(SystemError) {
            let paths = [
                "/run/nest-bootstrap", "/var/lib/nest-bootstrap",
                "\(metricsDirectory)/\(MetricsWriter.name)",
            ]
            return try paths.map { path throws(SystemError) in try Configuration.location(of: path, options) }
        }
    }

    /// Removes records, cache and metrics, and the directory of the product lists if it is empty.
    ///
    /// - Parameter tasks: The tasks that this process has locked; the records of other tasks stay.
    /// - Throws: ``Base/SystemError`` if the system refuses.
    func removeState(_ tasks: [String]) throws(SystemError) {
        try records.remove(tasks)
        for path in try statePaths where path != records.path {
            let status = try FileSystem.status(path)
            if status?.kind == .directory { try FileSystem.removeTree(path) } else { try FileSystem.remove(path) }
        }
        try plan.store.removeIfEmpty()
    }

    /// Returns the tasks that have received a product list since the survey.
    func newTasks() throws(SystemError) -> [String] {
        try plan.store.lists().lists.map(\.task).filter { task in !plan.items.contains { $0.list.task == task } }
    }
}

/// The locks of all tasks, which prevent other processes from running them.
final class ResetLocks {
    private let options: Options
    private var locks: [String: HeldLock] = [:]

    init(_ options: Options) {
        self.options = options
    }

    /// The tasks that are locked.
    var tasks: [String] { locks.keys.sorted() }

    /// Locks all tasks, including tasks that are found only after the first locks are taken.
    ///
    /// - Throws: ``Base/Problem`` if a task is running, ``Base/SystemError`` if the locks or lists cannot be read.
    func takeAll() throws {
        let records = RecordStore(path: try Configuration.statePath(options), boot: nil)
        while true {
            let new = try ResetSurvey(options) { _ in }.tasks.filter { locks[$0] == nil }
            guard !new.isEmpty else { return }
            for task in new.sorted() {
                guard let lock = try records.lock(task) else {
                    throw Self.problem(task, records.runner(of: task))
                }
                locks[task] = HeldLock(lock)
            }
        }
    }

    /// Creates the problem that a task is running.
    static func problem(_ task: String, _ process: Int32?) -> Problem {
        let process = process.map { "process \($0)" } ?? "another process"
        let message = "task '\(task)' is being run, or reset, by \(process)"
        return Problem(message, hint: "wait until it has ended, or stop it")
    }
}
