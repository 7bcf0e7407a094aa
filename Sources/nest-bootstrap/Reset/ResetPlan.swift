import Base
import Host
import Planning
import State

/// The tasks to reset, in order.
struct ResetPlan {
    /// The lists of the tasks with the commands to run, dependants before their dependencies.
    let lists: [ProductList]

    /// The problems of product lists that cannot be used.
    let faults: [Problem]

    /// The tasks with a list or a record, and the tasks of the task file.
    let tasks: Set<String>

    let store: ProductStore
    let records: RecordStore

    /// Determines the tasks to reset from the product lists, the records and the task file.
    ///
    /// A task of the task file is undone with the commands in the file, which may have been corrected since its run.
    /// Other tasks are undone with the commands of their last run. They come first, because no task of the file depends
    /// on them. A task without a list may have got commands after it ran. If there is something to reset, a problem of the
    /// task file is a warning.
    init(_ options: Options, warn: (Problem) -> Void = { _ in }) throws(SystemError) {
        store = try Configuration.products(options)
        records = RecordStore(path: try Configuration.statePath(options), boot: nil)
        let (stored, faults) = try store.lists()
        self.faults = faults.map { Problem("\($0)", hint: $0.advice) }
        let recorded = try records.tasks()
        var plan: Plan?
        do throws(Problems) {
            plan = try Configuration(options).plan
        } catch {
            let first = error.all.first.map { ": \($0.message)" } ?? ""
            let hint = "the reset commands are those of the last runs of the tasks"
            let problem = Problem("the task file cannot be used\(first)", hint: hint)
            if !stored.isEmpty || !recorded.isEmpty { warn(problem) }
        }
        let steps = Dictionary(plan?.steps.map { ($0.task.name, $0.task) } ?? []) { first, _ in first }
        func key(_ list: ProductList) -> (Int, Int) {
            plan?.position(of: list.task).map { (0, $0) } ?? (1, list.position)
        }
        let listed = Set(stored.map(\.task))
        // A list that cannot be used must not be replaced.
        let unlisted = faults.isEmpty ? recorded.filter { !listed.contains($0) } : []
        var lists = stored + unlisted.map { ProductList(task: $0, position: 0) }
        for (index, list) in lists.enumerated() {
            if let task = steps[list.task] { lists[index].reset = task.resetCommands }
        }
        lists.removeAll { !listed.contains($0.task) && $0.reset == nil }
        self.lists = lists.sorted { key($0) > key($1) }
        tasks = listed.union(try records.knownTasks()).union(steps.keys)
    }

    /// Checks that no process outside the units of this program is running a task.
    func requireNoRunByHand() throws(Problem) {
        for task in tasks {
            guard let process = records.runner(of: task) else { continue }
            let group = (try? FileSystem.read("/proc/\(process)/cgroup", limit: 64 << 10)) ?? []
            let unit = String(decoding: group, as: UTF8.self)
            guard unit.contains("/k8s-bootstrap-") else { throw problem(ofRunning: task) }
        }
    }

    /// Creates the problem that a task is running.
    private func problem(ofRunning task: String) -> Problem {
        let process = records.runner(of: task).map { "process \($0)" } ?? "another process"
        let message = "task '\(task)' is being run, or reset, by \(process)"
        return Problem(message, hint: "wait until it has ended, or stop it")
    }

    /// Locks all tasks, including tasks that are found only after the first locks are taken.
    ///
    /// - Returns: The plan when all tasks are locked, and the locks.
    static func locked(_ options: Options) throws -> (plan: Self, locks: [String: HeldLock]) {
        var locks: [String: HeldLock] = [:]
        while true {
            let plan = try Self(options)
            let new = plan.tasks.filter { locks[$0] == nil }
            guard !new.isEmpty else { return (plan, locks) }
            for task in new.sorted() {
                guard let lock = try plan.records.lock(task) else { throw plan.problem(ofRunning: task) }
                locks[task] = HeldLock(lock)
            }
        }
    }
}
