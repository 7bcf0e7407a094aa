/// The plan as a picture that Markdown viewers draw.
extension Plan {
    /// Returns the plan in the language of Mermaid, arrows pointing from what comes first to what comes after.
    ///
    /// Tasks go by number there, because some names, such as `end`, mean something to Mermaid.
    public func renderMermaid() -> String {
        "flowchart LR\n" + mermaidLines(prefix: "t").map { "  \($0)\n" }.joined()
    }

    /// The lines of the tasks and their dependencies.
    ///
    /// - Parameter prefix: What is put before the number of a task, so that it is not one of another plan.
    /// - Returns: The lines without their ends.
    func mermaidLines(prefix: String) -> [String] {
        let boxes = steps.enumerated().map { index, step in
            "\(prefix)\(index)[\"\(step.task.name)<br/>\(step.task.verb.name)\"]"
        }
        let arrows = steps.enumerated().flatMap { index, step in
            step.dependencies.map { "\(prefix)\($0) --> \(prefix)\(index)" }
        }
        return boxes + arrows
    }
}
