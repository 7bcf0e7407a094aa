import Base
import Host
import Reporting
import State

/// Performs a reset, or lists its effects in a dry run.
///
/// For one task after the other, the reset runs the commands and deletes the files; then it deletes the directories of
/// all tasks. The list of a task is written after its commands and again after its files, so that an interrupted reset
/// can be repeated. Commands that were interrupted, or that ended just before the list was written, are then run again.
struct ResetRun {
    let plan: ResetPlan

    /// Whether to change nothing.
    let isDryRun: Bool

    /// Whether to run reset commands, which could change this machine instead of the files below another root.
    let runsCommands: Bool

    /// The call that completes the reset, for use in hints.
    let call: String

    /// The environment of programs, before the variables of the reset are added.
    let environment: [String: String]

    /// Prints a line.
    let write: @Sendable (String) -> Void

    /// Reports a problem immediately.
    let warn: @Sendable (Problem) -> Void

    /// The progress of a reset.
    private struct Progress {
        var report: ResetReport
        var remover: ProductRemover
        /// The products of the tasks that have not been undone yet.
        var others: ProductIndex
        var finished: [ProductList] = []
        /// The paths that were not deleted and have been reported; a path that several tasks created is reported once.
        var kept: Set<ExactText> = []
    }

    /// Performs the reset, and returns the changes and the paths that remain.
    func perform() async -> ResetReport {
        var progress = Progress(
            report: ResetReport(isDryRun: isDryRun, root: plan.store.root),
            remover: ProductRemover(plan.store, isDryRun: isDryRun),
            others: ProductIndex(plan.items.map(\.list))
        )
        for item in plan.items where !Task.isCancelled {
            do throws(Problem) {
                try await perform(item, &progress)
            } catch {
                report(error, &progress)
            }
        }
        deleteTakenOver(&progress)
        deleteDirectories(&progress)
        return progress.report
    }

    private func report(_ problem: Problem, _ progress: inout Progress) {
        progress.report.problems.append(problem)
        warn(problem)
    }

    private func perform(_ item: ResetPlan.Item, _ progress: inout Progress) async throws(Problem) {
        var list = item.list
        if let commands = item.commands { try await run(commands, for: .task, &list, &progress.report) }
        (list.isResetDue, list.reset) = (false, nil)
        if item.commands != nil { try save(list) }
        // Units are those of this machine, also if the lists below the root came from a run without a root.
        if !plan.store.root.isEmpty { list.former = [] }
        while let state = list.former.last {
            let commands = ProductList.ResetCommands(state.commands, timeout: Self.restorationLimit)
            try await run(commands, for: .restoration(state.subject), &list, &progress.report)
            list.former.removeLast()
            try save(list)
        }
        progress.others.remove(list)
        delete(&list, &progress)
        try save(list)
        progress.finished.append(list)
    }

    // MARK: Commands

    /// The timeout of the commands that restore a former state.
    private static let restorationLimit = Duration.seconds(600)

    /// The effect of commands.
    private enum Purpose {
        /// They undo the task, as its author has written.
        case task
        /// They restore the former state of the given subject.
        case restoration(String)

        var isRestoration: Bool {
            if case .restoration = self { true } else { false }
        }

        /// Returns the subject whose products stay if the commands fail, in a sentence that begins with ``words(_:)``.
        func owner(_ task: String) -> String {
            if case .task = self { "it" } else { "task '\(task)'" }
        }

        /// Describes the commands of a task.
        func words(_ task: String) -> String {
            switch self {
            case .task: "the reset commands of task '\(task)'"
            case .restoration(let subject): "the commands that restore the \(subject)"
            }
        }
    }

    /// Runs commands of a task; if they fail, the list is saved, because only the list shows that the task has run.
    private func run(
        _ commands: ProductList.ResetCommands,
        for purpose: Purpose,
        _ list: inout ProductList,
        _ report: inout ResetReport,
    ) async throws(Problem) {
        do throws(Problem) {
            try await run(commands, for: purpose, of: list.task, &report)
        } catch {
            try save(list)
            throw error
        }
    }

    private func run(
        _ commands: ProductList.ResetCommands,
        for purpose: Purpose,
        of task: String,
        _ report: inout ResetReport,
    ) async throws(Problem) {
        guard runsCommands else {
            throw Problem(
                "with '--root' \(purpose.words(task)) are not run, so what \(purpose.owner(task)) has made is not "
                    + "deleted",
                hint: "pass '--run-commands' if they change nothing outside of NEST_ROOT"
            )
        }
        report.commands.append(
            .init(task: task, text: commands.text, hasFailed: true, isRestoration: purpose.isRestoration)
        )
        if !isDryRun { try await start(commands, for: purpose, of: task) }
        report.commands[report.commands.count - 1].hasFailed = false
    }

    private func start(
        _ commands: ProductList.ResetCommands,
        for purpose: Purpose,
        of task: String,
    ) async throws(Problem) {
        let (words, hint) =
            switch purpose {
            case .task: ("running the reset commands", "correct the cause or 'reset' in the task file")
            case .restoration(let subject): ("restoring the \(subject)", "correct the cause")
            }
        write("\(task): \(words)")
        let variables = ["NEST_TASK": task, "NEST_ROOT": plan.store.root]
        let command = Host.Command(
            "/bin/sh",
            ["-e", "-c", commands.text],
            environment: environment.merging(variables) { $1 }
        )
        let status: ExitStatus
        do throws(SystemError) {
            let deadline = ContinuousClock.now + commands.timeout
            status = try await Host.run(command, deadline: deadline) { [write] line in write("\(task): \(line)") }
        } catch {
            throw Problem("\(purpose.words(task)) cannot be run", cause: error)
        }
        guard status.isSuccess else {
            let reason = status == .timedOut ? "did not end within \(commands.timeout.text)" : "\(status)"
            throw Problem(
                "\(purpose.words(task)) failed (\(reason)), so what \(purpose.owner(task)) has made is not deleted",
                hint: "\(hint), then run \(call) again"
            )
        }
    }

    // MARK: Paths

    /// Deletes the files and links of a task; its directories, and paths that are not deleted, remain in its list.
    private func delete(_ list: inout ProductList, _ progress: inout Progress) {
        var remaining: [ProductList.Product] = []
        for product in list.products.reversed() {
            guard !progress.remover.isDirectory(product), !isTakenOver(product.path, from: list.task, progress) else {
                remaining.append(product)
                continue
            }
            let removal = progress.remover.delete(product, of: list, others: progress.others)
            if case .kept = removal { remaining.append(product) }
            note(removal, product.path, of: list.task, &progress)
        }
        list.products = remaining.reversed()
    }

    /// Returns whether the task file now assigns a path to another task, which must be undone first.
    ///
    /// If a task was renamed, the commands of the task with the new name still need the path.
    private func isTakenOver(_ path: String, from task: String, _ progress: Progress) -> Bool {
        guard let owner = plan.owners[ExactText(path)], owner != task else { return false }
        let isListed = plan.items.contains { $0.list.task == owner }
        return isListed && !progress.finished.contains { $0.task == owner }
    }

    /// Deletes products that the task file now assigns to other tasks, once those tasks have been undone.
    private func deleteTakenOver(_ progress: inout Progress) {
        for index in progress.finished.indices where !Task.isCancelled {
            var list = progress.finished[index]
            let paths = list.products.map(\.path).filter { plan.owners[ExactText($0)].map { $0 != list.task } ?? false }
            guard !paths.isEmpty else { continue }
            delete(&list, &progress)
            for path in paths where isTakenOver(path, from: list.task, progress) {
                let owner = plan.owners[ExactText(path)] ?? ""
                note(.kept("task '\(owner)', which describes it now, is not undone"), path, of: list.task, &progress)
            }
            progress.finished[index] = list
        }
    }

    private func deleteDirectories(_ progress: inout Progress) {
        let finished = progress.finished
        let done = Set(finished.map(\.task))
        let unfinished = plan.items.map(\.list).filter { !done.contains($0.task) }.flatMap(\.products)
        let notDone = Set(unfinished.map(\.path).exact)
        // A directory is not reported as not empty if its remaining contents are reported themselves.
        var left = notDone.union(finished.flatMap(\.products).map(\.path).exact)
        var leftovers: [ResetReport.Path] = []
        for (task, path) in ResetPlan.directories(finished) where !Task.isCancelled {
            guard !notDone.contains(ExactText(path)), !progress.kept.contains(ExactText(path)) else { continue }
            let removal = progress.remover.deleteDirectory(path)
            guard case .kept = removal else {
                left.remove(ExactText(path))
                note(removal, path, of: task, &progress)
                continue
            }
            // The directory contains the program's own lists until the end.
            if removal == .kept(ProductRemover.notEmpty), isPath(plan.store.path, below: plan.store.root + path) {
                left.remove(ExactText(path))
                continue
            }
            // In a dry run the commands have not emptied the directory yet.
            let mayBeEmptied = isDryRun && !progress.report.commands.isEmpty
            guard !mayBeEmptied, !left.contains(where: { isPath($0.text, below: path) }) else { continue }
            if plan.programTasks.contains(task), removal == .kept(ProductRemover.notEmpty) {
                leftovers.append(.init(task: task, path: path, reason: ProductRemover.notEmpty))
            } else {
                note(removal, path, of: task, &progress)
            }
        }
        progress.report.addLeftovers(leftovers)
        for var list in finished {
            list.products.removeAll { !left.contains(ExactText($0.path)) }
            do throws(Problem) {
                try save(list)
            } catch {
                report(error, &progress)
            }
        }
    }

    private func note(_ removal: Removal, _ path: String, of task: String, _ progress: inout Progress) {
        let reason: String?
        switch removal {
        case .absent, .left: return
        case .deleted: reason = nil
        case .kept(let text):
            guard progress.kept.insert(ExactText(path)).inserted else { return }
            reason = text
        }
        let entry = ResetReport.Path(task: task, path: path, reason: reason)
        progress.report.paths.append(entry)
        if !isDryRun { write(progress.report.line(entry)) }
    }

    private func save(_ list: ProductList) throws(Problem) {
        guard !isDryRun else { return }
        do throws(SystemError) {
            try plan.store.write(list)
        } catch {
            throw Problem(
                "cannot record which paths of task '\(list.task)' are not deleted yet",
                cause: error
            )
        }
    }
}
