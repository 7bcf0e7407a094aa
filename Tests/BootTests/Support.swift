import Host
import TestSupport
import Testing
import YAML

/// All that is seen on booted machines; one after the other, because each has the node's own loopback.
@Suite(.needsMachine, .serialized, .timeLimit(.minutes(15)))
struct BootedTests {}

extension TestCluster {
    /// Lends a machine that is off, whose API server is this cluster's.
    func withMachine<Value>(
        _ hostName: String = "ducksnest-controlplane",
        tasks: String? = nil,
        _ body: (TestMachine) async throws -> Value,
    ) async throws -> Value {
        try await TestMachine.withFresh(hostName) { machine in
            try machine.write("cluster: {servers: \"\(server)\"}\n", to: "/etc/nest-bootstrap/bootstrap.d/50-test.yaml")
            if let tasks { try machine.write(tasks, to: "/etc/nest-bootstrap/bootstrap.yaml") }
            return try await body(machine)
        }
    }

    /// The option that lays the cluster's credentials where a node finds them.
    var credentialsOption: String { "--bind-ro=\(credentials):/run/agenix" }
}

extension TestMachine {
    /// Runs a command inside, which must succeed.
    @discardableResult
    func must(_ command: String) async throws -> String {
        let result = try await run("sh", "-c", command)
        try #require(result.status == 0, "\(command): \(result.output)\(result.errors)")
        return result.output
    }

    /// What a command inside writes, however it ends.
    func output(_ command: String) async throws -> String { try await run("sh", "-c", command).output }

    /// The services of tasks, name and `ActiveState`, in the order of the names.
    func tasks() async throws -> [String: String] {
        let units = try await output("systemctl list-units --all --output=json 'k8s-bootstrap-*.service'")
        let list = try readJSON(Array(units.utf8), file: "systemctl").sequence ?? []
        var states: [String: String] = [:]
        for unit in list {
            let name = (unit["unit"]?.string ?? "").dropFirst("k8s-bootstrap-".count).dropLast(".service".count)
            states[String(name)] = unit["active"]?.string
        }
        return states
    }

    /// Waits until a command inside writes what is hoped for, and tells whether it came within a time.
    func becomes(
        within limit: Duration = .seconds(120),
        _ command: String,
        _ isSo: (String) -> Bool,
    ) async throws -> Bool {
        let deadline = ContinuousClock.now + limit
        while !isSo(try await output(command)) {
            guard ContinuousClock.now < deadline else { return false }
            try await ContinuousClock().sleep(for: .milliseconds(200))
        }
        return true
    }

    /// Waits until a task has failed, and tells whether one did.
    func fails(_ task: String) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(60)
        while try await records()[task] != "failed" {
            guard ContinuousClock.now < deadline else { return false }
            try await ContinuousClock().sleep(for: .milliseconds(200))
        }
        return true
    }

    /// The entries of the machine's journal, of its last boot, read from outside.
    func journal(_ matches: String...) async throws -> [Node] {
        _ = try await run("journalctl", "--sync")
        let arguments = ["-D", disk("/var/log/journal"), "-b", "-o", "json", "--no-pager"]
        let result = try await Tool.run("journalctl", arguments + matches)
        try #require(result.status == 0, "\(result.errors)")
        return try result.output.split(separator: "\n").map { try readJSON(Array($0.utf8), file: "journal") }
    }

    /// What `nest-bootstrap status` tells inside.
    func status(_ arguments: String = "") async throws -> String {
        try await output("nest-bootstrap status \(arguments)")
    }

    /// The records of the tasks: name and state.
    func records() async throws -> [String: String] {
        let text = try await status("--output json")
        let tasks = try readJSON(Array(text.utf8), file: "status")["tasks"]?.sequence ?? []
        var states: [String: String] = [:]
        for task in tasks { states[task["task"]?.string ?? ""] = task["state"]?.string }
        return states
    }
}

/// Prints what a person would have seen, for whoever reads the output of the tests.
func show(_ title: String, _ text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)\n" }
    print("\(title):\n\(lines.joined())", terminator: "")
}
