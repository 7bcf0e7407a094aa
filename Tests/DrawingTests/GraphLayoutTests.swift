import TestSupport
import Testing

@testable import Drawing

/// The positions of boxes and lines.
@Suite(.timeLimit(.minutes(30))) struct GraphLayoutTests {
    private typealias Frame = GraphLayout.Frame
    private typealias Point = GraphLayout.Point

    private func layout(_ predecessors: [[Int]], width: Double = 100, height: Double = 40) -> GraphLayout {
        GraphLayout(sizes: predecessors.map { _ in .init(width: width, height: height) }, predecessors: predecessors)
    }

    @Test func `nothing takes no space`() {
        let layout = layout([])
        #expect(layout.frames == [] && layout.lines == [])
        #expect(layout.size == .init(width: 0, height: 0))
    }

    @Test func `one box is at the corner`() {
        #expect(layout([[]]).frames == [Frame(x: 0, y: 0, width: 100, height: 40)])
    }

    @Test func `a line leads from the right of a box to the left of the next`() {
        let layout = layout([[], [0]])
        #expect(
            layout.frames == [Frame(x: 0, y: 0, width: 100, height: 40), Frame(x: 144, y: 0, width: 100, height: 40)]
        )
        #expect(layout.lines.map(\.points) == [[Point(x: 100, y: 20), Point(x: 144, y: 20)]])
        #expect(layout.size == .init(width: 244, height: 40))
    }

    @Test func `a box is in the middle of those that it leads to`() {
        let layout = layout([[], [0], [0]])
        #expect(layout.frames.map(\.y) == [28, 0, 56])
    }

    @Test func `a line past other boxes is straight`() {
        // 0 -> 1 -> 2 -> 3 -> 4 -> 6, and 0 -> 5 -> 6.
        let layout = layout([[], [0], [1], [2], [3], [0], [4, 5]])
        let long = layout.lines.filter { $0.points.count > 2 }
        #expect(long.map(\.points.count) == [8])
        #expect(Set(long[0].points.dropFirst().dropLast().map(\.y)).count == 1)
    }

    @Test func `a line that is almost straight is straight`() {
        // 0, 1 and 2 -> 3; the mean of the three is not the middle of the second.
        let sizes = [40.0, 60, 54, 40].map { GraphLayout.Size(width: 100, height: $0) }
        let layout = GraphLayout(sizes: sizes, predecessors: [[], [], [], [0, 1, 2]])
        #expect(layout.frames.map { $0.y + $0.height / 2 } == [20, 86, 159, 86])
    }

    @Test func `boxes of a column are as wide as the widest`() {
        let sizes = [100.0, 50, 80].map { GraphLayout.Size(width: $0, height: 40) }
        let layout = GraphLayout(sizes: sizes, predecessors: [[], [0], [0]])
        #expect(layout.frames.map(\.width) == [100, 80, 80])
    }

    @Test func `boxes without lines are in a grid below the others`() {
        let sizes = Array(repeating: GraphLayout.Size(width: 100, height: 40), count: 6)
        let layout = GraphLayout(sizes: sizes, predecessors: [[], [], [0], [], [], []], rowWidth: 250)
        #expect(layout.frames.map(\.x) == [0, 0, 144, 132, 0, 132])
        #expect(layout.frames.map(\.y) == [0, 72, 0, 72, 128, 128])
        #expect(layout.size == .init(width: 244, height: 168))
    }

    @Test func `parts without common lines are beside each other if they fit`() {
        let sizes = Array(repeating: GraphLayout.Size(width: 100, height: 40), count: 6)
        let predecessors = [[], [0], [], [2], [], [4]]
        let wide = GraphLayout(sizes: sizes, predecessors: predecessors, rowWidth: 530)
        #expect(wide.frames.map(\.x) == [0, 144, 276, 420, 0, 144])
        #expect(wide.frames.map(\.y) == [0, 0, 0, 0, 72, 72])
        let narrow = GraphLayout(sizes: sizes, predecessors: predecessors, rowWidth: 100)
        #expect(narrow.frames.map(\.y) == [0, 0, 72, 72, 144, 144])
    }

    @Test(arguments: 1...40) func `the picture says what the graph says`(seed: Int) {
        let predecessors = randomPredecessors(10 + seed * 3, seed: seed)
        let layout = layout(predecessors, width: Double(60 + seed), height: 44)
        expectNoOverlap(layout)
        expectLinesAroundBoxes(layout)
        var successors = predecessors.map { _ in Set<Int>() }
        for (box, list) in predecessors.enumerated() {
            for other in list { successors[other].insert(box) }
        }
        #expect(predecessors.indices.map { boxesAfter($0, layout) } == successors)
        #expect(layout == self.layout(predecessors, width: Double(60 + seed), height: 44))
    }

    @Test func `lines beyond the limit of bends are there as well`() {
        // Every box of a chain also leads, by way of another one, to a last one.
        let count = 330
        var predecessors: [[Int]] = (0..<count).map { $0 == 0 ? [] : [$0 - 1] }
        predecessors += (0..<count).map { [$0] }
        predecessors.append(Array(count..<2 * count) + [count - 1])
        let layout = layout(predecessors)
        let direct = layout.lines.filter { $0.points.count == 2 && $0.points[1].x - $0.points[0].x > 200 }
        #expect(!direct.isEmpty)
        for box in [count, count + 100, 2 * count - 1] { #expect(boxesAfter(box, layout) == [2 * count]) }
    }

    /// Boxes of a column are below each other, and columns beside each other.
    private func expectNoOverlap(_ layout: GraphLayout) {
        let sorted = layout.frames.sorted { ($0.x, $0.y) < ($1.x, $1.y) }
        for (index, frame) in sorted.enumerated() {
            for other in sorted[(index + 1)...] {
                if other.x >= frame.x + frame.width { break }
                #expect(other.y >= frame.y + frame.height + 7 || frame.y >= other.y + other.height + 7)
            }
            #expect(frame.x >= 0 && frame.x + frame.width <= layout.size.width)
            #expect(frame.y >= 0 && frame.y + frame.height <= layout.size.height)
        }
    }

    /// Lines go to the right; where they are straight there is no box, and where they are curves no column.
    private func expectLinesAroundBoxes(_ layout: GraphLayout) {
        for line in layout.lines {
            #expect(line.points.count >= 2 && line.points.count % 2 == 0)
            for (index, (from, to)) in zip(line.points, line.points.dropFirst()).enumerated() {
                #expect(from.x < to.x)
                if index % 2 == 1 { #expect(from.y == to.y) }
                let (top, bottom) = (min(from.y, to.y), max(from.y, to.y))
                let crossed = layout.frames.filter { frame in
                    frame.x < to.x && frame.x + frame.width > from.x
                        && frame.y < bottom + 1 && frame.y + frame.height > top - 1
                }
                #expect(crossed.isEmpty)
            }
        }
    }

    /// The boxes to which lines lead from a box.
    private func boxesAfter(_ box: Int, _ layout: GraphLayout) -> Set<Int> {
        func rounded(_ x: Double, _ y: Double) -> Point {
            Point(x: (x * 100).rounded(), y: (y * 100).rounded())
        }
        var next: [Point: [Point]] = [:]
        for line in layout.lines {
            let points = line.points.map { rounded($0.x, $0.y) }
            for (from, to) in zip(points, points.dropFirst()) { next[from, default: []].append(to) }
        }
        let ends = Dictionary(
            layout.frames.enumerated().map { (rounded($1.x, $1.y + $1.height / 2), $0) },
            uniquingKeysWith: { first, _ in first }
        )
        let frame = layout.frames[box]
        var pending = [rounded(frame.x + frame.width, frame.y + frame.height / 2)]
        var found: Set<Int> = []
        while let point = pending.popLast() {
            if let end = ends[point] { found.insert(end) }
            pending += next[point] ?? []
        }
        return found
    }
}
