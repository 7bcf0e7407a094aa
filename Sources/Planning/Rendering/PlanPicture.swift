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
        // An arrow that only says what others say would hide those that matter.
        dependencies = Ancestors(plan).necessaryDependencies
        layout = GraphLayout(sizes: boxes.map(\.size), predecessors: dependencies)
    }

    /// The size in pixels.
    var size: GraphLayout.Size { layout.size }
    var hasArrows: Bool { dependencies.contains { !$0.isEmpty } }

    /// The number of dependencies that follow from others, for which there are no arrows.
    var omittedCount: Int {
        zip(plan.steps, dependencies).reduce(0) { $0 + $1.0.dependencies.count - $1.1.count }
    }

    /// The number of tasks, and how many of them have each state.
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

    /// The content of the boxes and arrows in words: a sentence for each task, up to a number of tasks.
    func sentences(limit: Int) -> [String] {
        let tasks = plan.steps.indices.prefix(limit).map { index in
            let task = plan.steps[index].task
            let state = states[task.name].map { ", \($0.word)" } ?? ""
            return "\(task.name): \(task.verb.name)\(state)\(after(index).map { ", \($0)" } ?? "")."
        }
        let rest = plan.steps.count - tasks.count
        return rest > 0 ? tasks + ["And \(rest) more."] : tasks
    }

    /// The elements, moved to a position.
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

    /// Everything about a task, for the one over whose box the pointer is.
    private func tooltip(_ index: Int) -> String {
        let task = plan.steps[index].task
        let head = task.name + (task.description.map { ": \($0)" } ?? "")
        let state = states[task.name].map { ", \($0.word)" } ?? ""
        return "\(head)\n\(task.verb.name)\(state)\(after(index).map { "\n\($0)" } ?? "")"
    }

    /// The tasks that a task runs after, also those for which there are no arrows.
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
                // It goes on where a straight one has ended.
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
