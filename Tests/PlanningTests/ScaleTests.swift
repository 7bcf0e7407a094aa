import Planning
import Testing

/// Ten thousand tasks, the most that there may be: what takes as long as their square does not end in time.
@Suite(.timeLimit(.minutes(15))) struct ScaleTests {
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
        let plan = try declarations(file(10_000) { $0 < 9999 ? "t\($0 + 1)" : "" }).plan
        #expect(plan.steps.count == 10_000)
        #expect(plan.steps.first?.task.name == "t9999")
        #expect(plan.allDependencies(of: "t0").count == 9999)
        #expect(plan.renderText().utf8.count < 2_000_000)
        #expect(plan.steps.allSatisfy { plan.dependencies(of: $0.task.name).count < 2 })
        #expect(plan.stepsRunning(after: "t9999") == [false] + Array(repeating: true, count: 9999))
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

    @Test func `the units of 10,000 tasks are written, and a sandbox covers the secrets of all others`() throws {
        let plan = try plan(writers: 1200, readers: 8800)
        let call = ProgramInvocation(program: "/usr/bin/nest-bootstrap", taskFiles: ["/etc/b.yaml"])
        #expect(plan.units(call).count { $0.path.hasSuffix(".service") } > 10_000)
        let task = try #require(plan.steps.first { $0.task.name == "e0" }?.task)
        let sandbox = Sandbox(ofProgram: task, in: plan, taskFiles: [], linked: { _ in [] })
        #expect(!sandbox.mounts.contains { $0.path.hasPrefix("/etc/k") })
    }

    @Test func `a text for each of 500 nodes is written`() throws {
        let nodes = (0..<500).map { "  n\($0): {role: worker, address: 10.1.\($0 / 250).\($0 % 250 + 1)}\n" }.joined()
        let text = """
            nodes:
            \(nodes)
            variables: {all: {each: cluster.nodes, text: "${node.name}=${node.address}"}}
            tasks: {t: {file: {path: /a, content: "${all}"}}}
            """
        let all = try declarations(text, role: nil, host: "n7").variables["all"]
        #expect(all?.split(separator: ",").count == 500)
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
