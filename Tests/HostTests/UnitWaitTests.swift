import Base
import Glibc
import TestSupport
import Testing

@testable import Host

/// Waits for units of a real systemd.
///
/// Without signals each would fail: the state is asked for again only after the deadline.
@Suite(.temporaryDirectory, .needsUserManager, .serialized, .timeLimit(.minutes(30))) struct UnitWaitTests {
    private static let oneshot = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n"

    /// Waits for a unit, and makes a change as soon as the wait has begun.
    ///
    /// - Parameters:
    ///   - unit: The unit that is waited for.
    ///   - manager: Its manager.
    ///   - change: Makes the unit active; its argument continues with each state that is seen.
    /// - Returns: The states before the unit became active, or `nil` if that was not seen.
    /// - Throws: The error of the wait or of the change.
    private func states(
        of unit: String,
        _ manager: UserManager,
        until change: @escaping (AsyncStream<String>) async throws -> Void,
    ) async throws -> [String]? {
        let (waits, continuation) = AsyncStream.makeStream(of: String.self)
        let states = Locked<[String]>([])
        let task = Task {
            defer { continuation.finish() }
            return try await Systemd.waitUntilActive(
                unit,
                deadline: .now + .seconds(600),
                address: manager.busAddress,
                checkInterval: .seconds(1000)
            ) { state in
                states.withLock { $0.append("\(state)") }
                continuation.yield("\(state)")
            }
        }
        for await _ in waits { break }
        try await change(waits)
        return try await task.value ? states.withLock { $0 } : nil
    }

    @Test func `a unit that is active is not waited for`() async throws {
        let manager = try await UserManager(in: TemporaryDirectory.path)
        try manager.write(Self.oneshot, toUnit: "a.service")
        try await manager.start("a.service")
        let isActive = try await Systemd.waitUntilActive("a", deadline: .now, address: manager.busAddress) {
            Issue.record("waited: \($0)")
        }
        #expect(isActive)
    }

    @Test func `a unit is seen when it is started`() async throws {
        let manager = try await UserManager(in: TemporaryDirectory.path)
        try manager.write(Self.oneshot, toUnit: "a.service")
        let states = try await states(of: "a.service", manager) { _ in try await manager.start("a.service")
        }
        #expect(states?.first == "inactive (dead)")
    }

    @Test func `a unit is seen that did not exist`() async throws {
        let manager = try await UserManager(in: TemporaryDirectory.path)
        let states = try await states(of: "a.service", manager) { _ in
            try manager.write(Self.oneshot, toUnit: "a.service")
            try await manager.systemctl("daemon-reload")
            try await manager.start("a.service")
        }
        #expect(states?.first == "not-found")
    }

    @Test func `a unit is seen under its alias`() async throws {
        let manager = try await UserManager(in: TemporaryDirectory.path)
        try manager.write(Self.oneshot, toUnit: "a.service")
        try manager.alias("b.service", of: "a.service")
        let states = try await states(of: "b.service", manager) { _ in try await manager.start("a.service")
        }
        #expect(states?.first == "inactive (dead)")
    }

    @Test func `a unit is seen that failed before`() async throws {
        let manager = try await UserManager(in: TemporaryDirectory.path)
        let file = TemporaryDirectory.file("exists")
        let condition = "/usr/bin/test -e \(file)"
        try manager.write(Self.oneshot.replacing("/bin/true", with: condition), toUnit: "a.service")
        let states = try await states(of: "a.service", manager) { states in
            // Which fails.
            try await manager.systemctl("start", "a.service")
            for await state in states where state == "failed (failed)" { break }
            try FileSystem.write([], to: file, mode: 0o600)
            try await manager.start("a.service")
        }
        #expect(states?.contains("failed (failed)") == true)
    }

    @Test func `the deadline ends the wait`() async throws {
        let manager = try await UserManager(in: TemporaryDirectory.path)
        let deadline = ContinuousClock.now + .milliseconds(300)
        #expect(
            try await Systemd.waitUntilActive("a", deadline: deadline, address: manager.busAddress) { _ in } == false
        )
        #expect(ContinuousClock.now >= deadline)
    }

    @Test func `cancellation ends the wait`() async throws {
        let manager = try await UserManager(in: TemporaryDirectory.path)
        let (waits, continuation) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            defer { continuation.finish() }
            return try await Systemd.waitUntilActive("a", deadline: .now + .seconds(1000), address: manager.busAddress)
            { _ in
                continuation.yield()
            }
        }
        for await _ in waits { break }
        task.cancel()
        let error = await #expect(throws: SystemError.self) { try await task.value }
        #expect(error?.code == ECANCELED)
    }

    @Test func `a bus that goes away is an error`() async throws {
        let manager = try await UserManager(in: TemporaryDirectory.path)
        let (waits, continuation) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            defer { continuation.finish() }
            return try await Systemd.waitUntilActive("a", deadline: .now + .seconds(600), address: manager.busAddress) {
                _ in
                continuation.yield()
            }
        }
        for await _ in waits { break }
        manager.end()
        let error = await #expect(throws: SystemError.self) { try await task.value }
        #expect(error?.operation == "cannot ask systemd for the state of")
    }
}
