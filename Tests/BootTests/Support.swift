import TestSupport
import Testing

/// The tests that boot machines of their own, one after the other.
@Suite(.needsMachine, .serialized, .timeLimit(.minutes(15)))
struct BootedTests {}

/// The longest tests on booted machines, all at once, beside those of ``BootedTests``.
@Suite(.needsMachine, .timeLimit(.minutes(20)))
struct IndependentBootedTests {}

/// A third of the tests on running machines, one after the other on one of three machines.
@Suite(.needsMachine, .serialized, .timeLimit(.minutes(15)))
struct FirstMachineTests {}

@Suite(.needsMachine, .serialized, .timeLimit(.minutes(15)))
struct SecondMachineTests {}

@Suite(.needsMachine, .serialized, .timeLimit(.minutes(15)))
struct ThirdMachineTests {}

extension TestCluster {
    /// Runs a body with a machine that is off and whose API server is that of the cluster.
    func withMachine<Value>(_ body: (TestMachine) async throws -> Value) async throws -> Value {
        try await TestMachine.withFresh("ducksnest-controlplane") { machine in
            try machine.write("cluster: {servers: \"\(server)\"}\n", to: "/etc/nest-bootstrap/bootstrap.d/50-test.yaml")
            try machine.write(try TestMachine.homelab, to: "/etc/nest-bootstrap/bootstrap.yaml")
            return try await body(machine)
        }
    }

    /// Runs a body with a running machine, whose API server is that of the cluster and which has its credentials.
    func withRunningMachine<Value>(
        tasks: String? = nil,
        of release: String? = nil,
        _ body: (TestMachine) async throws -> Value,
    ) async throws -> Value {
        try await TestMachine.withRunning(release) { machine in
            let drop = "/etc/nest-bootstrap/bootstrap.d/50-test.yaml"
            try await machine.place("cluster: {servers: \"\(server)\"}\n", at: drop)
            try await machine.place(try tasks ?? TestMachine.homelab, at: "/etc/nest-bootstrap/bootstrap.yaml")
            try await machine.place(contentsOf: credentials, at: "/run/agenix")
            return try await body(machine)
        }
    }

    /// The option that mounts the cluster's credentials where the shipped task file expects them.
    var credentialsOption: String { "--bind-ro=\(credentials):/run/agenix" }
}

extension TestMachine {
    /// Makes a key, and lends a network in which this machine has the address 10.0.0.1.
    static func withNetworkForSSH(key: String, _ body: (MachineNetwork) async throws -> Void) async throws {
        let made = try await Tool.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key])
        try #require(made.status == 0, "\(made.errors)")
        try await MachineNetwork.withFresh { network in
            let address = ["--net=\(network.path)", "ip", "address", "add", "10.0.0.1/24", "dev", "br0"]
            try #require(try await Tool.run("nsenter", address).status == 0)
            try await body(network)
        }
    }

    /// Boots a machine of variant `managed` with an address, on which the owner of a key can log in as root.
    func boot(at network: MachineNetwork, address: String, admitting publicKey: String) async throws {
        try Files.makeDirectories(disk("/root/.ssh"), mode: 0o700)
        try Files.write(Files.read(publicKey), to: disk("/root/.ssh/authorized_keys"), mode: 0o600)
        let settings = "[Match]\nName=host0\n[Network]\nAddress=\(address)/24\n"
        try write(settings, to: "/etc/systemd/network/10-host0.network")
        try await boot(at: network)
        try await must("systemctl start systemd-networkd ssh")
        let ask = "networkctl --no-legend list host0"
        #expect(try await becomes(ask) { $0.contains(" configured") })
    }

    /// The task file of the example, which has many tasks.
    static var homelab: String {
        get throws {
            let path = "\(TestCluster.sourceRoot)/examples/homelab/bootstrap.yaml"
            return try Files.text(path)
        }
    }

    /// Waits until systemd has nothing left to start and no unit has failed; otherwise prints the failed units and the jobs.
    func isRunningWithoutFailures() async throws -> Bool {
        if try await becomes("systemctl is-system-running", { $0 == "running\n" }) { return true }
        let state = """
            systemctl is-system-running
            systemctl list-jobs --full
            systemctl --failed --full
            systemctl --failed --plain --no-legend | cut -d' ' -f1 | xargs -r systemctl status --full --lines=30
            """
        print("the machine is not running:\n\(try await output(state))")
        return false
    }

    /// Runs a command on the machine; it must succeed.
    @discardableResult
    func must(_ command: String) async throws -> String {
        let result = try await run("sh", "-c", command)
        try #require(result.status == 0, "\(command): \(result.output)\(result.errors)")
        return result.output
    }

    /// Returns the output of a command on the machine, whatever its exit status.
    func output(_ command: String) async throws -> String { try await run("sh", "-c", command).output }

    /// Returns the `ActiveState` of the services of tasks by name.
    func tasks() async throws -> [String: String] {
        let units = try await output("systemctl list-units --all --output=json 'k8s-bootstrap-*.service'")
        let list = try JSON(units).sequence ?? []
        var states: [String: String] = [:]
        for unit in list {
            let name = (unit["unit"]?.string ?? "").dropFirst("k8s-bootstrap-".count).dropLast(".service".count)
            if name == "health" || name.hasPrefix("-") || name.contains("@") { continue }
            states[String(name)] = unit["active"]?.string
        }
        return states
    }

    /// Waits until the output of a command on the machine meets a condition, and returns whether it did in ten minutes.
    func becomes(_ command: String, _ isSo: (String) -> Bool) async throws -> Bool {
        try await TestSupport.becomes(every: .milliseconds(500)) { isSo(try await output(command)) }
    }

    /// A command that counts the processes named `sleep`; the machine has no `pgrep`.
    static let countSleepProcesses = "cat /proc/[0-9]*/comm 2>/dev/null | grep -cx sleep || true"

    /// Waits until a task has failed, and returns whether one did.
    func fails(_ task: String) async throws -> Bool {
        try await TestSupport.becomes(every: .milliseconds(500)) { try await records()[task] == "failed" }
    }

    /// Keeps failed tasks from being tried again, from the next reload of systemd; the health service still runs once
    /// after each failure.
    func preventRetries() async throws {
        let timer = "[Timer]\nOnActiveSec=\nOnActiveSec=1000d\n"
        try await place(timer, at: "/etc/systemd/system/k8s-bootstrap-health.timer.d/never.conf")
    }

    /// Waits until the services of tasks are active; prints the status of one that is not.
    func succeeds(_ tasks: String...) async throws {
        for task in tasks {
            let isActive = try await becomes("systemctl is-active k8s-bootstrap-\(task)") { $0 == "active\n" }
            let status = isActive ? "" : try await status(task)
            #expect(isActive, "\(task): \(status)")
        }
    }

    /// Returns the lines that the programs of a task have printed on this boot.
    func said(_ task: String) async throws -> [String] {
        let entries = try await output("journalctl --sync; journalctl -b -o cat NEST_TASK=\(task)")
        let start = "\(task): | "
        return entries.split(separator: "\n").filter { $0.hasPrefix(start) }.map { String($0.dropFirst(start.count)) }
    }

    /// A command that runs all tasks again, in their order, as documented.
    static let restartAllTasks =
        "systemctl stop 'k8s-bootstrap-*.service' && systemctl start k8s-bootstrap.target"

    /// The releases of Debian to run a test on: `nil` is that of this machine.
    static let releases: [String?] = [nil] + (hasRelease("trixie") ? ["trixie"] : [])

    /// Returns the entries of the last boot in the machine's journal, which is read from outside.
    func journal(_ matches: String...) async throws -> [JSON] {
        _ = try await run("journalctl", "--sync")
        let arguments = ["-D", disk("/var/log/journal"), "-b", "-o", "json", "--no-pager"]
        let result = try await Tool.run("journalctl", arguments + matches)
        try #require(result.status == 0, "\(result.errors)")
        return try result.outputLines.map { try $0.json }
    }

    /// Returns the output of `nest-bootstrap status` on the machine.
    func status(_ arguments: String = "") async throws -> String {
        try await output("nest-bootstrap status \(arguments)")
    }

    /// Returns the state of every task by name.
    func records() async throws -> [String: String] {
        let text = try await status("--output json")
        let tasks = try JSON(text)["tasks"]?.sequence ?? []
        var states: [String: String] = [:]
        for task in tasks { states[task["task"]?.string ?? ""] = task["state"]?.string }
        return states
    }
}
