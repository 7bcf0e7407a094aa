import TestSupport
import Testing

@testable import Drawing

/// The layers of graphs, and the order in them.
@Suite(.timeLimit(.minutes(30))) struct LayeredGraphTests {
    /// The number of crossings after the layers were ordered.
    private func crossingCount(_ predecessors: [[Int]]) -> Int {
        var graph = LayeredGraph(predecessors)
        graph.orderLayers()
        return graph.crossingCount
    }

    @Test func `a box is in the layer after the last of its predecessors`() {
        let graph = LayeredGraph([[], [0], [0, 1], [1]])
        #expect(graph.layerOf.prefix(4) == [0, 1, 2, 2])
    }

    @Test func `a box without predecessors is just before the first of its successors`() {
        // 0 -> 1 -> 2 -> 4, and 3 -> 4.
        let graph = LayeredGraph([[], [0], [1], [], [2, 3]])
        #expect(graph.layerOf == [0, 1, 2, 2, 3])
        #expect(graph.layers == [[0], [1], [2, 3], [4]])
    }

    @Test func `a line over several layers has a bend in each`() {
        // 0 -> 1 -> 2 -> 3, and 0 -> 3.
        let graph = LayeredGraph([[], [0], [1], [2, 0]])
        #expect(graph.layers == [[0], [1, 4], [2, 5], [3]])
        #expect(graph.routes == [[0, 1], [1, 2], [2, 3], [0, 4, 5, 3]])
        #expect(graph.next == [[1, 4], [2], [3], [], [5], [3]])
        #expect(graph.previous == [[], [0], [1], [2, 5], [0], [4]])
    }

    @Test func `lines from one box share their bends`() {
        // 0 -> 1 -> 2 -> 3 and 4, and 0 -> 3 and 4.
        let graph = LayeredGraph([[], [0], [1], [2, 0], [2, 0]])
        #expect(graph.routes[3] == [0, 5, 6, 3])
        #expect(graph.routes[5] == [0, 5, 6, 4])
        #expect(graph.layers == [[0], [1, 5], [2, 6], [3, 4]])
    }

    @Test func `lines to one box share their bends`() {
        // 0 -> 1 -> 2 -> 3 -> 6, 0 -> 4 -> 6 and 0 -> 5 -> 6.
        let graph = LayeredGraph([[], [0], [1], [2], [0], [0], [3, 4, 5]])
        #expect(graph.layerOf.prefix(7) == [0, 1, 2, 3, 1, 1, 4])
        #expect(graph.routes.suffix(2) == [[4, 7, 8, 6], [5, 7, 8, 6]])
    }

    @Test func `what would cross more layers than the limit has no bends`() {
        let graph = LayeredGraph([[], [0], [1], [2, 0], [3, 1, 0]], crossedLimit: 4)
        // 0 -> 3 and 1 -> 4 cross two layers each, 0 -> 4 three.
        #expect(graph.routes == [[0, 1], [1, 2], [2, 3], [0, 5, 6, 3], [3, 4], [1, 7, 8, 4], [0, 4]])
        #expect(graph.next[0] == [1, 5])
    }

    @Test(arguments: [
        // Two lines that cross in the order in which they are given.
        ([[], [], [1], [0]], 0),
        // Eight of them.
        ([[], [], [], [], [], [], [], [], [4], [7], [0], [2], [6], [1], [5], [3]], 0),
        // Every box of one layer with every one of the other: two, and three.
        ([[], [], [0, 1], [0, 1]], 1),
        ([[], [], [], [0, 1, 2], [0, 1, 2], [0, 1, 2]], 9),
        // The corners of a cube.
        ([[], [0], [0], [0], [1, 2], [1, 3], [2, 3], [4, 5, 6]], 2),
        // A tree whose branches are given in turns.
        ([[], [0], [0], [1], [2], [1], [2], [3], [4], [5], [6], [3], [4], [5], [6]], 0),
        // Two paths between the same boxes, and one past them.
        ([[], [0], [0], [1], [2], [3, 4], [0, 5]], 0),
    ])
    func `known graphs have as few crossings as possible`(predecessors: [[Int]], count: Int) {
        #expect(crossingCount(predecessors) == count)
    }

    @Test func `crossings are counted as in a comparison of all pairs`() {
        for seed in 1...20 {
            var graph = LayeredGraph(randomPredecessors(40, seed: seed))
            for _ in 0..<2 {
                #expect(graph.crossingCount == allCrossings(graph))
                graph.orderLayers()
            }
        }
    }

    @Test func `the order has fewer crossings than the one in which boxes are given`() {
        for seed in 1...20 {
            let given = LayeredGraph(randomPredecessors(60, seed: seed))
            var ordered = given
            ordered.orderLayers()
            #expect(ordered.crossingCount * 2 < given.crossingCount, "seed \(seed)")
            #expect(ordered.layers.map { $0.sorted() } == given.layers.map { $0.sorted() })
        }
    }

    private func allCrossings(_ graph: LayeredGraph) -> Int {
        var count = 0
        for (left, right) in zip(graph.layers, graph.layers.dropFirst()) {
            let ends = left.map { vertex in graph.next[vertex].compactMap { right.firstIndex(of: $0) } }
            for (index, upper) in ends.enumerated() {
                for lower in ends[(index + 1)...] {
                    count += upper.reduce(0) { sum, end in sum + lower.filter { $0 < end }.count }
                }
            }
        }
        return count
    }
}
