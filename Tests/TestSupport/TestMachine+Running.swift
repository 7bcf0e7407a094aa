extension TestMachine {
    /// Lends a running, idle machine, which earlier tests may have used.
    ///
    /// It has the package, and no task file. Before the next test has it, its files, units and journal are again as
    /// they were: `Tests/boot/restore`. A machine that cannot be restored is removed, and the next test gets another.
    ///
    /// - Parameter body: What is done with it, except that it is not halted.
    /// - Returns: What the body returns.
    /// - Throws: What the body throws, or ``ToolFailure`` if no machine can be booted.
    public static func withRunning<Value>(_ body: (TestMachine) async throws -> Value) async throws -> Value {
        let machine = try await RunningMachines.shared.take()
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(machine))
        } catch {
            result = .failure(error)
        }
        await RunningMachines.shared.giveBack(machine)
        return try result.get()
    }

    /// Puts a file on the disk of the machine, which must be on.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - path: The absolute path inside. Its directory is created.
    /// - Throws: ``ToolFailure`` if it cannot be written.
    public func place(_ text: String, at path: String) async throws {
        let script = "mkdir -p -- \"$(dirname -- \"$1\")\" && cat >\"$1\""
        try await inside(["sh", "-c", script, "sh", path], input: text)
    }

    /// Copies what is in a directory of this machine to the other, which must be on.
    ///
    /// - Parameters:
    ///   - directory: The directory. Its contents belong to root on the machine; files that exist there stay.
    ///   - path: The absolute path inside of the directory that gets it, which is created.
    /// - Throws: ``ToolFailure`` if it cannot be copied.
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
    ///
    /// - Parameter units: What starts at the same time.
    /// - Throws: ``ToolFailure`` if they cannot be started.
    public func startTasks(with units: String...) async throws {
        try await inside(["systemctl", "daemon-reload"])
        try await inside(["systemctl", "start", "--no-block"] + units + ["k8s-bootstrap.target"])
    }

    private func inside(_ command: [String], input: String = "") async throws {
        let result = try await Tool.run("\(Self.scripts)/inside", [directory] + command, input: input)
        guard result.status == 0 else { throw ToolFailure(command: command[0], result: result) }
    }
}

/// The running machines, each lent to one test at a time.
private actor RunningMachines {
    static let shared = RunningMachines()

    /// More would take time from those that boot.
    private static let limit = 3

    private var count = 0
    private var free: [TestMachine] = []
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Returns a machine that no other test has.
    func take() async throws -> TestMachine {
        while true {
            if let machine = free.popLast() { return machine }
            if count < Self.limit { break }
            await withCheckedContinuation { waiting.append($0) }
        }
        count += 1
        let machine = TestMachine.unprepared()
        do {
            try await machine.prepare("ducksnest-controlplane")
            try await machine.boot()
            try await machine.restore()
            return machine
        } catch {
            await drop(machine)
            throw error
        }
    }

    func giveBack(_ machine: TestMachine) async {
        do {
            try await machine.restore()
            free.append(machine)
            wakeOne()
        } catch {
            print("a machine is removed, because it cannot be restored: \(error)")
            await drop(machine)
        }
    }

    private func drop(_ machine: TestMachine) async {
        try? await machine.remove()
        count -= 1
        wakeOne()
    }

    private func wakeOne() {
        if !waiting.isEmpty { waiting.removeFirst().resume() }
    }
}
