import TestSupport
import Testing

extension BootedTests {
    /// The timeline of a real boot.
    @Suite struct TimelineTests {
        /// `flaky` fails at its first attempt, `waits` waits for a file, and `ordered` for a slow unit.
        private static let tasks = """
            tasks:
              first: {exec: {command: sleep, args: ["1"]}}
              flaky:
                after: [first]
                exec:
                  command: sh
                  args: [-c, "test -e /var/lib/probe/tried || { touch /var/lib/probe/tried; exit 1; }"]
                  writes: [/var/lib/probe/]
              waits: {after: [first], wait: {file: /etc/ready}}
              ordered: {after: [slow.service], exec: {command: "true"}}
              last: {after: [flaky, waits], exec: {command: "true"}}
              repeats: {after: [ordered], every: 10s, exec: {command: "true"}}
            """

        private static let slow = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=sleep 3\n"

        @Test func `a boot is shown with its waits, retries, units and critical path`() async throws {
            try await TestMachine.withFresh("ducksnest-controlplane") { machine in
                try machine.write(Self.tasks, to: "/etc/nest-bootstrap/bootstrap.yaml")
                try machine.write(Self.slow, to: "/etc/systemd/system/slow.service")
                let wants = "/etc/systemd/system/multi-user.target.wants"
                try Files.makeDirectories(machine.disk(wants))
                try Files.makeSymbolicLink(
                    at: machine.disk("\(wants)/slow.service"),
                    to: "/etc/systemd/system/slow.service",
                    replacing: false
                )
                try await machine.boot()
                #expect(try await machine.becomes("nest-bootstrap status waits -o json") { $0.contains(#""wait":"#) })
                try await whileItRuns(machine)
                try await machine.must("touch /etc/ready")
                try #require(
                    try await machine.becomes("systemctl is-active k8s-bootstrap.target") { $0 == "active\n" }
                )
                let repetition = "k8s-bootstrap-repeat@repeats"
                #expect(try await machine.becomes("journalctl -b -u \(repetition)") { $0.contains("repeats: ") })
                try await afterwards(machine)
                try await pictures(machine)
            }
        }

        private func timeline(_ machine: TestMachine) async throws -> JSON {
            let text = try await machine.must("nest-bootstrap timeline --output json")
            return try JSON(text)
        }

        /// A task by its name.
        private func task(_ timeline: JSON, _ name: String) throws -> JSON {
            try #require(timeline["tasks"]?.sequence?.first { $0["task"]?.string == name })
        }

        private func kinds(_ task: JSON) -> [String] {
            (task["spans"]?.sequence ?? []).compactMap { $0["kind"]?.string }
        }

        private func seconds(_ node: JSON?) throws -> Double {
            try #require(node.flatMap { Double($0.description) })
        }

        private func whileItRuns(_ machine: TestMachine) async throws {
            show("nest-bootstrap timeline, while it runs", try await machine.output("nest-bootstrap timeline"))
            let timeline = try await timeline(machine)
            #expect(timeline["ongoing"]?.boolean == true)
            let waits = try task(timeline, "waits")
            #expect(waits["state"]?.string == "running")
            #expect(waits["endedSeconds"] == nil)
            let wait = try #require(waits["spans"]?.sequence?.last)
            #expect(wait["kind"]?.string == "condition")
            #expect(wait["subject"]?.string == "'/etc/ready'")
            #expect(wait["endSeconds"] == nil)
            #expect(kinds(try task(timeline, "last")) == ["dependency"])
        }

        private func afterwards(_ machine: TestMachine) async throws {
            let timeline = try await timeline(machine)
            show("nest-bootstrap timeline --output json", "\(timeline)")
            #expect(timeline["origin"]?.string == "boot")
            #expect(timeline["ongoing"]?.boolean == false)
            #expect(timeline["notes"]?.sequence?.isEmpty == true, "a repetition is no later run of its task")
            let flaky = try task(timeline, "flaky")
            #expect(flaky["attempts"]?.integer == 2)
            #expect(kinds(flaky) == ["dependency", "work", "pause", "work"])
            let pause = try #require(flaky["spans"]?.sequence?[2])
            let length = try seconds(pause["endSeconds"]) - seconds(pause["startSeconds"])
            #expect(length > 8, "the first retry comes after 10 s")
            let retries = try await machine.output("journalctl -b -q -o cat -u 'k8s-bootstrap--retry@*'")
            #expect(retries.contains("k8s-bootstrap--retry@10s.timer"), "\(retries)")
            let ordered = try task(timeline, "ordered")
            #expect(kinds(ordered) == ["unit", "work"])
            #expect(ordered["spans"]?.sequence?.first?["subject"]?.string == "slow.service")
            #expect(kinds(try task(timeline, "waits")).contains("condition"))
            let path = (timeline["criticalPath"]?.sequence ?? []).compactMap(\.string)
            #expect(path.first == "first" && path.last == "last" && path.count == 3, "\(path)")
            let units = (timeline["units"]?.sequence ?? []).compactMap { $0["unit"]?.string }
            #expect(units.contains("slow.service") && units.contains("k8s-bootstrap.target"))
            try await compare(timeline, machine)
        }

        /// The clocks of records and systemd agree.
        private func compare(_ timeline: JSON, _ machine: TestMachine) async throws {
            let boot = try await microseconds(machine, "UserspaceTimestampMonotonic", "")
            for name in ["first", "waits", "last"] {
                let task = try task(timeline, name)
                let unit = "k8s-bootstrap-\(name).service"
                let started = try await microseconds(machine, "InactiveExitTimestampMonotonic", unit) - boot
                let active = try await microseconds(machine, "ActiveEnterTimestampMonotonic", unit) - boot
                let (start, finish) = (try seconds(task["startedSeconds"]), try seconds(task["endedSeconds"]))
                // The program starts and ends within its unit; the clocks differ by milliseconds.
                #expect(start > Double(started) / 1e6 - 0.1)
                #expect(start <= finish)
                #expect(finish < Double(active) / 1e6 + 0.1)
                var end = 0.0
                for span in task["spans"]?.sequence ?? [] {
                    #expect(try seconds(span["startSeconds"]) >= end - 0.001)
                    end = try seconds(span["endSeconds"])
                }
            }
        }

        private func microseconds(_ machine: TestMachine, _ property: String, _ unit: String) async throws -> Int {
            let text = try await machine.must("systemctl show --value -p \(property) \(unit)")
            return try #require(Int(text.split(separator: "\n").first ?? ""))
        }

        private func pictures(_ machine: TestMachine) async throws {
            let text = try await machine.must("nest-bootstrap timeline")
            show("nest-bootstrap timeline", text)
            #expect(text.contains("* last "))
            #expect(text.contains("2 attempts, "))
            #expect(text.contains("'/etc/ready'"))
            let svg = try await machine.must("nest-bootstrap timeline --output svg")
            let parser = "import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.stdin.buffer)"
            let parsed = try await Tool.run("python3", ["-c", parser], input: svg)
            #expect(parsed.status == 0, "\(parsed.errors)")
            let user = "setpriv --reuid=65534 --regid=65534 --clear-groups nest-bootstrap timeline"
            let seen = try await machine.must(user)
            show("nest-bootstrap timeline, as an ordinary user", seen)
            #expect(seen.contains("2 attempts, ") && seen.contains("'/etc/ready'"))
            let restarted = try await machine.must("systemctl restart k8s-bootstrap-first; nest-bootstrap timeline")
            #expect(restarted.contains("not shown"), "\(restarted)")
        }
    }
}
