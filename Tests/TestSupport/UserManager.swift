import Glibc
public import Testing

/// A systemd of an ordinary user with a bus of its own, which also runs where systemd did not boot the machine.
///
/// It ends with the test. Its units should run no processes that outlive it.
public final class UserManager: Sendable {
    public let busAddress: String

    private let directory: String
    private let group = "nest-bootstrap-\(UInt64.random(in: .min ... .max))"
    private let process: ChildProcess

    /// Whether such a systemd can be started here.
    public static let isAvailable: Bool =
        TestProcess.isRoot && (try? Files.exists(program)) == true
        && ["dbus-daemon", "setpriv", "systemctl"].allSatisfy(ChildProcess.isInstalled)
        && (try? ChildProcess.run(["unshare", "--mount", "true"])) != nil

    private static let program = "/lib/systemd/systemd"

    /// A manager runs only where `/run` says that systemd booted the machine: it gets a `/run` of its own.
    ///
    /// The control groups of its units are below its own, which no other manager uses: it would wait for the processes of
    /// another manager's unit with the same name, and end them.
    private static let script = """
        for tree in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
          test -w "$tree/cgroup.procs" || continue
          mkdir "$tree/$2"
          echo $$ >"$tree/$2/cgroup.procs"
        done
        mount -t tmpfs tmpfs /run
        mkdir -p /run/systemd/system "$1/run" "$1/home"
        chmod 700 "$1/run"
        unset DBUS_SESSION_BUS_ADDRESS
        export XDG_RUNTIME_DIR="$1/run" HOME="$1/home"
        exec \(program) --user --log-target=console
        """

    /// Ends its bus and the processes of its units, and removes its control groups as soon as they have ended.
    private static let removal = """
        for attempt in 1 2 3 4 5 6 7 8 9 10; do
          left=
          for group in /sys/fs/cgroup/"$1" /sys/fs/cgroup/*/"$1"; do
            test ! -d "$group" || find "$group" -name cgroup.procs -exec cat {} + | xargs --no-run-if-empty kill -KILL
            test ! -d "$group" || find "$group" -depth -type d -exec rmdir {} + || left=yes
          done
          test "$left" || exit 0
          sleep 0.1
        done
        """

    private static let bus = """
        [Unit]
        Requires=dbus.socket
        [Service]
        Type=notify
        NotifyAccess=all
        ExecStart=setpriv --pdeathsig KILL dbus-daemon --session --address=systemd: --nofork --nopidfile \
          --systemd-activation --syslog-only

        """

    /// Starts a manager.
    ///
    /// * `directory`: A directory for its files and sockets, which the test removes.
    public init(in directory: String) async throws {
        self.directory = directory
        busAddress = "unix:path=\(directory)/run/bus"
        process = try ChildProcess(["unshare", "--mount", "sh", "-euc", Self.script, "sh", directory, group])
        try write("[Socket]\nListenStream=%t/bus\n", toUnit: "dbus.socket")
        try write(Self.bus, toUnit: "dbus.service")
        try await repeatUntilSuccess(["systemctl", "--user", "show", "--property=Version"])
        try await systemctl("daemon-reload")
        try await start("dbus.service")
        let (name, path) = ("org.freedesktop.systemd1", "/org/freedesktop/systemd1")
        try await repeatUntilSuccess(
            ["busctl", "--address=\(busAddress)", "get-property", name, path, "\(name).Manager", "Version"]
        )
    }

    /// Starts a unit, and waits until it is active.
    ///
    /// A manager on a busy machine may not answer within the time that `systemctl` waits; then it is asked again.
    public func start(_ unit: String) async throws {
        try await repeatUntilSuccess(["timeout", "60", "systemctl", "--user", "start", unit])
    }

    /// Queues the start of a unit, without waiting for it.
    public func queueStart(_ unit: String) async throws {
        try await repeatUntilSuccess(["timeout", "60", "systemctl", "--user", "--no-block", "start", unit])
    }

    private func repeatUntilSuccess(_ command: [String]) async throws {
        var errors = ""
        let hasSucceeded = try await becomes {
            let result = try await Tool.run(command[0], Array(command.dropFirst()), environment: runtime)
            errors = result.errors
            return result.status == 0
        }
        if !hasSucceeded { throw SupportError("systemd does not start: \(errors)") }
    }

    private var runtime: [String: String?] { ["XDG_RUNTIME_DIR": "\(directory)/run"] }

    deinit { end() }

    public func end() {
        process.end()
        try? ChildProcess.run(["sh", "-c", Self.removal, "sh", group])
    }

    public func write(_ text: String, toUnit name: String) throws(SupportError) {
        try Files.write(Array(text.utf8), to: unitPath(name), mode: 0o644)
    }

    @discardableResult
    public func systemctl(_ arguments: String...) async throws(SupportError) -> ToolResult {
        try await Tool.run("systemctl", ["--user"] + arguments, environment: runtime)
    }

    private func unitPath(_ name: String) -> String { "\(directory)/home/.config/systemd/user/\(name)" }
}

extension Trait where Self == ConditionTrait {
    public static var needsUserManager: Self {
        .enabled(if: UserManager.isAvailable, "no systemd can be started: it takes root, systemd and dbus-daemon")
    }
}
