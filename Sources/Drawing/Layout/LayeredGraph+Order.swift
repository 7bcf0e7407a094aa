/// The order of the vertices of each layer, with few crossings of links.
extension LayeredGraph {
    /// How often all layers are ordered by their neighbours at most.
    private static let roundLimit = 24

    /// After how many rounds without fewer crossings no more are tried.
    private static let idleLimit = 6

    /// How often the vertices of a layer are exchanged with their neighbours at most.
    private static let exchangeLimit = 10

    /// Orders the vertices of all layers.
    ///
    /// Finding the least number of crossings takes exponential time. Here every vertex is moved to the mean of its
    /// neighbours, from left to right and back, and then vertices are exchanged with those next to them.
    mutating func orderLayers() {
        var positions = Self.positions(in: layers, count: layerOf.count)
        var (best, bestCount) = (layers, crossingCount)
        var idleCount = 0
        for round in 0..<Self.roundLimit where bestCount > 0 && idleCount < Self.idleLimit {
            let isForward = round % 2 == 0
            for layer in isForward ? Array(layers.indices.dropFirst()) : layers.indices.dropLast().reversed() {
                // Which of two vertices with the same mean comes first is decided both ways.
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
            // Two links cross if one begins above the other and ends below it: the number of inversions.
            var tree = InversionCounter(right.count)
            for vertex in layer {
                let ends = next[vertex].map { positions[$0] }
                for end in ends { count += tree.countGreater(than: end) }
                for end in ends { tree.insert(end) }
            }
        }
        return count
    }

    /// Orders a layer by the means of its vertices' neighbours; those without neighbours keep their positions.
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

    /// Exchanges vertices of a layer that are next to each other, as long as that removes crossings.
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

    /// The number of crossings of the links of two vertices, on both sides.
    private static func crossings(_ upper: [[Int]], above lower: [[Int]]) -> Int {
        var count = 0
        for (above, below) in zip(upper, lower) {
            var start = 0
            // For every link of the upper vertex, the links of the lower one that end above it.
            for end in above {
                while start < below.count, below[start] < end { start += 1 }
                count += start
            }
        }
        return count
    }
}

/// Counts the numbers that were inserted and are greater than another one, in a binary indexed tree.
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
