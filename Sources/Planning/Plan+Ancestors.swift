/// Which steps of a plan depend on which, also by way of others.
///
/// One bit a pair of steps: a plan of 10,000 tasks needs 12 MB, and an answer takes no search.
public struct Ancestors: Sendable {
    private let plan: Plan
    private let bits: [[UInt64]]

    /// Finds the ancestors of every step.
    public init(_ plan: Plan) {
        self.plan = plan
        var bits: [[UInt64]] = []
        bits.reserveCapacity(plan.steps.count)
        for (index, step) in plan.steps.enumerated() {
            // An ancestor comes earlier, so that no later bit can be set.
            var own = [UInt64](repeating: 0, count: index / 64 + 1)
            for dependency in step.dependencies {
                for (word, value) in bits[dependency].enumerated() { own[word] |= value }
                own[dependency / 64] |= 1 << UInt64(dependency % 64)
            }
            bits.append(own)
        }
        self.bits = bits
    }

    /// Returns whether a task runs after another, also by way of others.
    public func task(_ name: String, runsAfter other: String) -> Bool {
        guard let index = plan.position(of: name), let ancestor = plan.position(of: other), ancestor < index else {
            return false
        }
        return bits[index][ancestor / 64] & 1 << UInt64(ancestor % 64) != 0
    }

    /// The dependencies of every step that do not follow from its others.
    ///
    /// A step that runs after `b` runs after everything that `b` runs after, whether or not it says so itself.
    var necessaryDependencies: [[Int]] {
        plan.steps.map { step in
            var implied = [UInt64](repeating: 0, count: (step.dependencies.max() ?? 0) / 64 + 1)
            for dependency in step.dependencies {
                for (word, value) in bits[dependency].enumerated() { implied[word] |= value }
            }
            return step.dependencies.filter { implied[$0 / 64] & 1 << UInt64($0 % 64) == 0 }
        }
    }
}
