import Planning
import TestSupport
import Testing

/// Ten thousand tasks, the most that there may be, and the processor time of fewer for comparison.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ScaleTests {
    private func file(_ count: Int, _ after: (Int) -> String) -> [(path: String, text: String)] {
        // Several files, because one may not be longer than 1 MiB.
        stride(from: 0, to: count, by: 1000).map { start in
            let tasks = (start..<min(start + 1000, count)).map {
                "  t\($0): {after: [\(after($0))], exec: {command: ls}}"
            }
            return ("bootstrap.d/\(start).yaml", "tasks:\n" + tasks.joined(separator: "\n"))
        }
    }

    /// Checks that ten thousand take far less than a hundred times as long as a thousand.
    func expectNoSquare(_ time: (_ count: Int) throws -> Duration) throws {
        let few = try time(1000)
        let many = try time(10_000)
        #expect(many < few * 40, "\(many), and \(few) for a tenth")
    }

    @Test func `a chain of 10,000 tasks is planned, from its end`() throws {
        func time(_ count: Int) throws -> Duration {
            let files = file(count) { $0 < count - 1 ? "t\($0 + 1)" : "" }
            return try processorTime {
                let plan = try declarations(files).plan
                #expect(plan.steps.count == count)
                #expect(plan.steps.first?.task.name == "t\(count - 1)")
                #expect(plan.allDependencies(of: "t0").count == count - 1)
                #expect(plan.renderText().utf8.count < 200 * count)
            }
        }
        try expectNoSquare(time)
    }

    @Test func `a wide graph of 10,000 tasks is planned`() throws {
        let files = file(10_000) { index in
            switch index {
            case 0: ""
            case 9999: (1...9998).map { "t\($0)" }.joined(separator: ", ")
            default: "t0"
            }
        }
        let plan = try declarations(files).plan
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
        #expect(read.tasks.last?.footprint.kubeconfig?.path == "/k")
    }

    /// Tasks that write a kubeconfig with a key directory of its own, and tasks that run after one of them each.
    private func plan(writers: Int, readers: Int) throws -> Plan {
        let lines = (0..<writers).map { index in
            "  k\(index): {kubeconfig: {path: /etc/k\(index), user: u, certificate: /c, key: /run/keys/\(index)/k}}"
        }
        let others = (0..<readers).map { index in
            "  e\(index): {after: [k\(index % writers)], exec: {command: ls, args: [--kubeconfig=k\(index % writers)]}}"
        }
        let all = lines + others
        let files = stride(from: 0, to: all.count, by: 500).map { start in
            (
                path: "bootstrap.d/\(start).yaml",
                text: "tasks:\n" + all[start..<min(start + 500, all.count)].joined(separator: "\n")
            )
        }
        let cluster = "cluster: {servers: 'https://x', certificateAuthority: /ca}\n"
        return try declarations([(path: "bootstrap.yaml", text: cluster)] + files).plan
    }

    /// The paths that the unit of a task hides, and how long the units of its plan took.
    private func hidden(from task: String, in plan: Plan) throws -> (paths: [Substring], time: Duration) {
        var units: [UnitFile] = []
        let time = processorTime {
            units = plan.units(ProgramInvocation(program: "/usr/bin/nest-bootstrap", taskFiles: ["/etc/b.yaml"]))
        }
        let drop = units.first { $0.path == "k8s-bootstrap-\(task).service.d/50-privileges.conf" }
        guard case .text(let text)? = drop?.content else { return ([], time) }
        return (text.split(separator: "\n").filter { $0.hasPrefix("InaccessiblePaths=-/") }, time)
    }

    @Test func `the units of 10,000 tasks are written`() throws {
        try expectNoSquare { count in
            let (paths, time) = try hidden(from: "e\(count - 11)", in: plan(writers: 10, readers: count - 10))
            // The drop-in of all units empties the directory of the keys.
            let own = paths.filter { !$0.hasSuffix("/kubernetes") }
            #expect(Set(own) == Set((0..<10).map { "InaccessiblePaths=-/etc/k\($0)" }))
            return time
        }
    }

    @Test func `the number of paths that a unit hides has a limit`() throws {
        func time(_ count: Int) throws -> Duration {
            let (paths, time) = try hidden(from: "e0", in: plan(writers: count, readers: 1))
            #expect(paths.filter { !$0.hasSuffix("/kubernetes") }.count == 256)
            return time
        }
        let few = try time(300)
        let many = try time(1200)
        #expect(many < few * 10, "\(many), and \(few) for a quarter")
    }

    @Test func `a dependency of one of 10,000 tasks is found without a search`() throws {
        try expectNoSquare { count in
            let plan = try declarations(file(count) { $0 > 0 ? "t\($0 - 1)" : "" }).plan
            return processorTime {
                #expect(plan.steps.allSatisfy { plan.dependencies(of: $0.task.name).count < 2 })
                let ancestors = Ancestors(plan)
                #expect(plan.steps.dropFirst().allSatisfy { ancestors.task($0.task.name, runsAfter: "t0") })
            }
        }
    }

    @Test func `more tasks are refused`() {
        let printed = problems(file(10_001) { _ in "" })
        #expect(printed == "bootstrap.d/10000.yaml:2:3: the files declare more than 10000 tasks")
    }

    @Test func `ten thousand misspelt names are reported without end`() {
        let printed = problems(file(10_000) { "tt\($0)" })
        #expect(printed.split(separator: "\n").count == 10_000)
    }
}
