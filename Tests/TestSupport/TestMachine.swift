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

    /// The directory of the scripts.
    public static let scripts = TestCluster.sourceRoot + "/Tests/boot"

    /// Returns whether there is another release of Debian to boot, which the tests are to use.
    ///
    /// - Parameter name: Its name, such as `trixie`.
    /// - Returns: Whether the environment variable `NEST_RELEASES` names it, and `Tests/boot/setup NAME` has made it.
    public static func hasRelease(_ name: String) -> Bool {
        guard (TestProcess.environment["NEST_RELEASES"] ?? "").split(separator: " ").contains(name[...]) else {
            return false
        }
        return (try? Files.status("\(ExtractedPrograms.cache)/boot/\(name)/etc/os-release")) != nil
    }

    /// Lends a machine that is off, and removes it afterwards.
    ///
    /// - Parameters:
    ///   - hostName: The name of the machine; `bootstrap.yaml` has the roles of some.
    ///   - package: What is installed, nothing if empty; with the default, the examples too.
    ///   - variant: Which copy of Debian it has: `cloud` with cloud-init, `cluster` with etcd, keepalived and
    ///     containerd, `managed` with an SSH server and Python; or which release, such as `trixie`.
    ///   - body: What is done with it.
    /// - Returns: What the body returns.
    /// - Throws: What the body throws, or ``ToolFailure`` if the package cannot be installed.
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

    /// Makes the disk of the machine.
    func prepare(_ hostName: String, package: String = Self.package, variant: String? = nil) async throws {
        // The task files of most tests apply manifests of the examples.
        let packages = package == Self.package ? [package, Self.examples] : [package]
        let arguments = [hostName] + packages.filter { !$0.isEmpty }
        try await script("prepare", arguments, environment: ["NEST_BOOT_VARIANT": variant])
    }

    /// Brings the machine back to how it was when this was called first.
    func restore() async throws { try await script("restore") }

    /// Stops the machine, and removes its disk.
    func remove() async throws { try await script("remove") }

    /// The path, seen from outside, of a file that the machine's disk has over the shared Debian.
    ///
    /// - Parameter path: The absolute path inside.
    /// - Returns: The path outside. It may be written to only while the machine is off.
    public func disk(_ path: String) -> String { "\(directory)/upper\(path)" }

    /// Puts a file on the disk of the machine, which must be off.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - path: The absolute path inside.
    /// - Throws: ``SupportError`` if it cannot be written.
    public func write(_ text: String, to path: String) throws {
        try Files.write([UInt8](text.utf8), to: disk(path), mode: 0o644)
    }

    /// Boots the machine, and comes back as soon as its systemd can be asked.
    ///
    /// - Parameters:
    ///   - network: The network that it is connected to by its interface `host0`, that of this machine if left out.
    ///   - options: Arguments of `systemd-nspawn`.
    /// - Throws: ``ToolFailure`` if it does not boot.
    public func boot(at network: MachineNetwork? = nil, _ options: String...) async throws {
        let connection = network.map { ["--network", $0.path] } ?? []
        try await script("boot", ["--with", "\(getpid())"] + connection + options)
    }

    /// Shuts the machine down; its disk stays.
    ///
    /// - Throws: ``ToolFailure`` if it does not go.
    public func halt() async throws { try await script("halt") }

    /// Takes the machine's power away; its disk stays as it is at that moment.
    ///
    /// - Throws: ``ToolFailure`` if it does not go.
    public func cutPower() async throws { try await script("halt", ["--now"]) }

    /// Runs a command inside the machine, which must be on.
    ///
    /// - Parameter command: The command and its arguments.
    /// - Returns: How it ended, and what it wrote.
    /// - Throws: ``SupportError`` if the script is not there. How the command ends is a normal result.
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
    /// Skips a test where no machine can be booted.
    public static var needsMachine: Self {
        .enabled(if: TestMachine.isAvailable && TestCluster.isAvailable, "no machine can be booted; run make boot-test")
    }
}
