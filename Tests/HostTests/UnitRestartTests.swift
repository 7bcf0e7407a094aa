import Base
import TestSupport
import Testing

@testable import Host

/// Restarts units of a real systemd, and asks for its timers.
@Suite(.temporaryDirectory, .needsUserManager, .serialized, .timeLimit(.minutes(15))) struct UnitRestartTests {
    private let unit = "a.service"
    private let marker = TemporaryDirectory.file("started")

    /// A manager with a service that leaves a line for each start, and fails while there is a file.
    private func manager(after: String? = nil) async throws -> UserManager {
        let manager = try await UserManager(in: TemporaryDirectory.path)
        let order = after.map { "[Unit]\nAfter=\($0)\n" } ?? ""
        let command = "/bin/sh -c 'echo x >>\(marker); test ! -e \(marker).fails'"
        let text = "\(order)[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=\(command)\n"
        try manager.write(text, toUnit: unit)
        return manager
    }

    /// The number of starts.
    private var starts: Int { ((try? readFile(marker, limit: 1000)) ?? []).count { $0 == UInt8(ascii: "x") } }

    private func restart(
        _ manager: UserManager,
        _ name: String? = nil,
        from own: [String] = [],
        startsFailed: Bool = false,
    ) async throws -> Bool {
        try await manager.asked {
            try await Systemd.restart(
                name ?? unit,
                from: own,
                startsFailed: startsFailed,
                deadline: .now + .seconds(600)
            )
        }
    }

    @Test func `a unit that is active is restarted, and one that is not stays so`() async throws {
        let manager = try await manager()
        #expect(try await !restart(manager))
        #expect(starts == 0)
        try await manager.start(unit)
        #expect(try await restart(manager))
        #expect(starts == 2)
    }

    @Test func `a unit whose file has changed is restarted with the new one`() async throws {
        let manager = try await manager()
        try await manager.start(unit)
        let text = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c 'echo xxx >>\(marker)'\n"
        try manager.write(text, toUnit: unit)
        #expect(try await restart(manager))
        #expect(starts == 4)
    }

    @Test func `a unit that is not active after the restart is an error, and is started by the next attempt`()
        async throws
    {
        let manager = try await manager()
        try await manager.start(unit)
        try FileSystem.write([], to: "\(marker).fails", mode: 0o600)
        let error = await #expect(throws: SystemError.self) { try await restart(manager) }
        #expect(error?.description == "cannot restart 'a.service': after the restart it is failed (failed)")
        #expect(try await !restart(manager))
        try FileSystem.remove("\(marker).fails")
        #expect(try await restart(manager, startsFailed: true))
        #expect(starts == 3)
    }

    @Test func `a unit that does not exist is an error`() async throws {
        let manager = try await manager()
        let error = await #expect(throws: SystemError.self) { try await restart(manager, "none.service") }
        #expect(error?.description == "cannot restart 'none.service': there is no such unit")
        #expect(error?.advice == "correct its name in 'restart', or install the unit")
        let itself = await #expect(throws: SystemError.self) { try await restart(manager, from: [unit]) }
        #expect(itself?.description == "cannot restart 'a.service': it is what restarts it")
    }

    @Test func `a unit that is ordered after the unit of the caller is not waited for`() async throws {
        let manager = try await manager(after: "own.service")
        let wait = "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'until test -e \(marker).done; do sleep 0.1; done'\n"
        try manager.write(wait, toUnit: "own.service")
        try await manager.start(unit)
        #expect(try await manager.systemctl("start", "--no-block", "own.service").status == 0)
        #expect(try await restart(manager, from: ["own.service"]))
        #expect(starts == 1)
        try FileSystem.write([], to: "\(marker).done", mode: 0o600)
        #expect(try await becomes { starts == 2 })
    }

    @Test func `a unit that is ordered after the unit of the caller is waited for when that has started`() async throws
    {
        let manager = try await manager(after: "own.service")
        try manager.write("[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n", toUnit: "own.service")
        for unit in ["own.service", unit] { try await manager.start(unit) }
        #expect(try await restart(manager, from: ["own.service"]))
        #expect(starts == 2)
        try FileSystem.write([], to: "\(marker).fails", mode: 0o600)
        let error = await #expect(throws: SystemError.self) { try await restart(manager, from: ["own.service"]) }
        #expect(error?.description == "cannot restart 'a.service': after the restart it is failed (failed)")
    }

    @Test func `the time until a timer elapses is known while it waits`() async throws {
        let manager = try await manager()
        try manager.write("[Timer]\nOnActiveSec=1h\n", toUnit: "a.timer")
        func times() async throws -> [String: Duration] {
            try await manager.asked { try await Systemd.timers(["a.timer"], timeout: .seconds(600)) }
        }
        #expect(try await times() == [:])
        try await manager.start("a.timer")
        let time = try #require(try await times()["a.timer"])
        #expect(time > .seconds(1800) && time <= .seconds(3660))
    }
}
