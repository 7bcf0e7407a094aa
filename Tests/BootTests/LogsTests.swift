import TestSupport
import Testing

extension RunningMachineTests {
    /// Command `logs` with the journal of a machine.
    @Suite struct LogsTests {
        private static let tasks = """
            tasks:
              fine: {exec: {command: sh, args: [-c, "echo from fine"]}}
              bad: {exec: {command: sh, args: [-c, "echo from bad; exit 7"]}}
            """

        @Test func `a task's entries are those of the program, of its unit and of systemd about it`() async throws {
            try await TestMachine.withRunning { machine in
                try await machine.place(Self.tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.startTasks()
                let states = "systemctl show --value -p SubState k8s-bootstrap-bad k8s-bootstrap-fine"
                try #require(try await machine.becomes(states) { $0 == "failed\n\nexited\n" })
                let byHand = "systemd-run --quiet --wait nest-bootstrap run --task fine"
                #expect(try await machine.run("sh", "-c", byHand).status == 0)

                let text = try await machine.output("nest-bootstrap logs fine")
                show("nest-bootstrap logs fine", text)
                let lines = text.split(separator: "\n")
                #expect(lines.count { $0.contains("fine: | from fine") } == 2)
                #expect(lines.contains { $0.contains("systemd[1]: Finished k8s-bootstrap-fine.service") })
                #expect(!text.contains("from bad"))

                // Any user can send such an entry.
                let fields = [
                    "MESSAGE=spoofed", "SYSLOG_IDENTIFIER=nest-bootstrap", "NEST_TASK=fine",
                    "UNIT=k8s-bootstrap-fine.service",
                ]
                let words = fields.map { "'\($0)'" }.joined(separator: " ")
                let send = "printf '%s\\n' \(words) | setpriv --reuid=1500 --clear-groups logger --journald"
                try await machine.must(send)
                try await machine.must("journalctl --sync; journalctl -b --grep=spoofed")
                for names in ["", "fine"] {
                    #expect(try await machine.output("nest-bootstrap logs \(names)").contains("spoofed") == false)
                }

                let both = try await machine.output("nest-bootstrap logs -o json fine bad")
                let messages = try both.split(separator: "\n").map { line in
                    try String(line).json["MESSAGE"]?.string ?? ""
                }
                #expect(messages.contains("bad: | from bad") && messages.contains("fine: | from fine"))

                let wrong = try await machine.run("nest-bootstrap", "logs", "fin", "--since", "1h")
                #expect(wrong.status == 0)
                #expect(wrong.errors == "warning: this node has no task 'fin'; did you mean 'fine'?\n")
                #expect(wrong.output == "-- No entries --\n")
            }
        }
    }
}
