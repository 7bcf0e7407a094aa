/// The plan as a picture that Graphviz draws.
extension Plan {
    /// Returns the plan in the language of Graphviz, arrows pointing from what comes first to what comes after.
    public func renderDOT() -> String {
        var text = "digraph plan {\n  rankdir=LR;\n  node [shape=box];\n"
        for step in steps {
            text += "  \"\(step.task.name)\" [label=\"\(step.task.name)\\n\(step.task.verb.name)\"];\n"
        }
        for step in steps {
            for dependency in step.dependencies {
                text += "  \"\(steps[dependency].task.name)\" -> \"\(step.task.name)\";\n"
            }
        }
        return text + "}\n"
    }
}
