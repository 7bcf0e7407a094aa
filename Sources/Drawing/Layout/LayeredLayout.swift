/// Positions of connected boxes, in layers from left to right.
///
/// This is the method of K. Sugiyama, S. Tagawa and M. Toda, "Methods for Visual Understanding of Hierarchical System
/// Structures" (1981): boxes are placed in layers, the layers are ordered so that few lines cross, and then boxes and
/// lines get their positions. Lines change their height only between layers, where there are no boxes.
struct LayeredLayout {
    /// The boxes; all boxes of a layer are as wide as its widest box.
    let frames: [GraphLayout.Frame]
    let lines: [GraphLayout.Line]

    /// The size of the picture.
    let size: GraphLayout.Size

    /// The range of the space between two layers, which is wider for steep lines.
    private static let gaps = 44.0...180

    /// Computes the positions of boxes and lines.
    ///
    /// - Parameters:
    ///   - sizes: The sizes of the boxes.
    ///   - predecessors: For every box, the earlier boxes in `sizes` from which a line leads to it.
    init(sizes: [GraphLayout.Size], predecessors: [[Int]]) {
        var graph = LayeredGraph(predecessors)
        graph.orderLayers()
        let heights = graph.layerOf.indices.map { graph.isBend($0) ? 0 : sizes[$0].height }
        var centres = graph.centres(heights: heights, gap: GraphLayout.verticalGap)
        let top = zip(centres, heights).reduce(Double.infinity) { min($0, $1.0 - $1.1 / 2) }
        centres = centres.map { $0 - top }
        let columns = Self.columns(graph, sizes, centres)
        frames = sizes.indices.map { box in
            let (column, height) = (columns[graph.layerOf[box]], sizes[box].height)
            return .init(
                x: column.start,
                y: centres[box] - height / 2,
                width: column.end - column.start,
                height: height
            )
        }
        lines = Self.lines(graph, columns, centres)
        size = .init(
            width: columns.last?.end ?? 0,
            height: zip(centres, heights).reduce(0) { max($0, $1.0 + $1.1 / 2) },
        )
    }

    /// The left and right ends of a layer.
    private struct Column {
        var start: Double
        var end: Double
    }

    private static func columns(_ graph: LayeredGraph, _ sizes: [GraphLayout.Size], _ centres: [Double]) -> [Column] {
        var columns: [Column] = []
        var start = 0.0
        for layer in graph.layers {
            let width = layer.reduce(0.0) { graph.isBend($1) ? $0 : max($0, sizes[$1].width) }
            columns.append(Column(start: start, end: start + width))
            let rise = layer.reduce(0.0) { highest, vertex in
                graph.next[vertex].reduce(highest) { max($0, abs(centres[$1] - centres[vertex])) }
            }
            start += width + min(gaps.lowerBound + (rise / 6).rounded(), gaps.upperBound)
        }
        return columns
    }

    /// Returns the lines; a link that several lines share is drawn only with the first of them.
    private static func lines(_ graph: LayeredGraph, _ columns: [Column], _ centres: [Double]) -> [GraphLayout.Line] {
        var drawn: Set<LayeredGraph.Link> = []
        var lines: [GraphLayout.Line] = []
        for route in graph.routes {
            var points: [GraphLayout.Point] = []
            func finish() {
                if !points.isEmpty { lines.append(GraphLayout.Line(points: points)) }
                points = []
            }
            for (from, to) in zip(route, route.dropFirst()) {
                guard drawn.insert(LayeredGraph.Link(from: from, to: to)).inserted else {
                    finish()
                    continue
                }
                points.append(.init(x: columns[graph.layerOf[from]].end, y: centres[from]))
                points.append(.init(x: columns[graph.layerOf[to]].start, y: centres[to]))
            }
            finish()
        }
        return lines
    }
}
