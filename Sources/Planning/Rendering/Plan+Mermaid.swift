/// The plan as a picture that Markdown viewers draw.
extension Plan {
    /// Returns the plan in the language of Mermaid, arrows pointing from what comes first to what comes after.
    ///
    /// Tasks go by number there, because some names, such as `end`, mean something to Mermaid.
    ///
    /// - Parameter states: The states of the tasks by their names; a task without one has no colour.
    /// - Returns: The lines, each with its end.
    public func renderMermaid(states: [String: DrawnState] = [:]) -> String {
        "flowchart LR\n" + mermaidLines(prefix: "t", states: states).map { "  \($0)\n" }.joined()
    }

    /// The lines of the tasks and their dependencies.
    ///
    /// - Parameters:
    ///   - prefix: What is put before the number of a task, so that it is not one of another plan.
    ///   - states: The states of the tasks by their names.
    /// - Returns: The lines without their ends.
    func mermaidLines(prefix: String, states: [String: DrawnState] = [:]) -> [String] {
        let boxes = steps.enumerated().map { index, step in
            let words = [step.task.name, step.task.verb.name] + (states[step.task.name].map { [$0.word] } ?? [])
            return "\(prefix)\(index)[\"\(words.joined(separator: "<br/>"))\"]"
        }
        let arrows = steps.enumerated().flatMap { index, step in
            step.dependencies.map { "\(prefix)\($0) --> \(prefix)\(index)" }
        }
        let classes = positions(by: states).flatMap { tone, positions in
            let (fill, line) = tone.boxColours
            return [
                "classDef \(tone.rawValue) fill:\(fill),stroke:\(line),color:#1f2328",
                "class \(positions.map { "\(prefix)\($0)" }.joined(separator: ",")) \(tone.rawValue)",
            ]
        }
        return boxes + arrows + classes
    }
}
