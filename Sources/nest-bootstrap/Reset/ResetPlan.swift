import Planning
import Reporting
import State

/// What a reset does, task by task.
struct ResetPlan {
    /// A task that has run on this node.
    struct Item {
        /// What it has made.
        var list: ProductList
        /// What undoes the rest, `nil` if there is nothing or it is done.
        var lines: ProductList.ResetCommands?
    }

    /// The tasks, those first that others do not depend on.
    let items: [Item]

    /// Where the lists are.
    let store: ProductStore

    /// Orders the tasks of lists.
    ///
    /// A task of the task file has its lines from there: they may have been corrected since it ran. Other tasks have those of
    /// their last run, and come first, because no task of the file depends on them.
    ///
    /// - Parameters:
    ///   - lists: The lists.
    ///   - plan: The plan of this node, `nil` if the task file cannot be used.
    ///   - store: Where the lists are.
    init(_ lists: [ProductList], _ plan: Plan?, _ store: ProductStore) {
        func key(_ list: ProductList) -> (Int, Int) {
            plan?.position(of: list.task).map { (0, $0) } ?? (1, list.position)
        }
        self.store = store
        items = lists.sorted { key($0) > key($1) }.map { list in
            guard list.isResetDue else { return Item(list: list) }
            guard let plan, let position = plan.position(of: list.task) else {
                return Item(list: list, lines: list.reset)
            }
            return Item(list: list, lines: plan.steps[position].task.resetCommands)
        }
    }

    /// Everything that would be done.
    func report(isDryRun: Bool) -> ResetReport {
        var report = ResetReport(isDryRun: isDryRun)
        let index = ProductIndex(items.map(\.list))
        var deleted: Set<String> = []
        for item in items {
            if let lines = item.lines { report.lines.append(.init(task: item.list.task, text: lines.text)) }
            for product in item.list.products.reversed() where !product.isDirectory && !deleted.contains(product.path) {
                switch store.state(of: product, in: index) {
                case .gone: break
                case .asMade:
                    deleted.insert(product.path)
                    report.paths.append(.init(task: item.list.task, path: product.path, reason: nil))
                case .kept(let reason):
                    report.paths.append(.init(task: item.list.task, path: product.path, reason: reason))
                }
            }
        }
        let kept = report.paths.filter { $0.reason != nil }.map(\.path)
        for (task, directory) in directories {
            switch store.state(of: directory, in: index) {
            case .gone: continue
            case .kept(let reason): report.paths.append(.init(task: task, path: directory.path, reason: reason))
            case .asMade:
                let names = store.names(in: directory.path) ?? []
                let isEmptied = names.allSatisfy { deleted.contains("\(directory.path)/\($0)") }
                if isEmptied {
                    deleted.insert(directory.path)
                    report.paths.append(.init(task: task, path: directory.path, reason: nil))
                } else if report.lines.isEmpty, !Self.isAbove(directory.path, kept) {
                    // Lines may empty it.
                    report.paths.append(.init(task: task, path: directory.path, reason: "is not empty"))
                }
            }
        }
        return report
    }

    /// The directories of all tasks, each once, those first that are in others.
    var directories: [(task: String, product: ProductList.Product)] { Self.directories(items.map(\.list)) }

    /// The directories of lists, each once, those first that are in others.
    static func directories(_ lists: [ProductList]) -> [(task: String, product: ProductList.Product)] {
        var seen: Set<String> = []
        return lists.flatMap { list in list.products.filter(\.isDirectory).map { (list.task, $0) } }
            .filter { seen.insert($0.1.path).inserted }
            .sorted {
                ($0.1.path.utf8.count { $0 == 0x2f }, $0.1.path) > ($1.1.path.utf8.count { $0 == 0x2f }, $1.1.path)
            }
    }

    /// Whether one of some paths is below a directory.
    static func isAbove(_ directory: String, _ paths: [String]) -> Bool {
        paths.contains { $0.hasPrefix("\(directory)/") }
    }
}
