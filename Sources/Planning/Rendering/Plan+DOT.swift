/// The plan as a picture that Graphviz draws.
extension Plan {
    /// Returns the plan in the language of Graphviz, arrows pointing from what comes first to what comes after.
    public func renderDOT() -> String {
        var text = "digraph plan {\n  rankdir=LR;\n  node [shape=box];\n"
        text += dotLines(prefix: "").map { "  \($0)\n" }.joined()
        return text + "}\n"
    }

    /// The lines of the tasks and their dependencies.
    ///
    /// - Parameter prefix: What is put before the name of a task, so that it is not one of another plan.
    /// - Returns: The lines without their ends.
    func dotLines(prefix: String) -> [String] {
        let names = steps.map { "\"\(prefix)\($0.task.name)\"" }
        let boxes = steps.indices.map { index in
            "\(names[index]) [label=\"\(steps[index].task.name)\\n\(steps[index].task.verb.name)\"];"
        }
        let arrows = steps.indices.flatMap { index in
            steps[index].dependencies.map { "\(names[$0]) -> \(names[index]);" }
        }
        return boxes + arrows
    }
}
