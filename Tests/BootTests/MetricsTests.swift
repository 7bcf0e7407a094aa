import TestSupport
import Testing

extension SecondMachineTests {
    /// The metrics of a machine with the directory of the node exporter's textfile collector.
    @Suite struct MetricsTests {
        private static let directory = "/var/lib/prometheus/node-exporter"
        private static let tasks = """
            tasks:
              product: {file: {path: /run/product/file, content: text}}
              program: {exec: {command: sh, args: [-c, "! touch \(directory)/program"]}}
              waits: {wait: {file: /run/product/file}}
              fails: {exec: {command: test, args: [-e, /run/go]}}
              again: {every: 10s, exec: {command: "true"}}

            """

        @Test func `every task has metrics as soon as it has ended, and none could write them itself`() async throws {
            try await TestMachine.withRunning { machine in
                try await machine.place(Self.tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.place("", at: "\(Self.directory)/other.prom")
                try await machine.startTasks()
                let file = "\(Self.directory)/nest_bootstrap.prom"
                #expect(
                    try await machine.becomes("cat \(file)") { $0.contains("{task=\"fails\",outcome=\"failed\"} 1") }
                )
                #expect(try await machine.becomes("systemctl is-active k8s-bootstrap-waits") { $0 == "active\n" })
                for task in ["waits", "program", "again"] {
                    let line = "timestamp_seconds{task=\"\(task)\"}"
                    #expect(try await machine.becomes("cat \(file)") { $0.contains(line) })
                }
                #expect(try await machine.output("stat -c '%a %U' \(file)") == "644 root\n")
                // While they are written there is a temporary file.
                let files = "nest_bootstrap.prom\nother.prom\n"
                #expect(try await machine.becomes("ls -A \(Self.directory)") { $0 == files })
                let text = try await machine.output("cat \(file)")
                for task in ["product", "program"] {
                    #expect(text.contains("_outcome{task=\"\(task)\",outcome=\"changed\"} 1\n"), "\(text)")
                }
                #expect(!text.contains("last_success_timestamp_seconds{task=\"fails\"}"))
                // A repetition is a run like any other.
                let last = "grep 'last_run.*again' \(file)"
                let first = try await machine.output(last)
                #expect(try await machine.becomes(last) { $0.contains("again") && $0 != first })

                try await machine.must("touch /run/go")
                #expect(try await machine.run("nest-bootstrap", "status", "--wait=10m").status == 0)
                #expect(
                    try await machine.becomes("cat \(file)") { $0.contains("{task=\"fails\",outcome=\"changed\"} 1") }
                )

                // The hourly service writes them whether or not a task has ended.
                #expect(try await machine.output("systemctl is-active k8s-bootstrap--metrics.timer") == "active\n")
                try await machine.must("rm \(file) && systemctl start k8s-bootstrap--metrics.service")
                let hourly = try await machine.output("cat \(file)")
                #expect(hourly.contains("{task=\"fails\",outcome=\"changed\"} 1"))
                #expect(hourly.contains("\nnest_bootstrap_task_file_valid 1\n"))
                #expect(try await machine.becomes("systemctl --failed --no-legend") { $0 == "" })

                try await machine.place("tasks: [\n", at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.must("systemctl daemon-reload && systemctl start k8s-bootstrap--metrics.service")
                #expect(
                    try await machine.becomes("cat \(file)") { $0.contains("\nnest_bootstrap_task_file_valid 0\n") }
                )
            }
        }
    }
}
