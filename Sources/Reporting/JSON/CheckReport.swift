public import Base
public import Planning
import YAML

/// What a check has looked at.
public struct CheckCounts: Sendable {
    /// The number of the node's tasks.
    public var tasks: Int
    /// The number of objects in their manifests.
    public var objects: Int
    /// The number of objects whose fields are not known yet.
    public var uncheckedObjects: Int

    /// Creates numbers.
    public init(tasks: Int, objects: Int, uncheckedObjects: Int = 0) {
        self.tasks = tasks
        self.objects = objects
        self.uncheckedObjects = uncheckedObjects
    }
}

/// Returns what `check` has found as one JSON object.
///
/// - Parameters:
///   - problems: What is wrong.
///   - warnings: What is not wrong yet, or not on every server.
///   - counts: What was checked, `nil` if the task file cannot be read.
///   - address: The node's address, `nil` if there is no rule for it.
/// - Returns: One line without its end.
public func checkJSON(
    _ problems: [Problem],
    warnings: [Problem],
    _ counts: CheckCounts?,
    _ address: AddressChoice? = nil,
) -> String {
    var summary: [(String, Node)] = []
    if let counts { summary += [("tasks", .number(counts.tasks)), ("objects", .number(counts.objects))] }
    if let counts, counts.uncheckedObjects > 0 {
        summary.append(("uncheckedObjects", .number(counts.uncheckedObjects)))
    }
    summary += [("problems", .number(problems.count)), ("warnings", .number(warnings.count))]
    var pairs: [(String, Node)] = [
        Node.outputVersion, ("problems", .sequence(problems.map { .mapping($0.fields) })),
        ("warnings", .sequence(warnings.map { .mapping($0.fields) })), ("summary", .mapping(summary)),
    ]
    if let address { pairs.append(("nodeAddress", address.node)) }
    return String(decoding: Node.mapping(pairs).json(), as: UTF8.self)
}
