import Base
import Drawing
import YAML

/// The plan as a picture of characters.
extension Plan {
    /// Draws the plan as trees: every task once, below the last of those that it depends on.
    ///
    /// The others that it depends on are named behind it. What does not fit a line goes on below it, between words.
    ///
    /// - Parameters:
    ///   - columns: The width of the terminal, or `nil` for lines of any length.
    ///   - isUTF8: Whether descriptions may have characters that are not ASCII.
    ///   - states: The states of the tasks by their names, which have a column of their own.
    ///   - style: Gives the word for a state, which has spaces after it up to the width of its column, its colour.
    /// - Returns: The lines, each with its end.
    public func renderText(
        columns: Int? = nil,
        isUTF8: Bool = true,
        states: [String: DrawnState] = [:],
        style: (DrawnState, String) -> String = { _, text in text },
    ) -> String {
        var children = steps.map { _ in [Int]() }
        var roots: [Int] = []
        var depths = steps.map { _ in 0 }
        for (index, step) in steps.enumerated() {
            // Deeper than this a tree is wider than a terminal; the task begins a tree of its own.
            if let parent = step.dependencies.max(), depths[parent] < 24 {
                depths[index] = depths[parent] + 1
                children[parent].append(index)
            } else {
                roots.append(index)
            }
        }
        var lines: [Line] = []
        for root in roots { draw(root, "", "", children, &lines) }
        let stateWidth = steps.compactMap { states[$0.task.name]?.word.count }.max() ?? 0
        let cells = steps.map { step in
            guard let state = states[step.task.name] else { return StateCell(padded: "".padded(to: stateWidth)) }
            return StateCell(word: style(state, state.word), padded: style(state, state.word.padded(to: stateWidth)))
        }
        let descriptions = steps.map { step in step.task.description.map { tableText($0, isUTF8) } }
        return table(lines, columns, cells, descriptions, stateWidth: stateWidth)
    }

    /// The word for the state of a task, in its style.
    private struct StateCell {
        /// The word, `nil` without a state.
        var word: String?
        /// The word with the spaces after it, as wide as the column.
        let padded: String
    }

    /// A line of a picture before its columns are as wide as the widest.
    private struct Line {
        let name: String
        /// The text below the name in further lines of the same task.
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

    /// The columns of the notes, below which they are in lines of their own.
    private static let minimumWidth = 24

    private func table(
        _ lines: [Line],
        _ columns: Int?,
        _ states: [StateCell],
        _ descriptions: [String?],
        stateWidth: Int,
    ) -> String {
        let nameWidth = lines.map(\.name.count).max() ?? 0
        let verbWidth = steps.map(\.task.verb.name.count).max() ?? 0
        let stateColumns = stateWidth == 0 ? 0 : stateWidth + 2
        let width = nameWidth + 2 + stateColumns + verbWidth
        return lines.map { line in
            let (task, state) = (steps[line.step].task, states[line.step])
            let notes = [descriptions[line.step], also(line)].compactMap(\.self).joined(separator: " ")
            let stateText = stateColumns == 0 ? "" : state.padded + "  "
            let head = "\(line.name.padded(to: nameWidth))  \(stateText)\(task.verb.name.padded(to: verbWidth))"
            guard let columns else { return trimmed("\(head)  \(notes)") + "\n" }
            if columns - width - 2 >= Self.minimumWidth {
                let texts = notes.wrapped(to: columns - width - 2)
                let first = trimmed("\(head)  \(texts.first ?? "")")
                let rest = texts.dropFirst().map { "\(line.below.padded(to: width))  \($0)" }
                return ([first] + rest).map { "\($0)\n" }.joined()
            }
            let name = state.word.map { "\(line.name): \($0)" } ?? line.name
            let texts = "(\(task.verb.name)) \(notes)".wrapped(to: max(12, columns - line.below.count))
            return ([name] + texts.map { line.below + $0 }).map { "\(trimmed($0))\n" }.joined()
        }.joined()
    }

    private func also(_ line: Line) -> String? {
        let dependencies = steps[line.step].dependencies
        let others = line.isRoot ? dependencies : dependencies.filter { $0 != dependencies.max() }
        guard !others.isEmpty else { return nil }
        let names = others.sorted().map { steps[$0].task.name }
        return line.isRoot ? "(after \(list(names)))" : "(also after \(list(names)))"
    }

    private func trimmed(_ text: String) -> String {
        String(text.reversed().drop { $0 == " " }.reversed())
    }
}

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

/// The plan for programs.
extension Plan {
    /// Returns the plan as one JSON object in one line: its roles, and its tasks in their order.
    ///
    /// `after` are the tasks of this plan that must have succeeded, `units` the systemd units that only order.
    ///
    /// - Parameter states: The states of the tasks by their names; a task without one has no field `state`.
    /// - Returns: The line with its end.
    public func renderJSON(states: [String: DrawnState] = [:]) -> String {
        String(decoding: Node.mapping([Node.outputVersion] + fields(states: states)).json(), as: UTF8.self) + "\n"
    }

    func fields(states: [String: DrawnState] = [:]) -> [(String, Node)] {
        let role = roles.first.map { [("role", Node.string($0))] } ?? []
        let tasks = steps.map { node($0, states[$0.task.name]) }
        return role + [("roles", .sequence(roles.map { .string($0) })), ("tasks", .sequence(tasks))]
    }

    private func node(_ step: Step, _ state: DrawnState?) -> Node {
        let task = step.task
        var pairs: [(String, Node)] = [("task", .string(task.name)), ("verb", .string(task.verb.name))]
        if let description = task.description { pairs.append(("description", .string(description))) }
        if let state { pairs.append(("state", .string(state.word))) }
        pairs.append(("after", .sequence(step.dependencies.map { .string(steps[$0].task.name) })))
        pairs.append(("units", .sequence(task.afterUnits.map { .string($0) })))
        pairs.append(("timeout", .string(task.timeout.text)))
        if let interval = task.interval { pairs.append(("every", .string(interval.text))) }
        if !task.restarts.isEmpty { pairs.append(("restart", .sequence(task.restarts.map { .string($0) }))) }
        return .mapping(pairs)
    }
}

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

/// The plan as a picture that every browser shows.
extension Plan {
    /// Draws the plan as a picture: a box for every task, and arrows from what comes first to what comes after.
    ///
    /// A dependency that follows from others has no arrow, which the picture says: between those the arrows that remain
    /// would be hard to follow.
    ///
    /// - Parameter states: The states of the tasks by their names, which the boxes show in words and colours.
    /// - Returns: The picture as XML.
    public func renderSVG(states: [String: DrawnState] = [:]) -> String {
        let role = roles.isEmpty ? "" : " of \(roles.count == 1 ? "role" : "roles") \(list(roles))"
        let section = PlanDocument.Section(heading: "Plan\(role)", picture: PlanPicture(self, states: states))
        return PlanDocument(section.heading, [section], isFramed: false).markup
    }
}
