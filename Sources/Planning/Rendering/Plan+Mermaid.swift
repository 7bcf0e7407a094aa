/// The plan as a picture that Markdown viewers draw.
extension Plan {
    /// Returns the plan in the language of Mermaid, arrows pointing from what comes first to what comes after.
    ///
    /// Tasks go by number there, because some names, such as `end`, mean something to Mermaid.
    public func renderMermaid() -> String {
        var text = "flowchart LR\n"
        for (index, step) in steps.enumerated() {
            text += "  t\(index)[\"\(step.task.name)<br/>\(step.task.verb.name)\"]\n"
        }
        for (index, step) in steps.enumerated() {
            for dependency in step.dependencies {
                text += "  t\(dependency) --> t\(index)\n"
            }
        }
        return text
    }
}
