/// Makes a graph that looks like a plan: few lines a box, most of them from boxes that come shortly before.
///
/// - Parameters:
///   - count: The number of boxes.
///   - seed: Determines the graph.
/// - Returns: For every box those from which a line leads to it, all of which come before it.
public func randomPredecessors(_ count: Int, seed: Int) -> [[Int]] {
    var generator = SplitMix64(seed: seed)
    return (0..<count).map { box in
        guard box > 0, Int.random(in: 0..<8, using: &generator) > 0 else { return [] }
        let lines = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
            let isNear = Bool.random(using: &generator)
            return Int.random(in: isNear ? max(0, box - 12)..<box : 0..<box, using: &generator)
        }
        return Set(lines).sorted()
    }
}
