import Testing

@testable import nest_bootstrap

@Suite(.timeLimit(.minutes(5)))
struct MaskedUnitTests {
    private func masked(_ masked: Set<String>, underWay: Set<String>, keeping names: Set<String>) -> [String] {
        let graph: [(String, [Int])] = [("a", []), ("b", [0]), ("c", [1]), ("d", [])]
        let tasks = graph.map { name, dependencies in
            MaskableTask(
                name: name,
                dependencies: dependencies,
                isUnderWay: underWay.contains(name),
                isMasked: masked.contains(name)
            )
        }
        return tasksMasked(in: tasks, keeping: names)
    }

    @Test func `a masked unit keeps its task and those after it from succeeding`() {
        #expect(masked(["a"], underWay: ["d"], keeping: ["c"]) == ["a"])
        #expect(masked(["a", "c", "d"], underWay: [], keeping: ["a", "b", "c", "d"]) == ["a", "c", "d"])
        #expect(masked(["a", "d"], underWay: [], keeping: ["c"]) == ["a"])
    }

    @Test func `a masked unit whose task has succeeded or runs keeps nothing`() {
        #expect(masked(["a"], underWay: ["a"], keeping: ["c"]) == [])
        #expect(masked(["a"], underWay: ["b"], keeping: ["c"]) == [])
        #expect(masked([], underWay: [], keeping: ["c"]) == [])
    }
}
