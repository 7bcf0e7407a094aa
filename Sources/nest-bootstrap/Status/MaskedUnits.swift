/// A task of the plan as far as it matters what a masked unit keeps from succeeding.
struct MaskableTask {
    var name: String
    /// The indices of the tasks that it runs after, all of them before it.
    var dependencies: [Int]
    /// Whether it has succeeded, or runs now.
    var isUnderWay: Bool
    /// Whether its unit is masked.
    var isMasked: Bool
}

/// Finds the tasks whose units are masked and which therefore keep tasks from succeeding.
///
/// - Parameters:
///   - tasks: All tasks of the plan, in its order.
///   - names: The tasks that are to succeed.
/// - Returns: The names of the tasks with masked units, in the order of the plan.
func tasksMasked(in tasks: [MaskableTask], keeping names: Set<String>) -> [String] {
    var causes: [Set<Int>] = []
    for (index, task) in tasks.enumerated() {
        let own: Set<Int> = task.isMasked ? [index] : []
        causes.append(task.isUnderWay ? [] : task.dependencies.reduce(into: own) { $0.formUnion(causes[$1]) })
    }
    let wanted = tasks.indices.filter { names.contains(tasks[$0].name) }
    return wanted.reduce(into: Set<Int>()) { $0.formUnion(causes[$1]) }.sorted().map { tasks[$0].name }
}
