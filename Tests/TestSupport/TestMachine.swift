import Glibc
public import Testing

/// A Debian with the package installed, booted by the scripts of `Tests/boot`.
///
/// It has a disk, processes and a systemd of its own, and shares loopback: an API server of ``TestCluster`` is its own.
/// A machine that is booted at a ``MachineNetwork`` shares nothing.
public struct TestMachine: Sendable {
    /// Where everything of the machine is: its disk, its console.
    public let directory: String

    /// The package that is installed, named by the environment variable `NEST_PACKAGE`.
    public static let package = TestProcess.environment["NEST_PACKAGE"] ?? ""

    /// The package of the examples, named by the environment variable `NEST_EXAMPLES`.
    public static let examples = TestProcess.environment["NEST_EXAMPLES"] ?? ""

    /// The archive with the install script, named by the environment variable `NEST_ARCHIVE`.
    public static let archive = TestProcess.environment["NEST_ARCHIVE"] ?? ""

    /// Whether there is a package, and this machine can boot others.
    public static let isAvailable: Bool = {
        guard (try? Files.status(package))?.kind == .regular else { return false }
        return (try? Tool("\(scripts)/can"))?.blockingResult().status == 0
    }()

    public static let scripts = TestCluster.sourceRoot + "/Tests/boot"

    /// Returns whether there is another release of Debian to boot, which the tests are to use.
    public static func hasRelease(_ name: String) -> Bool {
        guard (TestProcess.environment["NEST_RELEASES"] ?? "").split(separator: " ").contains(name[...]) else {
            return false
        }
        return (try? Files.status("\(ExtractedPrograms.cache)/boot/\(name)/etc/os-release")) != nil
    }

    /// Lends a machine that is off, and removes it afterwards.
    ///
    /// * `hostName`: The name of the machine; `bootstrap.yaml` has the roles of some.
    /// * `package`: What is installed, nothing if empty; with the default, the examples too.
    /// * `variant`: Which copy of Debian it has: `cluster` with etcd, keepalived and
    ///   containerd, `managed` with an SSH server and Python; or which release, such as `trixie`.
    public static func withFresh<Value>(
        _ hostName: String,
        package: String = Self.package,
        variant: String? = nil,
        _ body: (TestMachine) async throws -> Value,
    ) async throws -> Value {
        let machine = unprepared()
        let result: Result<Value, any Error>
        do {
            try await machine.prepare(hostName, package: package, variant: variant)
            result = .success(try await body(machine))
        } catch {
            result = .failure(error)
        }
        try await machine.remove()
        return try result.get()
    }

    /// A machine that has no disk yet.
    static func unprepared() -> TestMachine {
        let random = String(UInt64.random(in: .min ... .max), radix: 36)
        return TestMachine(directory: "\(TestProcess.temporaryDirectory)/nest-machine-\(random)")
    }

    func prepare(_ hostName: String, package: String = Self.package, variant: String? = nil) async throws {
        // The task files of most tests apply manifests of the examples.
        let packages = package == Self.package ? [package, Self.examples] : [package]
        let arguments = [hostName] + packages.filter { !$0.isEmpty }
        try await script("prepare", arguments, environment: ["NEST_BOOT_VARIANT": variant])
    }

    /// Brings the machine back to how it was when this was called first.
    public func restore() async throws { try await script("restore") }

    func remove() async throws { try await script("remove") }

    /// The path outside of a file that the machine's disk has over the shared Debian; to be written while it is off.
    public func disk(_ path: String) -> String { "\(directory)/upper\(path)" }

    /// Puts a file on the disk of the machine, which must be off.
    public func write(_ text: String, to path: String) throws {
        try Files.write([UInt8](text.utf8), to: disk(path), mode: 0o644)
    }

    /// Boots the machine, and comes back as soon as its systemd can be asked.
    ///
    /// * `network`: The network that it is connected to by its interface `host0`, that of this machine if left out.
    public func boot(at network: MachineNetwork? = nil, _ options: String...) async throws {
        let connection = network.map { ["--network", $0.path] } ?? []
        try await script("boot", ["--with", "\(getpid())"] + connection + options)
    }

    /// Shuts the machine down; its disk stays.
    public func halt() async throws { try await script("halt") }

    /// Takes the machine's power away; its disk stays as it is at that moment.
    public func cutPower() async throws { try await script("halt", ["--now"]) }

    /// Runs a command inside the machine, which must be on.
    public func run(_ command: String...) async throws -> ToolResult {
        try await Tool.run("\(Self.scripts)/inside", [directory] + command)
    }

    private func script(
        _ name: String,
        _ arguments: [String] = [],
        environment: [String: String?] = [:]
    ) async throws {
        let result = try await Tool.run("\(Self.scripts)/\(name)", [directory] + arguments, environment: environment)
        guard result.status == 0 else { throw ToolFailure(command: name, result: result) }
    }
}

extension Trait where Self == ConditionTrait {
    public static var needsMachine: Self {
        .enabled(if: TestMachine.isAvailable && TestCluster.isAvailable, "no machine can be booted; run make boot-test")
    }
}

extension TestMachine {
    /// Lends a running, idle machine, which earlier tests may have used.
    ///
    /// It has the package, and no task file. Before the next test has it, its files, units and journal are again as
    /// they were: `Tests/boot/restore`. A machine that cannot be restored is removed, and the next test gets another.
    ///
    /// * `release`: Its release of Debian; `nil` is that of this machine.
    /// * `body`: What is done with it, except that it is not halted.
    public static func withRunning<Value>(
        _ release: String? = nil,
        _ body: (TestMachine) async throws -> Value
    ) async throws -> Value {
        let machine = try await RunningMachines.shared.take(release)
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(machine))
        } catch {
            result = .failure(error)
        }
        await RunningMachines.shared.giveBack(machine, release)
        return try result.get()
    }

    /// Puts a file on the disk of the machine, which must be on.
    ///
    /// * `path`: The absolute path inside. Its directory is created.
    public func place(_ text: String, at path: String) async throws {
        let script = "mkdir -p -- \"$(dirname -- \"$1\")\" && cat >\"$1\""
        try await inside(["sh", "-c", script, "sh", path], input: text)
    }

    /// Copies what is in a directory of this machine to the other, which must be on.
    ///
    /// * `directory`: The directory. Its contents belong to root on the machine; files that exist there stay.
    /// * `path`: The absolute path inside of the directory that gets it, which is created.
    public func place(contentsOf directory: String, at path: String = "/") async throws {
        let copy = """
            "$2/inside" "$3" mkdir -p "$4"
            tar --create --owner=root --group=root --directory "$1" . |
                "$2/inside" "$3" tar --extract --preserve-permissions --no-overwrite-dir --directory "$4"
            """
        let arguments = ["-euo", "pipefail", "-c", copy, "bash", directory, Self.scripts, self.directory, path]
        let result = try await Tool.run("bash", arguments)
        guard result.status == 0 else { throw ToolFailure(command: "tar", result: result) }
    }

    /// Starts the tasks as a boot does, without waiting for them: systemd reads the task file.
    public func startTasks(with units: String...) async throws {
        try await inside(["systemctl", "daemon-reload"])
        try await inside(["systemctl", "start", "--no-block"] + units + ["k8s-bootstrap.target"])
    }

    private func inside(_ command: [String], input: String = "") async throws {
        let result = try await Tool.run("\(Self.scripts)/inside", [directory] + command, input: input)
        guard result.status == 0 else { throw ToolFailure(command: command[0], result: result) }
    }
}

/// The running machines that no test has, by release. The suites that take them have at most three tests at a time.
private actor RunningMachines {
    static let shared = RunningMachines()

    private var free: [String?: [TestMachine]] = [:]

    /// Returns a machine that no other test has.
    func take(_ release: String?) async throws -> TestMachine {
        if let machine = free[release]?.popLast() { return machine }
        let machine = TestMachine.unprepared()
        do {
            try await machine.prepare("ducksnest-controlplane", variant: release)
            try await machine.boot()
            try await machine.restore()
            return machine
        } catch {
            try? await machine.remove()
            throw error
        }
    }

    func giveBack(_ machine: TestMachine, _ release: String?) async {
        do {
            try await machine.restore()
            free[release, default: []].append(machine)
        } catch {
            print("a machine is removed, because it cannot be restored: \(error)")
            try? await machine.remove()
        }
    }
}

/// A bridge in a network namespace of its own, which machines are connected to.
///
/// A machine that has lost its power is gone from it, with its addresses.
public struct MachineNetwork: Sendable {
    public let path: String

    /// Lends a network without machines, and ends it afterwards.
    public static func withFresh<Value>(_ body: (MachineNetwork) async throws -> Value) async throws -> Value {
        let result = try await Tool.run("\(TestMachine.scripts)/network", ["\(getpid())"])
        let path = result.outputLines.first ?? ""
        guard result.status == 0, let identifier = Int32(path.split(separator: "/").dropFirst().first ?? "") else {
            throw ToolFailure(command: "network", result: result)
        }
        defer { _ = kill(identifier, SIGTERM) }
        return try await body(MachineNetwork(path: path))
    }
}
