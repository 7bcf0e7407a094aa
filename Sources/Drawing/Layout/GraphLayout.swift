/// Positions of boxes in columns from left to right, and of the lines between the boxes.
///
/// Boxes that are connected by lines, even through other boxes, form one part of the picture. The parts are in rows,
/// and boxes without lines are in a grid below them. The same boxes and lines always result in the same positions.
public struct GraphLayout: Sendable, Hashable {
    /// A width and a height in pixels.
    public struct Size: Sendable, Hashable {
        public var width: Double
        public var height: Double

        public init(width: Double = 0, height: Double = 0) {
            (self.width, self.height) = (width, height)
        }
    }

    /// A position in pixels from the upper left corner of the picture.
    public struct Point: Sendable, Hashable {
        /// The distance from the left edge.
        public var x: Double

        /// The distance from the upper edge.
        public var y: Double
    }

    /// The position and size of a box.
    public struct Frame: Sendable, Hashable {
        /// The left edge.
        public var x = 0.0

        /// The upper edge.
        public var y = 0.0
        public var width = 0.0
        public var height = 0.0
    }

    /// A line between boxes, or a branch of another line with the same source or target.
    ///
    /// The line is a curve from its first point to the second, straight to the third, a curve to the fourth, and so on.
    /// The line is horizontal at both ends and wherever it is straight.
    public struct Line: Sendable, Hashable {
        /// The points from left to right.
        public var points: [Point]
    }

    /// The boxes, in the order in which their sizes were given.
    ///
    /// All boxes of a column are as wide as the widest box in it.
    public private(set) var frames: [Frame]
    public private(set) var lines: [Line] = []

    /// The size of the picture.
    public private(set) var size = Size()

    /// The vertical space between boxes.
    static let verticalGap = 16.0

    /// The space between two parts of the picture, and between columns of boxes without lines.
    private static let partGap = 32.0

    /// Computes the positions of boxes and lines.
    ///
    /// - Parameters:
    ///   - sizes: The sizes of the boxes.
    ///   - predecessors: For every box, the earlier boxes in `sizes` from which a line leads to it.
    ///   - rowWidth: The maximum width of a row of several parts.
    public init(sizes: [Size], predecessors: [[Int]], rowWidth: Double = 1000) {
        precondition(
            sizes.count == predecessors.count
                && predecessors.enumerated().allSatisfy { index, list in list.allSatisfy { (0..<index).contains($0) } },
            "a line leads from a box to a later one",
        )
        frames = sizes.map { _ in Frame() }
        let parts = Self.parts(predecessors)
        let drawn = parts.filter { $0.count > 1 }.map { part in
            (part, LayeredLayout(sizes: part.map { sizes[$0] }, predecessors: Self.local(predecessors, in: part)))
        }
        let width = max(rowWidth, drawn.map { $0.1.size.width }.max() ?? 0)
        place(drawn, within: width)
        placeInGrid(parts.filter { $0.count == 1 }.map { $0[0] }, sizes, within: width)
    }

    /// Groups connected boxes into parts, in the order of their first boxes.
    private static func parts(_ predecessors: [[Int]]) -> [[Int]] {
        var parent = Array(predecessors.indices)
        func root(_ box: Int) -> Int {
            var box = box
            while parent[box] != box {
                parent[box] = parent[parent[box]]
                box = parent[box]
            }
            return box
        }
        for (box, list) in predecessors.enumerated() {
            for other in list {
                let (first, second) = (root(box), root(other))
                parent[max(first, second)] = min(first, second)
            }
        }
        var parts = predecessors.map { _ in [Int]() }
        for box in predecessors.indices { parts[root(box)].append(box) }
        return parts.filter { !$0.isEmpty }
    }

    /// Returns the predecessors of the boxes of a part, as positions in the part.
    private static func local(_ predecessors: [[Int]], in part: [Int]) -> [[Int]] {
        let positions = Dictionary(uniqueKeysWithValues: zip(part, part.indices))
        return part.map { predecessors[$0].compactMap { positions[$0] } }
    }

    /// Places parts in rows that are as wide as permitted.
    private mutating func place(_ parts: [([Int], LayeredLayout)], within width: Double) {
        var (x, y, height) = (0.0, 0.0, 0.0)
        for (part, layout) in parts {
            if x > 0, x + layout.size.width > width {
                (x, y, height) = (0, y + height + Self.partGap, 0)
            }
            for (box, frame) in zip(part, layout.frames) {
                frames[box] = frame
                frames[box].x += x
                frames[box].y += y
            }
            lines += layout.lines.map { line in
                Line(points: line.points.map { Point(x: $0.x + x, y: $0.y + y) })
            }
            height = max(height, layout.size.height)
            include(Point(x: x + layout.size.width, y: y + layout.size.height))
            x += layout.size.width + Self.partGap
        }
    }

    /// Places boxes without lines in rows below everything else.
    private mutating func placeInGrid(_ boxes: [Int], _ sizes: [Size], within width: Double) {
        guard !boxes.isEmpty else { return }
        let cell = boxes.reduce(0) { max($0, sizes[$1].width) }
        let columnCount = max(1, Int((width + Self.partGap) / (cell + Self.partGap)))
        var y = size.height > 0 ? size.height + Self.partGap : 0
        for start in stride(from: 0, to: boxes.count, by: columnCount) {
            let row = boxes[start..<min(start + columnCount, boxes.count)]
            let height = row.reduce(0) { max($0, sizes[$1].height) }
            for (column, box) in row.enumerated() {
                let x = Double(column) * (cell + Self.partGap)
                frames[box] = Frame(x: x, y: y, width: cell, height: sizes[box].height)
                include(Point(x: x + cell, y: y + height))
            }
            y += height + Self.verticalGap
        }
    }

    private mutating func include(_ corner: Point) {
        size = Size(width: max(size.width, corner.x), height: max(size.height, corner.y))
    }
}
