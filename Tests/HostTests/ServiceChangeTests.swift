import Base
import TestSupport
import Testing

@testable import Host

/// Changes of units of a real systemd.
@Suite(.temporaryDirectory, .needsUserManager, .serialized, .timeLimit(.minutes(15))) struct ServiceChangeTests {
    private let unit = "a.service"

    private func manager(_ service: String, unit: String = "", install: String = "") async throws -> UserManager {
        let manager = try await UserManager(in: TemporaryDirectory.path)
        let text = "[Unit]\n\(unit)\n[Service]\n\(service)\n[Install]\n\(install)\n"
        try manager.write(text, toUnit: self.unit)
        return manager
    }

    private func change(
        _ change: Systemd.ServiceChange,
        _ manager: UserManager,
        from own: [String] = [],
        settlingTime: Duration = .zero,
    ) async throws {
        let failure = try await manager.asked {
            try await Systemd.change(
                unit,
                change,
                from: own,
                settlingTime: settlingTime,
                deadline: .now + .seconds(600)
            )
        }
        if let failure { throw Unchanged(failure: failure) }
    }

    private struct Unchanged: Error {
        var failure: ServiceFailure
    }

    private func state(_ manager: UserManager) async throws -> InstalledUnit {
        try await manager.asked { try await Systemd.installedUnit(unit) }
    }

    @Test func `a service is started, reloaded, restarted and stopped`() async throws {
        let manager = try await manager("ExecStart=/bin/sleep infinity")
        for (action, active) in [
            (.start, "active"), (.reload, "active"), (.restart, "active"), (.stop, "inactive"), (.reload, "active"),
        ] as [(Systemd.ServiceChange, String)] {
            try await change(action, manager)
            #expect(try await state(manager).unit.active == active, "\(action)")
        }
    }

    @Test(
        arguments: [
            ("ExecStart=/bin/false", 1), ("Type=oneshot\nExecStart=/bin/sh -c 'exit 3'", 3),
            ("ExecStart=/bin/sh -c 'sleep 0.2; exit 4'", 4),
            ("Restart=always\nRestartSec=1000\nExecStart=/bin/sh -c 'exit 5'", 5),
        ] as [(String, Int32)]
    )
    func `a service whose program ends is not started, with its exit status`(
        service: String,
        status: Int32
    )
        async throws
    {
        let manager = try await manager(service)
        // The program of a busy machine may take long to end.
        let end = try await end(of: .start, manager, settlingTime: .seconds(600))
        #expect(end.result == "exit-code")
        #expect(end.exitStatus == status)
    }

    /// The way in which a change fails.
    private func end(
        of change: Systemd.ServiceChange,
        _ manager: UserManager,
        settlingTime: Duration = .zero,
    ) async throws -> ServiceEnd {
        let unchanged = await #expect(throws: Unchanged.self) {
            try await self.change(change, manager, settlingTime: settlingTime)
        }
        let end: ServiceEnd? = if case .failed(let end) = unchanged?.failure { end } else { nil }
        return try #require(end, "\(String(describing: unchanged))")
    }

    @Test func `a failed reload, a failed requirement and an unmet condition are the reasons`() async throws {
        let manager = try await manager("ExecStart=/bin/sleep infinity\nExecReload=/bin/false")
        try await change(.start, manager)
        let reload = try await end(of: .reload, manager)
        #expect(reload.job == "failed" && reload.state.isActive)
        try await change(.stop, manager)

        try manager.write("[Service]\nType=oneshot\nExecStart=/bin/false\n", toUnit: "b.service")
        let service = "[Service]\nExecStart=/bin/sleep infinity\n"
        try manager.write("[Unit]\nRequires=b.service\nAfter=b.service\n\(service)", toUnit: unit)
        #expect(try await end(of: .start, manager).job == "dependency")

        try manager.write("[Unit]\nConditionPathExists=/nowhere\n\(service)", toUnit: unit)
        #expect(try await end(of: .start, manager).lacksCondition)
    }

    @Test func `a service that ends by itself has started if it succeeds, and a changed file counts`() async throws {
        let manager = try await manager("Type=oneshot\nExecStart=/bin/true")
        try await change(.start, manager)
        try manager.write("[Service]\nType=oneshot\nExecStart=/bin/false\n", toUnit: unit)
        #expect(try await end(of: .start, manager).exitStatus == 1)
    }

    @Test func `a unit is not started while a unit that it is ordered after waits for the caller`() async throws {
        let manager = try await manager("ExecStart=/bin/sleep infinity", unit: "After=b.service")
        try manager.write("[Service]\nType=oneshot\nExecStart=/bin/sleep infinity\n", toUnit: "b.service")
        try await manager.queueStart("b.service")
        #expect(
            try await TestSupport.becomes {
                try await manager.asked { try await Systemd.installedUnit("b.service") }.unit.active == "activating"
            }
        )
        let unchanged = await #expect(throws: Unchanged.self) {
            try await change(.start, manager, from: ["b.service"])
        }
        #expect(unchanged?.failure == .waitsForCaller("b.service"))
        #expect(try await state(manager).unit.active == "inactive")
    }

    @Test func `a unit is enabled and disabled, and one without a section to install it stays as it is`()
        async throws
    {
        let manager = try await manager("ExecStart=/bin/true", install: "WantedBy=default.target")
        func setEnabled(_ isEnabled: Bool) async throws -> InstalledUnit {
            try await manager.asked { try await Systemd.setEnabled(isEnabled, unit) }
        }
        #expect(try await state(manager).file == "disabled")
        #expect(try await setEnabled(true).isEnabled)
        #expect(try await state(manager).isEnabled)
        #expect(try await !setEnabled(false).isEnabled)
        #expect(try await state(manager).file == "disabled")
        try manager.write("[Service]\nExecStart=/bin/true\n", toUnit: unit)
        #expect(try await setEnabled(true).file == "static")
    }

    @Test func `a unit that does not exist is so, and cannot be enabled`() async throws {
        let manager = try await manager("ExecStart=/bin/true")
        try await manager.asked {
            let absent = try await Systemd.installedUnit("absent.service")
            #expect(absent.unit.load == "not-found")
            #expect(!absent.isEnabled && !absent.isUp)
            await #expect(throws: SystemError.self) { try await Systemd.setEnabled(true, "absent.service") }
        }
    }
}

extension UserManager {
    /// Calls a function that asks this manager in place of the machine's systemd.
    func asked<Value>(_ body: () async throws -> Value) async throws -> Value {
        try await Systemd.$busAddress.withValue(busAddress) { try await body() }
    }
}
