/// The positions of vertices within their layers.
///
/// The method is that of U. Brandes and B. Köpf, "Fast and Simple Horizontal Coordinate Assignment" (2001), turned by a
/// right angle. Vertices that are linked are aligned where the order of the layers permits it, bends before boxes, so
/// that lines are straight. That is done from all four corners of the picture, and the mean of the results is taken.
extension LayeredGraph {
    /// Finds the position of the centre of every vertex, from top to bottom.
    ///
    /// - Parameters:
    ///   - heights: The heights of the vertices.
    ///   - gap: The space between two boxes; bends have less.
    /// - Returns: The positions, the smallest of which are those of the uppermost vertices.
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
            // Results that were found from above have their upper ends in common, the others their lower ends.
            let shift = index % 2 == 0 ? narrowest.0 - range.0 : narrowest.1 - range.1
            results[index] = results[index].map { $0 + shift }
        }
        let means = layerOf.indices.map { vertex in
            let sorted = results.map { $0[vertex] }.sorted()
            return (sorted[1] + sorted[2]) / 2
        }
        return straightened(means, heights, gap)
    }

    /// The least distance of the centres of two vertices of a layer that follow each other.
    private func separation(_ first: Int, _ second: Int, _ heights: [Double], _ gap: Double) -> Double {
        let isBoth = !isBend(first) && !isBend(second)
        return (heights[first] + heights[second]) / 2 + (isBoth ? gap : gap * 0.7)
    }

    /// The farthest that a box is moved so that a line is straight.
    private static let correctionLimit = 10.0

    /// The positions with boxes moved a little where that makes a line straight, if no other line of the box is.
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

    /// The links that cross one between two bends, which is to be straight.
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

/// Vertices in blocks that have one position.
private struct Alignment {
    /// The first vertex of the block of every vertex.
    private let roots: [Int]

    /// Aligns every vertex with the median of its neighbours in the layer before, if no other alignment is in the way.
    init(_ layers: [[Int]], neighbours: [[Int]], except conflicts: Set<LayeredGraph.Link>) {
        let positions = LayeredGraph.positions(in: layers, count: neighbours.count)
        var roots = Array(neighbours.indices)
        // The next vertex of the block; that of its last one is the first.
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

    /// The position of every vertex: each block as far up as those above it permit, and then down to those below it.
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
