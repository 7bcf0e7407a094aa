import Base
import Host
import Reporting
import State

/// Performs a reset: the lines and products of one task after the other, then the directories of all.
///
/// A list is written after each step, so that a reset that is ended anywhere can be repeated.
struct ResetRun {
    let plan: ResetPlan

    /// The environment that programs start from.
    let environment: [String: String]

    /// Prints a line.
    let write: @Sendable (String) -> Void

    /// Reports a problem as soon as it is known.
    let warn: @Sendable (Problem) -> Void

    /// Does everything, and returns what was done and what stays.
    func perform(_ units: [String]) async -> ResetReport {
        var report = ResetReport(isDryRun: false)
        report.units = units
        let index = ProductIndex(plan.items.map(\.list))
        var unfinished: [ProductList] = []
        var finished: [ProductList] = []
        for item in plan.items {
            var list = item.list
            if Task.isCancelled {
                unfinished.append(list)
                continue
            }
            do throws(Problem) {
                if let lines = item.lines { try await run(lines, of: list.task, &report) }
                (list.isResetDue, list.reset) = (false, nil)
                delete(&list, index, &report)
                try save(list)
                finished.append(list)
            } catch {
                unfinished.append(list)
                report.problems.append(error)
                warn(error)
            }
        }
        deleteDirectories(finished, unfinished, &report)
        return report
    }

    /// Runs the lines of a task.
    private func run(
        _ lines: ProductList.ResetCommands,
        of task: String,
        _ report: inout ResetReport
    ) async throws(Problem) {
        write("\(task): runs the lines of 'reset'")
        report.lines.append(.init(task: task, text: lines.text, hasFailed: true))
        let variables = ["NEST_TASK": task, "NEST_ROOT": plan.store.root]
        let command = Host.Command(
            "/bin/sh",
            ["-e", "-c", lines.text],
            environment: environment.merging(variables) { $1 }
        )
        let status: ExitStatus
        do throws(SystemError) {
            let deadline = ContinuousClock.now + lines.timeout
            status = try await Host.run(command, deadline: deadline) { [write] line in write("\(task): \(line)") }
        } catch {
            throw Problem("the lines of 'reset' of task '\(task)' cannot be run", cause: error)
        }
        guard status.isSuccess else {
            let reason = status == .timedOut ? "did not end within \(lines.timeout.text)" : "\(status)"
            throw Problem(
                "the lines of 'reset' of task '\(task)' failed (\(reason)), so what it has made stays",
                hint: "correct the cause or 'reset' in the task file, then run 'nest-bootstrap reset' again"
            )
        }
        report.lines[report.lines.count - 1].hasFailed = false
    }

    /// Deletes the files and links of a task; what stays of them, and its directories, stay in its list.
    private func delete(_ list: inout ProductList, _ index: ProductIndex, _ report: inout ResetReport) {
        var kept: [ProductList.Product] = []
        for product in list.products.reversed() {
            guard !product.isDirectory else {
                kept.append(product)
                continue
            }
            let state = plan.store.delete(product, in: index)
            if state != .asMade, state != .gone { kept.append(product) }
            note(state, product, of: list.task, &report)
        }
        list.products = kept.reversed()
    }

    private func deleteDirectories(
        _ finished: [ProductList],
        _ unfinished: [ProductList],
        _ report: inout ResetReport,
    ) {
        var gone: Set<String> = []
        let others = unfinished.flatMap(\.products).map(\.path)
        for (task, directory) in ResetPlan.directories(finished) where !Task.isCancelled {
            let state = plan.store.deleteDirectory(directory)
            guard case .kept = state else {
                gone.insert(directory.path)
                note(state, directory, of: task, &report)
                continue
            }
            // That it is not empty follows from what is in it.
            let left = others + finished.flatMap(\.products).map(\.path).filter { !gone.contains($0) }
            if !ResetPlan.isAbove(directory.path, left) { note(state, directory, of: task, &report) }
        }
        for var list in finished {
            list.products.removeAll { gone.contains($0.path) }
            do throws(Problem) {
                try save(list)
            } catch {
                report.problems.append(error)
                warn(error)
            }
        }
    }

    private func note(
        _ state: ProductState,
        _ product: ProductList.Product,
        of task: String,
        _ report: inout ResetReport,
    ) {
        let reason: String?
        switch state {
        case .gone: return
        case .asMade: reason = nil
        case .kept(let text): reason = text
        }
        let path = ResetReport.Path(task: task, path: product.path, reason: reason)
        report.paths.append(path)
        write(report.line(path))
    }

    private func save(_ list: ProductList) throws(Problem) {
        do throws(SystemError) {
            try plan.store.write(list)
        } catch {
            throw Problem("cannot keep what is left of task '\(list.task)'", cause: error)
        }
    }
}
