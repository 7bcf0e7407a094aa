import Planning
import Testing

/// Ten thousand tasks, the most that there may be; the time limit of the suite is the bound.
@Suite(.timeLimit(.minutes(3))) struct ScaleTests {
    private func file(_ count: Int, _ after: (Int) -> String) -> [(path: String, text: String)] {
        // Several files, because one may not be longer than 1 MiB.
        stride(from: 0, to: count, by: 1000).map { start in
            let tasks = (start..<min(start + 1000, count)).map {
                "  t\($0): {after: [\(after($0))], exec: {command: ls}}"
            }
            return ("bootstrap.d/\(start).yaml", "tasks:\n" + tasks.joined(separator: "\n"))
        }
    }

    @Test func `a chain of 10,000 tasks is planned, from its end`() throws {
        let clock = ContinuousClock()
        let start = clock.now
        let plan = try Plan(Graph(declarations(file(10_000) { $0 < 9999 ? "t\($0 + 1)" : "" })))
        #expect(plan.steps.count == 10_000)
        #expect(plan.steps.first?.task.name == "t9999")
        #expect(plan.dependants(of: "t9999").count == 9999)
        #expect(plan.textPicture().utf8.count < 2_000_000)
        #expect(start.duration(to: clock.now) < .seconds(30))
    }

    @Test func `a wide graph of 10,000 tasks is planned`() throws {
        let plan = try Plan(
            Graph(
                declarations(
                    file(10_000) { index in
                        switch index {
                        case 0: ""
                        case 9999: (1...9998).map { "t\($0)" }.joined(separator: ", ")
                        default: "t0"
                        }
                    }
                )
            )
        )
        #expect(plan.steps.last?.dependencies.count == 9998)
        #expect(try plan.selecting(["t9999"], withDependencies: true) == plan)
    }

    @Test func `a chain of 10,000 applies finds its kubeconfig`() throws {
        let writer = """
            tasks:
              t0:
                kubeconfig: {path: /k, user: u, certificate: c, key: k, server: "https://x", certificateAuthority: ca}
            """
        let files = stride(from: 1, to: 10_000, by: 1000).map { start in
            let tasks = (start..<min(start + 1000, 10_000)).map {
                "  t\($0): {after: [t\($0 - 1)], apply: {manifests: [x]}}"
            }
            return (path: "bootstrap.d/\(start).yaml", text: "tasks:\n" + tasks.joined(separator: "\n"))
        }
        let read = try declarations([("bootstrap.yaml", writer)] + files)
        #expect(read.tasks.last?.verb.usedKubeconfig?.path == "/k")
    }

    @Test func `more tasks are refused`() {
        let printed = problems(file(10_001) { _ in "" })
        #expect(printed == "bootstrap.d/10000.yaml:2:3: the files declare more than 10000 tasks")
    }

    @Test func `ten thousand misspelt names are told without end`() {
        let printed = problems(file(10_000) { "tt\($0)" })
        #expect(printed.split(separator: "\n").count == 10_000)
    }
}
