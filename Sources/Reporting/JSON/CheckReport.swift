public import Base
public import Planning

public struct CheckCounts: Sendable {
    public var tasks: Int
    /// The number of objects in the manifests of the node's tasks.
    var objects: Int
    /// The number of objects whose fields were not checked because no schema for their kinds is known.
    var uncheckedObjects: Int
    /// The number of tasks with `sandbox: false`.
    public var tasksWithoutSandbox: Int

    public init(tasks: Int, objects: Int, uncheckedObjects: Int = 0, tasksWithoutSandbox: Int = 0) {
        self.tasksWithoutSandbox = tasksWithoutSandbox
        self.tasks = tasks
        self.objects = objects
        self.uncheckedObjects = uncheckedObjects
    }

    var fields: [(String, Node?)] {
        [
            ("tasks", .number(tasks)), ("objects", .number(objects)),
            ("uncheckedObjects", uncheckedObjects > 0 ? .number(uncheckedObjects) : nil),
            ("tasksWithoutSandbox", tasksWithoutSandbox > 0 ? .number(tasksWithoutSandbox) : nil),
        ]
    }

    /// A line about objects whose fields were not checked, empty if there are none.
    public var schemaNote: String {
        guard uncheckedObjects > 0 else { return "" }
        let objects = uncheckedObjects == 1 ? "1 object" : "\(uncheckedObjects) objects"
        return "note: the fields of \(objects) are not checked: no schema of the kind is known\n"
    }
}

/// Returns the findings of `check` as one JSON object without a line ending.
///
/// `counts` is `nil` if there was no plan to check, and `address` is `nil` if no address rule was applied.
public func checkJSON(
    _ problems: [Problem],
    warnings: [Problem],
    _ counts: CheckCounts?,
    _ keys: TaskFileKeys,
    _ address: AddressChoice? = nil,
) -> String {
    let findings: [(String, Node?)] = [
        ("problems", .number(problems.count)), ("warnings", .number(warnings.count)),
    ]
    return Node.output([
        ("problems", .sequence(problems.map { .known($0.fields(keys)) })),
        ("warnings", .sequence(warnings.map { .known($0.fields(keys)) })),
        ("summary", .known((counts?.fields ?? []) + findings)), ("nodeAddress", address?.node),
    ])
}

extension Problem {
    /// Returns the fields of a JSON object, with the task file key at the problem's location, if any.
    func fields(_ keys: TaskFileKeys) -> [(String, Node?)] {
        fields + [("key", .text(location.flatMap { keys.path(at: $0) }))]
    }
}
