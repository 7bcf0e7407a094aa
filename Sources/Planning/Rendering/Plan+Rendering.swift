import Base

extension Plan {
    /// Draws the plan as trees of limited depth, with every task once, if possible below its last dependency.
    ///
    /// A task's other dependencies are listed beside it. Lines are wrapped at `columns`, or not if it is `nil`.
    public func renderText(columns: Int? = nil) -> String {
        var children = steps.map { _ in [Int]() }
        var roots: [Int] = []
        var depths = steps.map { _ in 0 }
        for (index, step) in steps.enumerated() {
            // A deeper tree could be wider than a terminal, so the task begins a new tree.
            if let parent = step.dependencies.max(), depths[parent] < 24 {
                depths[index] = depths[parent] + 1
                children[parent].append(index)
            } else {
                roots.append(index)
            }
        }
        var lines: [Line] = []
        for root in roots { draw(root, "", "", children, &lines) }
        let descriptions = steps.map { step in step.task.description.map(printable) }
        return table(lines, columns, descriptions)
    }

    private struct Line {
        let name: String
        /// The prefix of continuation lines of the same task.
        let below: String
        let step: Int
        let isRoot: Bool
    }

    private func draw(_ step: Int, _ first: String, _ rest: String, _ children: [[Int]], _ lines: inout [Line]) {
        let below = rest + (children[step].isEmpty ? "   " : "│  ")
        lines.append(Line(name: first + steps[step].task.name, below: below, step: step, isRoot: first.isEmpty))
        for child in children[step] {
            let isLast = child == children[step].last
            draw(child, rest + (isLast ? "└─ " : "├─ "), rest + (isLast ? "   " : "│  "), children, &lines)
        }
    }

    private func table(_ lines: [Line], _ columns: Int?, _ descriptions: [String?]) -> String {
        let nameWidth = lines.map(\.name.count).max() ?? 0
        let verbWidth = steps.map(\.task.verb.name.count).max() ?? 0
        let width = nameWidth + 2 + verbWidth
        return lines.map { line in
            let task = steps[line.step].task
            let notes = [descriptions[line.step], also(line)].compactMap(\.self).joined(separator: " ")
            let head = "\(line.name.padded(to: nameWidth))  \(task.verb.name)"
            guard !notes.isEmpty else { return "\(head)\n" }
            // The text keeps at least 24 columns, even if lines are then too long for a narrow terminal.
            let texts = notes.wrapped(to: columns.map { max(24, $0 - width - 2) } ?? .max)
            let rest = texts.dropFirst().map { "\(line.below.padded(to: width))  \($0)" }
            return (["\(head.padded(to: width))  \(texts.first ?? "")"] + rest).map { "\($0)\n" }.joined()
        }.joined()
    }

    private func also(_ line: Line) -> String? {
        let dependencies = steps[line.step].dependencies
        let others = line.isRoot ? dependencies : dependencies.filter { $0 != dependencies.max() }
        guard !others.isEmpty else { return nil }
        let names = others.sorted().map { steps[$0].task.name }
        return line.isRoot ? "(after \(list(names)))" : "(also after \(list(names)))"
    }

    /// Returns the plan in the DOT language of Graphviz, with an arrow from each dependency to its dependant.
    public func renderDOT() -> String {
        let boxes = steps.map(\.task).map { task in
            "\"\(task.name)\" [label=\"\(task.name)\\n\(task.verb.name)\"];"
        }
        let arrows = steps.flatMap { step in
            step.dependencies.map { "\"\(steps[$0].task.name)\" -> \"\(step.task.name)\";" }
        }
        return "digraph plan {\n  rankdir=LR;\n  node [shape=box];\n" + (boxes + arrows).map { "  \($0)\n" }.joined()
            + "}\n"
    }

    /// Returns the plan as a JSON object on one line.
    ///
    /// For each task, `after` lists the tasks of this plan that must have succeeded, and `units` lists systemd units
    /// that are only ordered before the task.
    public func renderJSON() -> String {
        let role = roles.first.map { [("role", Node.string($0))] } ?? []
        let lists = [("roles", Node.sequence(roles.map { .string($0) })), ("tasks", .sequence(steps.map(node)))]
        return String(decoding: Node.mapping([Node.outputVersion] + role + lists).json(), as: UTF8.self) + "\n"
    }

    private func node(_ step: Step) -> Node {
        let task = step.task
        var pairs: [(String, Node)] = [("task", .string(task.name)), ("verb", .string(task.verb.name))]
        if let description = task.description { pairs.append(("description", .string(description))) }
        pairs.append(("after", .sequence(step.dependencies.map { .string(steps[$0].task.name) })))
        pairs.append(("units", .sequence(task.afterUnits.map { .string($0) })))
        pairs.append(("timeout", .string(task.timeout.text)))
        if let interval = task.interval { pairs.append(("every", .string(interval.text))) }
        if !task.restarts.isEmpty { pairs.append(("restart", .sequence(task.restarts.map { .string($0) }))) }
        return .mapping(pairs)
    }

    /// Returns the plan in the language of Mermaid, with an arrow from each dependency to its dependant.
    ///
    /// Tasks are identified by number, because names such as `end` are keywords of Mermaid.
    public func renderMermaid() -> String {
        let boxes = steps.enumerated().map { index, step in
            "t\(index)[\"\(step.task.name)<br/>\(step.task.verb.name)\"]"
        }
        let arrows = steps.enumerated().flatMap { index, step in
            step.dependencies.map { "t\($0) --> t\(index)" }
        }
        return "flowchart LR\n" + (boxes + arrows).map { "  \($0)\n" }.joined()
    }
}
