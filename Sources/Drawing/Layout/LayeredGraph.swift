/// A graph in layers, in which every link leads from one layer to the next.
///
/// Its vertices are the boxes of a picture, and bends in the layers that longer lines cross. Lines that cross the same
/// layer can share a bend there if they have the same source or target.
struct LayeredGraph {
    /// A link between vertices of adjacent layers.
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

    /// For every vertex, the linked vertices of the next layer.
    private(set) var next: [[Int]]

    /// For every vertex, the linked vertices of the previous layer.
    private(set) var previous: [[Int]]

    /// The vertices of every line, from its source to its target.
    ///
    /// The lines are in the order of their target boxes. A line that exceeds ``crossedLimit`` has only its two boxes,
    /// which are then not linked.
    private(set) var routes: [[Int]] = []

    /// The maximum number of layers that all long lines together may cross, which limits the number of bends.
    static let crossedLimit = 50_000

    /// Places boxes in layers.
    ///
    /// - Parameters:
    ///   - predecessors: For every box, the earlier boxes from which a line leads to it.
    ///   - crossedLimit: The maximum number of layers that all long lines together may cross.
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

    /// Returns whether a vertex is a bend in one or more lines rather than a box.
    func isBend(_ vertex: Int) -> Bool { vertex >= boxCount }

    /// Finds the position of every vertex within its layer.
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

    /// Assigns every box to a layer.
    ///
    /// A box is one layer after its last predecessor, or one layer before its first successor if more lines leave it
    /// than reach it.
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

    /// The key of a bend, which lines with the same source or the same target share.
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
        // Short lines come first, so that the limit affects the lines that cross the most layers.
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

    /// Returns the vertex of a bend, and creates it if it does not exist.
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

/// The positions of vertices within their layers.
///
/// The method is by U. Brandes and B. Köpf, "Fast and Simple Horizontal Coordinate Assignment" (2001), rotated by a
/// right angle. Linked vertices are aligned if the order of the layers permits it, bends before boxes, so that lines
/// are straight. The alignment starts from each of the four corners of the picture, and the two middle results are
/// averaged.
extension LayeredGraph {
    /// Finds the position of the centre of every vertex, from top to bottom.
    ///
    /// - Parameters:
    ///   - heights: The heights of the vertices.
    ///   - gap: The space between two boxes; the space next to a bend is smaller.
    /// - Returns: The positions, which increase from top to bottom.
    func centres(heights: [Double], gap: Double) -> [Double] {
        let conflicts = crossingsOfBends()
        var results: [[Double]] = []
        for isForward in [true, false] {
            for isDownward in [true, false] {
                let turned: [[Int]] = (isForward ? layers : layers.reversed()).map { isDownward ? $0 : $0.reversed() }
                let alignment = Alignment(turned, neighbours: isForward ? previous : next, except: conflicts)
                let found = alignment.positions(turned) { separation($0, $1, heights, gap) }
                results.append(isDownward ? found : found.map { -$0 })
            }
        }
        let ranges = results.map { result in
            result.indices.reduce((Double.infinity, -Double.infinity)) { range, vertex in
                (
                    min(range.0, result[vertex] - heights[vertex] / 2),
                    max(range.1, result[vertex] + heights[vertex] / 2),
                )
            }
        }
        guard let narrowest = ranges.min(by: { $0.1 - $0.0 < $1.1 - $1.0 }) else { return [] }
        for (index, range) in ranges.enumerated() {
            // Results found from above are aligned at their upper ends, the other results at their lower ends.
            let shift = index % 2 == 0 ? narrowest.0 - range.0 : narrowest.1 - range.1
            results[index] = results[index].map { $0 + shift }
        }
        let means = layerOf.indices.map { vertex in
            let sorted = results.map { $0[vertex] }.sorted()
            return (sorted[1] + sorted[2]) / 2
        }
        return straightened(means, heights, gap)
    }

    /// Returns the minimum distance between the centres of two adjacent vertices of a layer.
    private func separation(_ first: Int, _ second: Int, _ heights: [Double], _ gap: Double) -> Double {
        let isBoth = !isBend(first) && !isBend(second)
        return (heights[first] + heights[second]) / 2 + (isBoth ? gap : gap * 0.7)
    }

    /// The maximum distance by which a box is moved to make a line straight.
    private static let correctionLimit = 10.0

    /// Moves boxes a little if that makes a line straight, unless another line of the box is straight already.
    private func straightened(_ centres: [Double], _ heights: [Double], _ gap: Double) -> [Double] {
        var centres = centres
        for layer in layers {
            for (position, vertex) in layer.enumerated() where !isBend(vertex) {
                let offsets = (previous[vertex] + next[vertex]).map { centres[$0] - centres[vertex] }
                guard let offset = offsets.min(by: { abs($0) < abs($1) }), offset != 0 else { continue }
                let moved = centres[vertex] + offset
                let isFree = [position - 1, position + 1].filter(layer.indices.contains).allSatisfy { other in
                    abs(moved - centres[layer[other]]) >= separation(vertex, layer[other], heights, gap)
                }
                if isFree, abs(offset) <= Self.correctionLimit { centres[vertex] = moved }
            }
        }
        return centres
    }

    /// Finds the links that cross a link between two bends, because the link between bends must be straight.
    private func crossingsOfBends() -> Set<Link> {
        let positions = Self.positions(in: layers, count: layerOf.count)
        var conflicts: Set<Link> = []
        for (left, right) in zip(layers, layers.dropFirst()) {
            var (first, start) = (0, 0)
            for (index, vertex) in right.enumerated() {
                let bend = isBend(vertex) ? previous[vertex].first(where: isBend) : nil
                guard bend != nil || index == right.count - 1 else { continue }
                let last = bend.map { positions[$0] } ?? left.count
                for other in right[start...index] {
                    for neighbour in previous[other] where !(isBend(neighbour) && isBend(other)) {
                        guard positions[neighbour] < first || positions[neighbour] > last else { continue }
                        conflicts.insert(Link(from: neighbour, to: other))
                    }
                }
                (first, start) = (last, index + 1)
            }
        }
        return conflicts
    }
}

/// Blocks of vertices that share a position.
private struct Alignment {
    /// For every vertex, the first vertex of its block.
    private let roots: [Int]

    /// Aligns every vertex with the median of its neighbours in the previous layer, if other alignments permit it.
    init(_ layers: [[Int]], neighbours: [[Int]], except conflicts: Set<LayeredGraph.Link>) {
        let positions = LayeredGraph.positions(in: layers, count: neighbours.count)
        var roots = Array(neighbours.indices)
        // The next vertex of the block; the last vertex is followed by the first.
        var following = roots
        for layer in layers {
            var last = -1
            for vertex in layer where !neighbours[vertex].isEmpty {
                let sorted = neighbours[vertex].sorted { positions[$0] < positions[$1] }
                let medians = Set([(sorted.count - 1) / 2, sorted.count / 2]).sorted()
                for neighbour in medians.map({ sorted[$0] }) {
                    let isTaken = following[vertex] != vertex || positions[neighbour] <= last
                    let link = LayeredGraph.Link(from: neighbour, to: vertex)
                    let reversed = LayeredGraph.Link(from: vertex, to: neighbour)
                    guard !isTaken, !conflicts.contains(link), !conflicts.contains(reversed) else { continue }
                    following[neighbour] = vertex
                    roots[vertex] = roots[neighbour]
                    following[vertex] = roots[vertex]
                    last = positions[neighbour]
                }
            }
        }
        self.roots = roots
    }

    /// Positions every block as far up as the blocks above it permit, and then moves it down to the blocks below it.
    func positions(_ layers: [[Int]], separation: (Int, Int) -> Double) -> [Double] {
        var below = roots.map { _ in [(block: Int, distance: Double)]() }
        var aboveCount = Array(repeating: 0, count: roots.count)
        for layer in layers {
            for (first, second) in zip(layer, layer.dropFirst()) {
                below[roots[first]].append((roots[second], separation(first, second)))
                aboveCount[roots[second]] += 1
            }
        }
        var found = Array(repeating: 0.0, count: roots.count)
        var order = roots.indices.filter { roots[$0] == $0 && aboveCount[$0] == 0 }
        var index = 0
        while index < order.count {
            let block = order[index]
            for other in below[block] {
                found[other.block] = max(found[other.block], found[block] + other.distance)
                aboveCount[other.block] -= 1
                if aboveCount[other.block] == 0 { order.append(other.block) }
            }
            index += 1
        }
        for block in order.reversed() {
            let limit = below[block].reduce(Double.infinity) { min($0, found[$1.block] - $1.distance) }
            if limit.isFinite { found[block] = max(found[block], limit) }
        }
        return roots.map { found[$0] }
    }
}

/// The order of the vertices of each layer, with few crossings of links.
extension LayeredGraph {
    /// The maximum number of rounds that order all layers by their neighbours.
    private static let roundLimit = 24

    /// The number of rounds without fewer crossings after which the search ends.
    private static let idleLimit = 6

    /// The maximum number of passes that exchange adjacent vertices of a layer.
    private static let exchangeLimit = 10

    /// Orders the vertices of all layers.
    ///
    /// Finding the minimum number of crossings takes exponential time. This heuristic moves every vertex to the mean of
    /// its neighbours, from left to right and back, and then exchanges adjacent vertices.
    mutating func orderLayers() {
        var positions = Self.positions(in: layers, count: layerOf.count)
        var (best, bestCount) = (layers, crossingCount)
        var idleCount = 0
        for round in 0..<Self.roundLimit where bestCount > 0 && idleCount < Self.idleLimit {
            let isForward = round % 2 == 0
            for layer in isForward ? Array(layers.indices.dropFirst()) : layers.indices.dropLast().reversed() {
                // Both orders of two vertices with the same mean are tried.
                sort(layer, by: isForward ? previous : next, reversingTies: round % 4 > 1, &positions)
            }
            for layer in layers.indices { exchangeNeighbours(in: layer, &positions) }
            let count = crossingCount
            idleCount = count < bestCount ? 0 : idleCount + 1
            if count < bestCount { (best, bestCount) = (layers, count) }
        }
        layers = best
    }

    /// The number of pairs of links that cross.
    var crossingCount: Int {
        let positions = Self.positions(in: layers, count: layerOf.count)
        var count = 0
        for (layer, right) in zip(layers, layers.dropFirst()) {
            // Two links cross if one begins above the other and ends below it, so the crossings are the inversions.
            var tree = InversionCounter(right.count)
            for vertex in layer {
                let ends = next[vertex].map { positions[$0] }
                for end in ends { count += tree.countGreater(than: end) }
                for end in ends { tree.insert(end) }
            }
        }
        return count
    }

    /// Orders a layer by the means of its vertices' neighbours; vertices without neighbours keep their positions.
    private mutating func sort(_ layer: Int, by neighbours: [[Int]], reversingTies: Bool, _ positions: inout [Int]) {
        let vertices = layers[layer]
        let linked = vertices.indices.filter { !neighbours[vertices[$0]].isEmpty }
        let means = vertices.map { vertex in
            let list = neighbours[vertex]
            return Double(list.reduce(0) { $0 + positions[$1] }) / Double(max(list.count, 1))
        }
        let ordered = linked.sorted { first, second in
            if means[first] != means[second] { return means[first] < means[second] }
            return (first < second) != reversingTies
        }
        for (position, origin) in zip(linked, ordered) { layers[layer][position] = vertices[origin] }
        for (position, vertex) in layers[layer].enumerated() { positions[vertex] = position }
    }

    /// Exchanges adjacent vertices of a layer as long as that removes crossings.
    private mutating func exchangeNeighbours(in layer: Int, _ positions: inout [Int]) {
        var vertices = layers[layer]
        var sides = vertices.map { vertex in
            [previous[vertex], next[vertex]].map { list in list.map { positions[$0] }.sorted() }
        }
        var isDone = false
        for _ in 0..<Self.exchangeLimit where !isDone {
            isDone = true
            for (upper, lower) in zip(vertices.indices, vertices.indices.dropFirst()) {
                let now = Self.crossings(sides[upper], above: sides[lower])
                guard now > 0, Self.crossings(sides[lower], above: sides[upper]) < now else { continue }
                vertices.swapAt(upper, lower)
                sides.swapAt(upper, lower)
                isDone = false
            }
        }
        layers[layer] = vertices
        for (position, vertex) in vertices.enumerated() { positions[vertex] = position }
    }

    /// Counts the crossings of the links of two vertices, on both sides.
    private static func crossings(_ upper: [[Int]], above lower: [[Int]]) -> Int {
        var count = 0
        for (above, below) in zip(upper, lower) {
            var start = 0
            // For every link of the upper vertex, count the links of the lower vertex that end above it.
            for end in above {
                while start < below.count, below[start] < end { start += 1 }
                count += start
            }
        }
        return count
    }
}

/// A binary indexed tree for counting the inserted numbers that are greater than a given number.
private struct InversionCounter {
    private var tree: [Int]
    private var total = 0

    init(_ count: Int) { tree = Array(repeating: 0, count: count + 1) }

    mutating func insert(_ number: Int) {
        total += 1
        var index = number + 1
        while index < tree.count {
            tree[index] += 1
            index += index & -index
        }
    }

    func countGreater(than number: Int) -> Int {
        var count = total
        var index = number + 1
        while index > 0 {
            count -= tree[index]
            index -= index & -index
        }
        return count
    }
}
