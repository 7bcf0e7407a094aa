import Base
import Planning
import Testing

@Suite(.timeLimit(.minutes(15))) struct PlanTests {
    /// A task file from lines such as `b: a c`, a task with what it runs after.
    private func file(_ lines: String...) -> String {
        let tasks = lines.map { line in
            let parts = line.split(separator: ":")
            let after = parts.count > 1 ? parts[1].split(separator: " ").joined(separator: ", ") : ""
            return "  \(parts[0]): {after: [\(after)], exec: {command: ls}}"
        }
        return "tasks:\n" + tasks.joined(separator: "\n")
    }

    private func names(_ plan: Plan) -> [String] {
        plan.steps.map(\.task.name)
    }

    @Test func `steps come as declared, behind what they depend on`() throws {
        #expect(try names(plan(file("z: x", "a", "x"))) == ["x", "z", "a"])
        #expect(try names(plan(file("a", "b", "c: a", "d"))) == ["a", "b", "c", "d"])
        #expect(try names(plan(file("d: c b", "c: a", "b: a", "a"))) == ["a", "c", "b", "d"])
    }

    @Test func `dependencies are positions in the plan`() throws {
        let plan = try plan(file("d: c b", "c: a", "b: a", "a"))
        #expect(plan.steps.map(\.dependencies) == [[], [0], [0], [1, 2]])
    }

    @Test func `two plans of the same files are equal`() throws {
        #expect(try plan(exampleFile) == plan(exampleFile))
    }

    @Test func `a plan has the tasks of its role, and no edge to others`() throws {
        let text = """
            tasks:
              a: {roles: [control-plane], exec: {command: ls}}
              b: {after: [a], exec: {command: ls}}
            """
        #expect(try names(plan(text, role: "worker")) == ["b"])
        #expect(try plan(text, role: "worker").steps[0].dependencies == [])
        #expect(try plan(text, role: "control-plane").steps[1].dependencies == [0])
    }

    @Test func `every independent cycle is reported once, as its path`() {
        let expected = """
            3:15: tasks run after each other: a -> b -> c -> a; remove 'b' at… 'c' at bootstrap.yaml:4:15 or 'a' at
            6:15: a task runs after itself: d -> d; remove 'd' at bootstrap.yaml:6:15
            """
        #expect(isReported(problems(file("x: a", "a: b", "b: c d", "c: a", "d: d")), expected))
        let two = "2:15: tasks run after each other: a -> b -> a\n2:18: tasks run after each other: a -> c -> a"
        #expect(isReported(problems(file("a: b c", "b: a", "c: a")), two))
    }

    @Test func `a cycle of tasks that no node runs together is allowed`() throws {
        let text = """
            tasks:
              a: {roles: [control-plane], after: [b], exec: {command: ls}}
              b: {roles: [worker], after: [a], exec: {command: ls}}
            """
        #expect(problems(text) == "")
    }

    @Test func `a long cycle is shortened`() {
        let lines = (0..<40).map { "  t\($0): {after: [t\(($0 + 1) % 40)], exec: {command: ls}}" }
        let printed = problems("tasks:\n" + lines.joined(separator: "\n"))
        #expect(printed.contains(" -> t10 -> … 29 more … -> t0; remove 't1' at"), "\(printed)")
    }

    @Test func `a part of a plan is selected by names`() throws {
        let plan = try plan(file("a", "b: a", "c: b", "d: a"))
        #expect(try names(plan.selecting(["c", "k8s-bootstrap-b.service"])) == ["b", "c"])
        #expect(try plan.selecting(["c", "b"]).steps.map(\.dependencies) == [[], [0]])
        #expect(try names(plan.selecting(["c"], withDependencies: true)) == ["a", "b", "c"])
        #expect(names(plan.keeping { $0.task.name != "a" }) == ["b", "c", "d"])
        #expect(plan.dependencies(of: "c") == ["b"])
        #expect(plan.allDependencies(of: "c") == ["a", "b"])
        #expect(plan.allDependencies(of: "a") == [])
        #expect(plan.allDependencies(of: "x") == [])
    }

    @Test func `a task runs after its dependencies, also by way of others`() throws {
        let plan = try plan(file("a", "b: a", "c: b", "d: a"))
        for (task, expected) in [("a", "bcd"), ("b", "c"), ("c", ""), ("d", ""), ("x", "")] {
            let after = zip(plan.steps, plan.stepsRunning(after: task)).filter(\.1).map(\.0.task.name)
            #expect(after.sorted().joined() == expected, "\(task)")
        }
    }

    @Test func `a name that cannot be selected is reported`() throws {
        let text = """
            tasks:
              calico-node: {exec: {command: ls}}
              calico-crds: {roles: [control-plane], exec: {command: ls}}
              proxy: {enable: false, exec: {command: ls}}
            """
        let plan = try plan(text, role: "worker")
        let names = ["calico-nod", "calico-crds", "x", "proxy"]
        let error = #expect(throws: Problems.self) { try plan.selecting(names) }
        let expected = """
            no task is named 'calico-nod'; did you mean 'calico-node'?
            task 'calico-crds' is for role 'control-plane', and this node has role 'worker'; type --role control-plane
            no task is named 'x'; expected one of calico-node
            task 'proxy' is disabled at bootstrap.yaml:4:3
            """
        #expect(isReported(error?.description ?? "", expected))
    }
}
