import TestSupport
import Testing

extension RunningMachineTests {
    /// The units of the example with many tasks, as systemd loads them on a control plane.
    @Suite struct UnitTests {
        @Test func `systemd accepts the units of a control plane without warnings, and they are sandboxed`()
            async throws
        {
            try await TestMachine.withRunning { machine in
                let taskFile = try TestMachine.homelab
                try await machine.place(taskFile, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.must("systemctl daemon-reload")
                try await expectSandboxedUnits(machine, count: 15)
            }
        }
    }
}

/// Expects that systemd accepts the units of a machine without warnings, and that they are sandboxed.
func expectSandboxedUnits(_ machine: TestMachine, count: Int) async throws {
    let units = try await machine.must("ls /run/systemd/generator/ | grep -E '^k8s-bootstrap-.*[.]service$'")
    let tasks = taskUnits(in: units)
    #expect(tasks.count == count)
    let verified = try await machine.run(
        "sh",
        "-c",
        "cd /run/systemd/generator && systemd-analyze verify *[!@].service k8s-bootstrap.target"
    )
    #expect(verified.status == 0)
    #expect(verified.output + verified.errors == "")
    try await expectScores(machine, of: tasks)
}

/// The units of tasks in a list.
private func taskUnits(in list: String) -> [String] {
    let names = list.split(separator: "\n").map(String.init)
    return names.filter { name in
        name != "k8s-bootstrap-health.service" && !name.hasPrefix("k8s-bootstrap--") && !name.contains("@")
    }
}

/// Expects that no unit of a task is more exposed than 2.0.
private func expectScores(_ machine: TestMachine, of units: [String]) async throws {
    var table = ""
    for unit in units {
        let last = try await machine.output("systemd-analyze security --no-pager \(unit) | tail -n 1")
        let match = try #require(last.firstMatch(of: /(\d+\.\d+) ([A-Z]+)/), "\(last)")
        table += "\(match.output.1) \(match.output.2) \(unit)\n"
        #expect(try #require(Double(match.output.1)) <= 2.0, "\(unit)")
    }
    show("systemd-analyze security", table)
}
