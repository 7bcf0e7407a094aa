import TestSupport
import Testing

extension ThirdMachineTests {
    /// The journal and the status, as an administrator reads them, and command `logs`.
    @Suite struct JournalTests {
        private static let tasks = """
            tasks:
              fine: {exec: {command: sh, args: [-c, "echo from fine"]}}
              bad: {exec: {command: sh, args: [-c, "echo PRIORITY=0; exit 7"]}}
              next: {after: [bad], symlink: {path: /run/next, target: /etc}}
            """

        /// `MESSAGE_ID` of a failed task, and of a task whose dependency has not succeeded.
        private static let failed = "MESSAGE_ID=118f49fc9451426c86a2e04616f00ed9"
        private static let missing = "MESSAGE_ID=5d307c2cffed456c8071e64593790483"

        @Test func `entries have fields and an explanation, and status includes the state of the unit`() async throws {
            try await TestMachine.withRunning { machine in
                try await machine.place(Self.tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.preventRetries()
                try await machine.startTasks()
                let states =
                    "systemctl show --value -p SubState k8s-bootstrap-bad k8s-bootstrap-next k8s-bootstrap-fine"
                let settled = "failed\n\ndead\n\nexited\n"
                try #require(try await machine.becomes(states) { $0 == settled })
                try await fields(machine)
                try await explanation(machine)
                try await status(machine)
                try await logs(machine)
                #expect(try await machine.run("systemctl", "restart", "k8s-bootstrap-bad").status == 1)
                let failures = try await machine.journal(Self.failed)
                // On a slow machine the health service may have tried it once more.
                #expect(failures.prefix(2).map { $0["NEST_ATTEMPT"]?.string } == ["1", "2"])
            }
        }

        /// The failures are found by their identifier, and every line is a structured entry.
        private func fields(_ machine: TestMachine) async throws {
            let failures = try await machine.journal(Self.failed)
            let entry = try #require(failures.first)
            let expected = [
                "PRIORITY": "4", "NEST_TASK": "bad", "NEST_VERB": "exec", "NEST_OUTCOME": "failed", "NEST_ATTEMPT": "1",
                "SYSLOG_IDENTIFIER": "nest-bootstrap",
            ]
            for (name, value) in expected { #expect(entry[name]?.string == value) }
            #expect(entry["MESSAGE"]?.string?.hasPrefix("bad: failed in ") == true)
            #expect(entry["NEST_DURATION_USEC"]?.string.flatMap { Int($0) } ?? 0 > 0)
            #expect(entry["NEST_RUN_ID"]?.string?.count == 32)

            let all = try await machine.journal("NEST_TASK=bad")
            #expect(all.contains { $0["MESSAGE"]?.string == "bad: | PRIORITY=0" && $0["PRIORITY"]?.string == "6" })
            let ours = try await machine.journal("SYSLOG_IDENTIFIER=nest-bootstrap")
            #expect(ours.allSatisfy { $0["_TRANSPORT"]?.string == "journal" && $0["MESSAGE_ID"] != nil })
            let byHand = "systemd-run --quiet --wait nest-bootstrap run --task next"
            #expect(try await machine.run("sh", "-c", byHand).status == 75)
            let waiting = try await machine.journal(Self.missing)
            #expect(waiting.first?["NEST_TASK"]?.string == "next")
            #expect(waiting.first?["NEST_DEPENDENCY"]?.string == "bad")
        }

        /// The entries of a task are those of the program, of its unit and of systemd about it.
        private func logs(_ machine: TestMachine) async throws {
            let byHand = "systemd-run --quiet --wait nest-bootstrap run --task fine"
            #expect(try await machine.run("sh", "-c", byHand).status == 0)
            // Any user can send such an entry.
            let fields =
                "'MESSAGE=spoofed' 'SYSLOG_IDENTIFIER=nest-bootstrap' 'NEST_TASK=fine' 'UNIT=k8s-bootstrap-fine.service'"
            try await machine.must(
                """
                printf '%s\\n' \(fields) | setpriv --reuid=1500 --clear-groups logger --journald
                journalctl --sync; journalctl -b --grep=spoofed
                """
            )
            let text = try await machine.output("nest-bootstrap logs fine")
            let lines = text.split(separator: "\n")
            #expect(lines.count { $0.contains("fine: | from fine") } == 2)
            #expect(lines.contains { $0.contains("systemd[1]: Finished k8s-bootstrap-fine.service") })
            #expect(!text.contains("PRIORITY=0") && !text.contains("spoofed"), "\(text)")
            #expect(try await machine.output("nest-bootstrap logs").contains("spoofed") == false)
            let both = try await machine.output("nest-bootstrap logs -o json fine bad")
            #expect(both.contains("\"bad: | PRIORITY=0\"") && both.contains("\"fine: | from fine\""), "\(both)")
        }

        private func explanation(_ machine: TestMachine) async throws {
            // Of a process that has ended before a busy journal reads its entry, the entry does not name the unit.
            let text = try await machine.output("journalctl -b -x --no-pager NEST_TASK=bad")
            #expect(text.contains("Subject: Task bad failed"))
            #expect(text.contains("systemctl start k8s-bootstrap.target"))
            #expect(!text.contains("@NEST_"))
        }

        private func status(_ machine: TestMachine) async throws {
            // When it is tried again is known a moment after the failure.
            var rows: [String: JSON] = [:]
            let isFailed = try await TestSupport.becomes(every: .milliseconds(500)) {
                let text = try await machine.status("--output json")
                let list = try JSON(text)["tasks"]?.sequence ?? []
                rows = Dictionary(list.map { ($0["task"]?.string ?? "", $0) }) { first, _ in first }
                return rows["bad"]?["retriesInSeconds"] != nil && rows["next"]?["unit"]?["sub"]?.string == "dead"
            }
            #expect(isFailed, "\(rows)")
            #expect(rows["next"]?["state"]?.string == "waiting")
            #expect(rows["next"]?["reason"]?.string?.contains("runs after 'bad'") == true)
        }
    }
}
