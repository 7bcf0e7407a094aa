/// A graph in layers, every link of which leads from one layer to the next.
///
/// Its vertices are the boxes of a picture, and bends in the layers that longer lines cross. Lines that cross the same
/// layer share a bend there if they come from the same box, or lead to the same.
struct LayeredGraph {
    /// A link between vertices of two layers that follow each other.
    struct Link: Hashable {
        var from: Int
        var to: Int
    }

    /// The number of boxes, which are the first vertices; all others are bends.
    let boxCount: Int

    /// The layers from left to right, each with its vertices from top to bottom.
    var layers: [[Int]]

    /// The layer of every vertex.
    private(set) var layerOf: [Int]

    /// The vertices of the next layer that every vertex is linked to.
    private(set) var next: [[Int]]

    /// The vertices of the previous layer that every vertex is linked to.
    private(set) var previous: [[Int]]

    /// The vertices of every line in the order in which it passes them.
    ///
    /// The lines are in the order of the boxes that they lead to. A line that is over ``crossedLimit`` has only its two
    /// boxes, which are not linked then.
    private(set) var routes: [[Int]] = []

    /// How many layers all long lines together may cross; it bounds the number of bends.
    static let crossedLimit = 50_000

    /// Places boxes in layers.
    ///
    /// - Parameters:
    ///   - predecessors: For every box those from which a line leads to it; all of them come before it.
    ///   - crossedLimit: How many layers all long lines together may cross.
    init(_ predecessors: [[Int]], crossedLimit: Int = Self.crossedLimit) {
        boxCount = predecessors.count
        layerOf = Self.layers(predecessors)
        next = predecessors.map { _ in [] }
        previous = next
        layers = Array(repeating: [], count: (layerOf.max() ?? -1) + 1)
        for box in predecessors.indices { layers[layerOf[box]].append(box) }
        let edges = predecessors.enumerated().flatMap { box, list in list.map { Link(from: $0, to: box) } }
        addRoutes(edges, crossedLimit)
    }

    /// Whether a vertex is a bend of lines.
    func isBend(_ vertex: Int) -> Bool { vertex >= boxCount }

    /// Finds where every vertex is within its layer.
    ///
    /// - Parameters:
    ///   - layers: The layers, each with its vertices from top to bottom.
    ///   - count: The number of vertices.
    /// - Returns: The position of every vertex, counted from the top.
    static func positions(in layers: [[Int]], count: Int) -> [Int] {
        var positions = Array(repeating: 0, count: count)
        for layer in layers { for (position, vertex) in layer.enumerated() { positions[vertex] = position } }
        return positions
    }

    /// The layer of every box: one after the last of its predecessors, or for those that more lines leave than reach,
    /// just before the first of its successors.
    private static func layers(_ predecessors: [[Int]]) -> [Int] {
        var layers: [Int] = []
        for list in predecessors { layers.append(list.reduce(0) { max($0, layers[$1] + 1) }) }
        var successors = predecessors.map { _ in [Int]() }
        for (box, list) in predecessors.enumerated() {
            for other in list { successors[other].append(box) }
        }
        for box in predecessors.indices.reversed() where successors[box].count > predecessors[box].count {
            layers[box] = successors[box].reduce(Int.max) { min($0, layers[$1]) } - 1
        }
        return layers
    }

    /// Where bends are: those of the lines from a box, and those of the lines to a box.
    private struct BendKey: Hashable {
        var box: Int
        var isSource: Bool
        var layer: Int
    }

    private mutating func addRoutes(_ edges: [Link], _ crossedLimit: Int) {
        var leaving = Array(repeating: 0, count: boxCount)
        var arriving = leaving
        let counts = edges.map { layerOf[$0.to] - layerOf[$0.from] - 1 }
        for (edge, count) in zip(edges, counts) where count > 0 {
            leaving[edge.from] += 1
            arriving[edge.to] += 1
        }
        var isRouted = Array(repeating: false, count: edges.count)
        var rest = crossedLimit
        // The shortest first, so that those are left over which would cross the most layers.
        for index in edges.indices.sorted(by: { (counts[$0], $0) < (counts[$1], $1) }) where counts[index] <= rest {
            rest -= counts[index]
            isRouted[index] = true
        }
        var bends: [BendKey: Int] = [:]
        var links: Set<Link> = []
        for (index, edge) in edges.enumerated() {
            var route = [edge.from]
            if isRouted[index] {
                let isSource = leaving[edge.from] >= arriving[edge.to]
                let box = isSource ? edge.from : edge.to
                for layer in layerOf[edge.from] + 1..<layerOf[edge.to] {
                    route.append(bend(BendKey(box: box, isSource: isSource, layer: layer), &bends))
                }
            }
            route.append(edge.to)
            routes.append(route)
            guard isRouted[index] else { continue }
            for (from, to) in zip(route, route.dropFirst()) where links.insert(Link(from: from, to: to)).inserted {
                next[from].append(to)
                previous[to].append(from)
            }
        }
    }

    /// The vertex of a bend, which is made unless it is there.
    private mutating func bend(_ key: BendKey, _ bends: inout [BendKey: Int]) -> Int {
        if let vertex = bends[key] { return vertex }
        let vertex = layerOf.count
        bends[key] = vertex
        layerOf.append(key.layer)
        next.append([])
        previous.append([])
        layers[key.layer].append(vertex)
        return vertex
    }
}
