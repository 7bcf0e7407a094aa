import Drawing

/// The boxes and arrows of a plan.
struct PlanPicture {
    private let plan: Plan
    private let states: [String: DrawnState]
    private let boxes: [TaskBox]
    private let dependencies: [[Int]]
    private let layout: GraphLayout

    /// Creates a picture.
    ///
    /// - Parameters:
    ///   - plan: The plan.
    ///   - states: The states of the tasks by their names.
    init(_ plan: Plan, states: [String: DrawnState]) {
        (self.plan, self.states) = (plan, states)
        boxes = plan.steps.map { TaskBox($0.task, states[$0.task.name], hasStates: !states.isEmpty) }
        // Redundant arrows would make the other arrows hard to follow.
        dependencies = Ancestors(plan).necessaryDependencies
        layout = GraphLayout(sizes: boxes.map(\.size), predecessors: dependencies)
    }

    /// The size in pixels.
    var size: GraphLayout.Size { layout.size }
    var hasArrows: Bool { dependencies.contains { !$0.isEmpty } }

    /// The number of dependencies without an arrow because they follow from other dependencies.
    var omittedCount: Int {
        zip(plan.steps, dependencies).reduce(0) { $0 + $1.0.dependencies.count - $1.1.count }
    }

    /// The number of tasks in total and in each state, as text.
    var summary: String {
        let count = plan.steps.count
        guard count > 0 else { return "no task for this node" }
        let words = plan.positions(by: states).flatMap { _, positions -> [String] in
            let words = positions.compactMap { states[plan.steps[$0].task.name]?.countedWord }
            return Dictionary(grouping: words, by: \.self).sorted { $0.key < $1.key }.map { "\($1.count) \($0)" }
        }
        let tasks = count == 1 ? "1 task" : "\(count) tasks"
        return words.isEmpty ? tasks : "\(tasks): \(words.joined(separator: ", "))"
    }

    /// Describes the boxes and arrows in words, with one sentence for each task up to a limit.
    func sentences(limit: Int) -> [String] {
        let tasks = plan.steps.indices.prefix(limit).map { index in
            let task = plan.steps[index].task
            let state = states[task.name].map { ", \($0.word)" } ?? ""
            return "\(task.name): \(task.verb.name)\(state)\(after(index).map { ", \($0)" } ?? "")."
        }
        let rest = plan.steps.count - tasks.count
        return rest > 0 ? tasks + ["And \(rest) more."] : tasks
    }

    /// Returns the boxes and arrows as one element at a position.
    func element(x: Double, y: Double) -> SVGElement {
        let lines = layout.lines.map { SVGElement("path", ["d": Self.path($0)]) }
        let heads = layout.frames.indices.filter { !dependencies[$0].isEmpty }.map { index in
            let frame = layout.frames[index]
            return SVGElement("path", ["d": Self.arrowHead(x: frame.x, y: frame.y + frame.height / 2)])
        }
        let tasks = boxes.indices.map { boxes[$0].element(layout.frames[$0], tooltip: tooltip($0)) }
        let style: KeyValuePairs = ["class": SVGColour.muted.stroke, "fill": "none", "stroke-width": "1.2"]
        let arrows = [SVGElement("g", style, lines), SVGElement("g", ["class": SVGColour.muted.fill], heads)]
        let transform = "translate(\(svgNumber(x)) \(svgNumber(y)))"
        return SVGElement("g", ["transform": transform], (hasArrows ? arrows : []) + tasks)
    }

    /// Returns the text that is shown while the pointer is over the box of a task.
    private func tooltip(_ index: Int) -> String {
        let task = plan.steps[index].task
        let head = task.name + (task.description.map { ": \($0)" } ?? "")
        let state = states[task.name].map { ", \($0.word)" } ?? ""
        return "\(head)\n\(task.verb.name)\(state)\(after(index).map { "\n\($0)" } ?? "")"
    }

    /// Returns the names of the tasks that a task runs after, even if they have no arrow.
    private func after(_ index: Int) -> String? {
        let names = plan.steps[index].dependencies.sorted().map { plan.steps[$0].task.name }
        return names.isEmpty ? nil : "after \(list(names))"
    }

    private static func path(_ line: GraphLayout.Line) -> String {
        var commands: [String] = []
        var isStraight = false
        for (index, point) in line.points.enumerated() {
            let (x, y) = (svgNumber(point.x), svgNumber(point.y))
            guard index > 0 else {
                commands.append("M\(x) \(y)")
                continue
            }
            let start = line.points[index - 1]
            if start.y == point.y {
                // Consecutive horizontal segments become one command.
                if isStraight { commands.removeLast() }
                commands.append("H\(x)")
            } else {
                let middle = svgNumber((start.x + point.x) / 2)
                commands.append("C\(middle) \(svgNumber(start.y)) \(middle) \(y) \(x) \(y)")
            }
            isStraight = start.y == point.y
        }
        return commands.joined()
    }

    private static func arrowHead(x: Double, y: Double) -> String {
        "M\(svgNumber(x)) \(svgNumber(y))l-7 -3.5v7z"
    }
}
