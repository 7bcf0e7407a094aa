/// The plan as a picture of characters.
extension Plan {
    /// Draws the plan as trees: every task once, below the last of those that it depends on.
    ///
    /// The others that it depends on are named behind it. What does not fit a line goes on below it, between words.
    ///
    /// - Parameters:
    ///   - columns: The width of the terminal, or `nil` for lines of any length.
    ///   - states: The states of the tasks by their names, which have a column of their own.
    ///   - isColoured: Whether states are coloured.
    /// - Returns: The lines, each with its end.
    public func renderText(
        columns: Int? = nil,
        states: [String: DrawnState] = [:],
        isColoured: Bool = false,
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
        return table(lines, columns, steps.map { StateCell(states[$0.task.name], isColoured: isColoured) })
    }

    /// The word for the state of a task.
    private struct StateCell {
        let word: String
        private let colour: String?

        init(_ state: DrawnState?, isColoured: Bool) {
            word = state?.word ?? ""
            colour = isColoured ? state?.tone.terminalColour : nil
        }

        /// The word in its colour, with spaces up to a width.
        func text(_ width: Int = 0) -> String {
            let padded = word + String(repeating: " ", count: max(width - word.count, 0))
            return colour.map { "\u{1b}[\($0)m\(padded)\u{1b}[0m" } ?? padded
        }
    }

    /// A line of a picture before its columns are as wide as the widest.
    private struct Line {
        let name: String
        /// What is below the name in further lines of the same task.
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

    private func table(_ lines: [Line], _ columns: Int?, _ states: [StateCell]) -> String {
        let nameWidth = lines.map(\.name.count).max() ?? 0
        let verbWidth = steps.map(\.task.verb.name.count).max() ?? 0
        let stateWidth = states.map(\.word.count).max() ?? 0
        let stateColumns = stateWidth == 0 ? 0 : stateWidth + 2
        let width = nameWidth + 2 + stateColumns + verbWidth
        return lines.map { line in
            let (task, state) = (steps[line.step].task, states[line.step])
            let notes = [task.description, also(line)].compactMap(\.self).joined(separator: " ")
            let stateText = stateColumns == 0 ? "" : state.text(stateWidth) + "  "
            let head = "\(padded(line.name, nameWidth))  \(stateText)\(padded(task.verb.name, verbWidth))"
            guard let columns else { return trimmed("\(head)  \(notes)") + "\n" }
            if columns - width - 2 >= Self.minimumWidth {
                let folded = folded(notes, to: columns - width - 2)
                let first = trimmed("\(head)  \(folded.first ?? "")")
                let rest = folded.dropFirst().map { "\(padded(line.below, width))  \($0)" }
                return ([first] + rest).map { "\($0)\n" }.joined()
            }
            let name = state.word.isEmpty ? line.name : "\(line.name): \(state.text())"
            let texts = folded("(\(task.verb.name)) \(notes)", to: max(12, columns - line.below.count))
            return ([name] + texts.map { line.below + $0 }).map { "\(trimmed($0))\n" }.joined()
        }.joined()
    }

    /// A text in lines of at most a number of characters, broken between words where possible.
    private func folded(_ text: String, to width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }

    private func also(_ line: Line) -> String? {
        let dependencies = steps[line.step].dependencies
        let others = line.isRoot ? dependencies : dependencies.filter { $0 != dependencies.max() }
        guard !others.isEmpty else { return nil }
        let names = others.sorted().map { steps[$0].task.name }
        return line.isRoot ? "(after \(list(names)))" : "(also after \(list(names)))"
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(width - text.count, 0))
    }

    private func trimmed(_ text: String) -> String {
        String(text.reversed().drop { $0 == " " }.reversed())
    }
}
