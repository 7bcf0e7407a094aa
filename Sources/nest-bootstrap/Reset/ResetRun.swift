import Base
import Host
import Planning
import Reporting

/// The removal of everything that tasks have created, or its preview in a dry run.
///
/// It runs the commands and deletes the files of one task after the other, then the directories of all tasks. The list
/// of a task is written after its commands and again at the end, so that an interrupted reset can be repeated.
/// Commands that were interrupted, or that ended just before the list was written, are then run again.
struct ResetRun {
    private let plan: ResetPlan
    private let reset: NodeReset
    private let isDryRun: Bool

    /// The output for progress, `nil` if none is printed.
    private let output: ConsoleOutput?

    private var report: ResetReport
    private var remover: ProductRemover

    /// The directories to delete at the end, which the tasks undone so far have created.
    private var directories: [(task: String, path: String)] = []

    /// The paths that stay in the lists, because they are not deleted, or not deleted yet.
    private var remaining: Set<ExactText> = []

    init(_ plan: ResetPlan, of reset: NodeReset, isDryRun: Bool) {
        (self.plan, self.reset, self.isDryRun) = (plan, reset, isDryRun)
        output = reset.isText && !isDryRun ? reset.output : nil
        report = ResetReport(isDryRun: isDryRun)
        remover = ProductRemover(plan.lists, below: plan.store.root, isDryRun: isDryRun)
    }

    mutating func perform() async -> ResetReport {
        var finished: [ProductList] = []
        plan.faults.forEach { note($0) }
        for list in plan.lists where !Task.isCancelled {
            do throws(Problem) {
                finished.append(try await undo(list))
            } catch {
                note(error)
            }
        }
        deleteDirectories()
        for var list in finished {
            list.products.removeAll { !remaining.contains(ExactText($0.path)) }
            do throws(Problem) {
                try save(list)
            } catch {
                note(error)
            }
        }
        return report
    }

    private mutating func note(_ problem: Problem) {
        report.problems.append(problem)
        output?.report(problem)
    }

    private func save(_ list: ProductList) throws(Problem) {
        guard !isDryRun else { return }
        do throws(SystemError) {
            try plan.store.write(list)
        } catch {
            throw Problem("cannot record which paths of task '\(list.task)' are not deleted yet", cause: error)
        }
    }

    /// Runs the commands of a task, deletes its files and links, and returns its list without the commands.
    private mutating func undo(_ list: ProductList) async throws(Problem) -> ProductList {
        var list = list
        do throws(Problem) {
            if list.isResetDue, let commands = list.reset {
                try await run(commands, "the reset commands of task '\(list.task)'", of: list.task)
            }
            (list.isResetDue, list.reset) = (false, nil)
            // The commands would restore units and images of this machine, not of the system below the root.
            if !plan.store.root.isEmpty { list.former = [] }
            while let state = list.former.last {
                let commands = ProductList.ResetCommands(state.commands, timeout: Self.restorationLimit)
                try await run(commands, "the commands that restore the \(state.subject)", of: list.task)
                list.former.removeLast()
            }
        } catch {
            // Once the records are removed, only the list shows that the task is still to be undone.
            try save(list)
            throw error
        }
        try save(list)
        for product in list.products.reversed() {
            let removal = remover.delete(product.path, of: list.task)
            guard removal == .directory else {
                note(removal, product.path, of: list.task)
                continue
            }
            directories.append((list.task, product.path))
            remaining.insert(ExactText(product.path))
        }
        return list
    }

    private static let restorationLimit = Duration.seconds(600)

    private mutating func run(
        _ commands: ProductList.ResetCommands,
        _ name: String,
        of task: String,
    ) async throws(Problem) {
        guard reset.runsCommands else {
            throw Problem(
                "with '--root' \(name) are not run, so what task '\(task)' has made is not deleted",
                hint: "pass '--run-commands' if they change nothing outside of NEST_ROOT"
            )
        }
        report.commands.append(.init(task: task, text: commands.text, hasFailed: !isDryRun))
        guard !isDryRun else { return }
        write("\(task): running \(name)")
        let variables = ["NEST_TASK": task, "NEST_ROOT": plan.store.root]
        let command = Host.Command(
            "/bin/sh",
            ["-e", "-c", commands.text],
            environment: reset.options.childEnvironment.merging(variables) { $1 }
        )
        let status: ExitStatus
        do throws(SystemError) {
            let deadline = ContinuousClock.now + commands.timeout
            status = try await Host.run(command, deadline: deadline) { [output] line in
                output?.write("\(printable("\(task): \(line)"))\n")
            }
        } catch {
            throw Problem("\(name) cannot be run", cause: error)
        }
        guard status.isSuccess else {
            let reason = status == .timedOut ? "did not end within \(commands.timeout.text)" : "\(status)"
            throw Problem(
                "\(name) failed (\(reason)), so what task '\(task)' has made is not deleted",
                hint: "correct the cause, then run \(reset.call) again"
            )
        }
        report.commands[report.commands.count - 1].hasFailed = false
    }

    /// Deletes the empty directories, subdirectories before their parents.
    private mutating func deleteDirectories() {
        let sorted = directories.sorted {
            ($0.path.utf8.count { $0 == 0x2f }, $0.path) > ($1.path.utf8.count { $0 == 0x2f }, $1.path)
        }
        for (task, path) in sorted where !Task.isCancelled {
            let removal = remover.deleteDirectory(path)
            remaining.remove(ExactText(path))
            if removal == .notEmpty {
                // The directory contains the program's own lists, which are deleted at the end.
                if isPath(plan.store.path, below: plan.store.root + path) { continue }
                // A dry run does not run the commands, which may empty the directory.
                if isDryRun, !report.commands.isEmpty { continue }
            }
            note(removal, path, of: task)
        }
    }

    private mutating func note(_ removal: Removal, _ path: String, of task: String) {
        switch removal {
        case .absent, .left, .directory: return
        case .deleted: report.paths.append(.init(task: task, path: path, reason: nil))
        case .kept(let reason):
            report.paths.append(.init(task: task, path: path, reason: reason, isFailure: removal != .notEmpty))
            remaining.insert(ExactText(path))
        }
        if let entry = report.paths.last { write(entry.line("deleted")) }
    }

    private func write(_ line: String) { output?.write("\(printable(line))\n") }
}

/// The tasks to reset, and the data with which they are undone.
struct ResetPlan {
    /// The lists of the tasks with the commands to run, in the order of the reset.
    let lists: [ProductList]

    /// The problems with lists that cannot be used.
    let faults: [Problem]

    /// The tasks that have a list, may have a record, or are in the task file.
    let tasks: Set<String>

    let store: ProductStore
    let records: RecordStore

    /// Determines the tasks to reset from the lists of products, the records and the task file.
    ///
    /// A task of the task file is undone before its dependencies, with the commands in the file, which may be newer
    /// than its last run. Other tasks are undone first, with the commands of their last run, because no task of the
    /// file depends on them. If there is something to reset, a problem in the task file is a warning.
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
        // A new list must not replace one that cannot be used.
        let unlisted = faults.isEmpty ? recorded.filter { !listed.contains($0) } : []
        var lists = stored + unlisted.map { ProductList(task: $0, position: 0) }
        for (index, list) in lists.enumerated() {
            if let task = steps[list.task] { lists[index].reset = task.resetCommands }
        }
        lists.removeAll { !listed.contains($0.task) && $0.reset == nil }
        self.lists = lists.sorted { key($0) > key($1) }
        tasks = listed.union(try records.knownTasks()).union(steps.keys)
    }

    /// Checks that no process runs a task outside its unit.
    func requireNoRunByHand() throws(Problem) {
        for task in tasks {
            guard let process = records.runner(of: task) else { continue }
            let group = (try? readFile("/proc/\(process)/cgroup", limit: 64 << 10)) ?? []
            let unit = String(decoding: group, as: UTF8.self)
            guard unit.contains("/k8s-bootstrap-") else { throw problem(ofRunning: task) }
        }
    }

    private func problem(ofRunning task: String) -> Problem {
        let process = records.runner(of: task).map { "process \($0)" } ?? "another process"
        let message = "task '\(task)' is being run, or reset, by \(process)"
        return Problem(message, hint: "wait until it has ended, or stop it")
    }

    /// Locks all tasks, including tasks that appear while others are being locked, and returns the plan with the locks.
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
