import TestSupport
import Testing

extension RunningMachineTests {
    /// The units of the tasks together with other units.
    @Suite struct GraphTests {
        private static let tasks = """
            tasks:
              late:
                after: [slow.service]
                wantedBy: [storage.target]
                symlink: {path: /run/late, target: /etc}
              first: {exec: {command: test, args: [-e, /run/go]}}
              second: {after: [first], symlink: {path: /run/second, target: /etc}}

            """

        @Test func `units wait for other units, wantedBy starts tasks, and a run by hand wakes waiting units`()
            async throws
        {
            try await TestMachine.withRunning { machine in
                try await machine.place(Self.tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.place(
                    "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=sleep 3\n",
                    at: "/etc/systemd/system/slow.service",
                )
                try await machine.place("[Unit]\nDescription=storage\n", at: "/etc/systemd/system/storage.target")
                try await machine.startTasks(with: "slow.service")

                #expect(try await machine.becomes("systemctl is-active k8s-bootstrap-late") { $0 == "active\n" })
                let times = try await machine.output(
                    "systemctl show --value -p ExecMainExitTimestampMonotonic slow.service; "
                        + "systemctl show --value -p ExecMainStartTimestampMonotonic k8s-bootstrap-late"
                )
                let (ended, started) = try pair(times)
                #expect(ended > 0)
                #expect(started >= ended)

                try await machine.must("systemctl stop k8s-bootstrap-late && systemctl start storage.target")
                #expect(try await machine.becomes("systemctl is-active k8s-bootstrap-late") { $0 == "active\n" })

                let states = "systemctl show --value -p SubState k8s-bootstrap-first k8s-bootstrap-second"
                #expect(try await machine.becomes(states) { $0 == "failed\n\ndead\n" })
                try await machine.stopRetries()
                try await machine.must("touch /run/go && nest-bootstrap run --task first")
                #expect(try await machine.becomes(states) { $0 == "exited\n\nexited\n" })
                let byHand = try await machine.journal("NEST_TASK=first", "NEST_OUTCOME=changed")
                #expect(byHand.contains { $0["_SYSTEMD_UNIT"]?.string != "k8s-bootstrap-first.service" })
                #expect(try await machine.isRunningWithoutFailures())
            }
        }

        // Compared with one task, because a busy machine doubles both. Most of the time for one task is the start of the process.
        @Test func `the generator takes less than five times as long for 50 tasks as for one`() async throws {
            func tasks(_ count: Int) -> String {
                let tasks = (1...count).map { number in
                    "  t\(number):\n    after: [\(number > 1 ? "t\(number - 1)" : "")]\n"
                        + "    file: {path: /etc/x/\(number), content: x, owner: root}\n"
                }
                return "tasks:\n\(tasks.joined())"
            }
            try await TestMachine.withRunning { machine in
                try await machine.place(tasks(50), at: "/etc/50.yaml")
                try await machine.place(tasks(1), at: "/etc/1.yaml")
                try await machine.startTasks()
                let times = try await machine.must(
                    """
                    cat >/run/measure <<'END'
                    TIMEFORMAT='%3U %3S'
                    for i in $(seq 20); do
                        for n in 1 50; do
                            echo -n "$n "
                            time /usr/lib/systemd/system-generators/nest-bootstrap-generator /run/g/$i-$n /run/g/e /run/g/l \
                                --config /etc/$n.yaml || exit 1
                        done
                    done
                    END
                    bash /run/measure 2>&1 | awk '{ print $1, int(($2 + $3) * 1000 + 0.5) }'
                    """
                )
                var milliseconds: [Int: [Int]] = [:]
                for line in times.split(separator: "\n") {
                    let numbers = line.split(separator: " ").compactMap { Int($0) }
                    try #require(numbers.count == 2, "\(line)")
                    milliseconds[numbers[0], default: []].append(numbers[1])
                }
                show("the generator's processor times in milliseconds, by the number of tasks", "\(milliseconds)")
                #expect(milliseconds.mapValues(\.count) == [1: 20, 50: 20])
                let one = try #require(milliseconds[1]?.min())
                let many = try #require(milliseconds[50]?.min())
                #expect(many < 5 * max(one, 1))
                #expect(try await machine.output("ls /run/g/1-50 | grep -c 'k8s-bootstrap-t.*service$'") == "50\n")
            }
        }
    }
}

/// Two numbers, one per line.
private func pair(_ text: String) throws -> (Int, Int) {
    let numbers = text.split(separator: "\n").compactMap { Int($0) }
    try #require(numbers.count == 2, "\(text)")
    return (numbers[0], numbers[1])
}
