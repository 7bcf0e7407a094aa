/// The plan as a picture of characters.
extension Plan {
    /// Draws the plan as trees: every task once, below the last of those that it depends on.
    ///
    /// The others that it depends on are named behind it.
    public func textPicture() -> String {
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
        return table(lines)
    }

    /// A line of a picture before its columns are as wide as the widest.
    private struct Line {
        let name: String
        let step: Int
        let isRoot: Bool
    }

    private func draw(_ step: Int, _ first: String, _ rest: String, _ children: [[Int]], _ lines: inout [Line]) {
        lines.append(Line(name: first + steps[step].task.name, step: step, isRoot: first.isEmpty))
        for child in children[step] {
            let isLast = child == children[step].last
            draw(child, rest + (isLast ? "└─ " : "├─ "), rest + (isLast ? "   " : "│  "), children, &lines)
        }
    }

    private func table(_ lines: [Line]) -> String {
        let nameWidth = lines.map(\.name.count).max() ?? 0
        let verbWidth = steps.map(\.task.verb.name.count).max() ?? 0
        return lines.map { line in
            let task = steps[line.step].task
            let notes = [task.description, also(line)].compactMap(\.self).joined(separator: " ")
            let columns = [padded(line.name, nameWidth), padded(task.verb.name, verbWidth), notes]
            return trimmed(columns.joined(separator: "  ")) + "\n"
        }.joined()
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
