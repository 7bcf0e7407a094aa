import Base
import Planning
import State

/// The tasks to reset, in order.
struct ResetPlan {
    /// A task that has run on this node.
    struct Item {
        /// The products of the task.
        var list: ProductList
        /// The commands that undo everything else; `nil` if there are none, or if they ran after the task's last run.
        var commands: ProductList.ResetCommands?
    }

    /// The tasks, dependants before their dependencies.
    let items: [Item]

    /// The paths that the task file now describes, each with the name of its task.
    let owners: [ExactText: String]

    /// The tasks of the task file that run programs but have no commands to undo the effects of the programs.
    let programTasks: Set<String>

    /// The store of the product lists.
    let store: ProductStore

    /// Determines the tasks to reset, and their order, from the product lists and the records.
    ///
    /// A task of the task file is undone with the commands in the file, which may have been corrected since its run.
    /// Other tasks are undone with the commands of their last run. They come first, because no task of the file depends
    /// on them.
    ///
    /// - Parameters:
    ///   - lists: The product lists.
    ///   - recorded: The tasks that have a record of this boot. A task without a product list may have commands in the
    ///     task file.
    ///   - plan: The plan of this node, or `nil` if the task file cannot be used.
    ///   - store: The store of the product lists.
    init(_ lists: [ProductList], recorded: [String], _ plan: Plan?, _ store: ProductStore) {
        let listed = Set(lists.map(\.task))
        let others = recorded.filter { !listed.contains($0) }.compactMap { task in
            plan?.position(of: task).map { position in
                var list = ProductList(task: task, position: position)
                list.reset = plan?.steps[position].task.resetCommands
                return list
            }
        }
        func key(_ list: ProductList) -> (Int, Int) {
            plan?.position(of: list.task).map { (0, $0) } ?? (1, list.position)
        }
        self.store = store
        let programs = plan?.steps.map(\.task).filter { $0.footprint.runsPrograms && $0.reset == nil }
        programTasks = Set((programs ?? []).map(\.name))
        let described = plan?.steps.map(\.task).flatMap { task in
            task.footprint.ownedPaths.map { (ExactText($0.path), task.name) }
        }
        owners = Dictionary(described ?? []) { first, _ in first }
        let all = (lists + others).sorted { key($0) > key($1) }.map { list in
            guard list.isResetDue else { return Item(list: list) }
            guard let plan, let position = plan.position(of: list.task) else {
                return Item(list: list, commands: list.reset)
            }
            return Item(list: list, commands: plan.steps[position].task.resetCommands)
        }
        items = all.filter { listed.contains($0.list.task) || $0.commands != nil }
    }

    /// Returns the directories in product lists without duplicates, subdirectories before their parents.
    static func directories(_ lists: [ProductList]) -> [(task: String, path: String)] {
        lists.flatMap { list in list.products.filter(\.mayBeDirectory).map { (list.task, $0.path) } }
            .unique { ExactText($0.1) }
            .sorted { ($0.1.utf8.count { $0 == 0x2f }, $0.1) > ($1.1.utf8.count { $0 == 0x2f }, $1.1) }
    }
}
