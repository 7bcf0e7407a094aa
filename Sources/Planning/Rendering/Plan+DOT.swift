/// The plan as a picture that Graphviz draws.
extension Plan {
    /// Returns the plan in the language of Graphviz, arrows pointing from what comes first to what comes after.
    ///
    /// - Parameter states: The states of the tasks by their names; a task without one has no colour.
    /// - Returns: The lines, each with its end.
    public func renderDOT(states: [String: DrawnState] = [:]) -> String {
        var text = "digraph plan {\n  rankdir=LR;\n  node [shape=box];\n"
        text += dotLines(prefix: "", states: states).map { "  \($0)\n" }.joined()
        return text + "}\n"
    }

    /// The lines of the tasks and their dependencies.
    ///
    /// - Parameters:
    ///   - prefix: What is put before the name of a task, so that it is not one of another plan.
    ///   - states: The states of the tasks by their names.
    /// - Returns: The lines without their ends.
    func dotLines(prefix: String, states: [String: DrawnState] = [:]) -> [String] {
        let names = steps.map { "\"\(prefix)\($0.task.name)\"" }
        let boxes = steps.indices.map { index in
            let task = steps[index].task
            let words = [task.name, task.verb.name] + (states[task.name].map { [$0.word] } ?? [])
            let style = states[task.name].map { state in
                let (fill, line) = state.tone.boxColours
                return ", style=filled, fillcolor=\"\(fill)\", color=\"\(line)\", fontcolor=\"#1f2328\""
            }
            return "\(names[index]) [label=\"\(words.joined(separator: "\\n"))\"\(style ?? "")];"
        }
        let arrows = steps.indices.flatMap { index in
            steps[index].dependencies.map { "\(names[$0]) -> \(names[index]);" }
        }
        return boxes + arrows
    }
}
