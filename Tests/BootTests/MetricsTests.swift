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
              fails: {exec: {command: test, args: [-e, /run/go]}}

            """

        @Test func `metrics are those of the last ends of all tasks, and no task could write them`() async throws {
            try await TestMachine.withRunning { machine in
                try await machine.place(Self.tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.place("", at: "\(Self.directory)/other.prom")
                try await machine.startTasks()
                let file = "\(Self.directory)/nest_bootstrap.prom"
                func becomes(_ task: String, _ outcome: String) async throws {
                    let line = "_outcome{task=\"\(task)\",outcome=\"\(outcome)\"} 1\n"
                    #expect(try await machine.becomes("cat \(file)") { $0.contains(line) }, "\(task)")
                }
                for task in ["product", "program"] { try await becomes(task, "changed") }
                try await becomes("fails", "failed")
                let last = "last_success_timestamp_seconds{task=\"fails\"}"
                #expect(try await machine.output("cat \(file)").contains(last) == false)
                #expect(try await machine.output("stat -c '%a %U' \(file)") == "644 root\n")
                // While they are written there is a temporary file.
                let files = "nest_bootstrap.prom\nother.prom\n"
                #expect(try await machine.becomes("ls -A \(Self.directory)") { $0 == files })
                try await machine.must("touch /run/go")
                try await becomes("fails", "changed")
                #expect(try await machine.output("cat \(file)").contains(last))

                // The hourly service writes them whether or not a task has ended.
                #expect(try await machine.output("systemctl is-active k8s-bootstrap--metrics.timer") == "active\n")
                try await machine.must("rm \(file) && systemctl start k8s-bootstrap--metrics.service")
                try await becomes("fails", "changed")
                #expect(try await machine.output("cat \(file)").contains("\nnest_bootstrap_task_file_valid 1\n"))
                #expect(try await machine.becomes("systemctl --failed --no-legend") { $0 == "" })

                try await machine.place("tasks: [\n", at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.must("systemctl daemon-reload && systemctl start k8s-bootstrap--metrics.service")
                let isInvalid = "\nnest_bootstrap_task_file_valid 0\n"
                #expect(try await machine.becomes("cat \(file)") { $0.contains(isInvalid) })
            }
        }
    }
}
