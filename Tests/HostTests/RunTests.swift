import Base
import Glibc
import Host
import TestSupport
import Testing

@Suite(.temporaryDirectory, .timeLimit(.minutes(15))) struct RunTests {
    private static let environment = ["PATH": "/usr/local/bin:/usr/bin:/bin:/run/current-system/sw/bin"]

    private func shell(_ script: String) -> Command {
        Command("sh", ["-c", script], environment: Self.environment)
    }

    /// Runs a command that ends by itself and returns its lines.
    private func run(_ command: Command) async throws -> (Host.ExitStatus, [String]) {
        let collector = LineCollector()
        let status = try await Host.run(command, deadline: .now + .seconds(600)) { collector.append($0) }
        return (status, collector.lines)
    }

    @Test(arguments: [(0, "exited with code 0"), (3, "exited with code 3"), (255, "exited with code 255")])
    func `an exit code is returned`(code: Int32, words: String) async throws {
        let (status, _) = try await run(shell("exit \(code)"))
        #expect(status == .exited(code))
        #expect(status.isSuccess == (code == 0))
        #expect(status.description == words)
    }

    @Test func `a signal is returned`() async throws {
        let (status, _) = try await run(shell("kill -SEGV $$"))
        #expect(status == .signalled(SIGSEGV))
        #expect(status.description == "was ended by signal 11 (SIGSEGV)")
    }

    @Test func `output and errors arrive in the order written`() async throws {
        let (_, lines) = try await run(shell("echo a; echo b >&2; echo c; printf d"))
        #expect(lines == ["a", "b", "c", "d"])
    }

    @Test func `a line arrives while the program still runs`() async throws {
        let fifo = TemporaryDirectory.file("go")
        try Kernel.makeFIFO(fifo)
        // The program ends only because its first line was seen.
        let status = try await Host.run(shell("echo ready; read x < \(fifo)"), deadline: .now + .seconds(600)) { line in
            if line == "ready" { Kernel.writeLine(toFIFO: fifo) }
        }
        #expect(status == .exited(0))
    }

    @Test func `the environment is exactly what is given, and standard input is empty`() async throws {
        let command = Command("env", environment: Self.environment.merging(["A": "1=2", "B": ""]) { $1 })
        #expect(try await Set(run(command).1) == ["PATH=\(Self.environment["PATH"] ?? "")", "A=1=2", "B="])
        #expect(try await run(shell("cat; echo done")).1 == ["done"])
    }

    @Test func `no open file is inherited`() async throws {
        // Not closed on execution, as the files of careless libraries are.
        let careless = Kernel.openInheritable("/dev/null")
        defer { close(careless) }
        let (_, lines) = try await run(shell("for f in /proc/self/fd/*; do [ -e $f ] && echo ${f##*/}; done"))
        #expect(Set(lines).subtracting(["0", "1", "2"]).isEmpty)
    }

    @Test func `no signal is blocked or ignored in the program`() async throws {
        await #expect(processExitsWith: .success) {
            Signals.ignoreBrokenPipe()
            Kernel.block(SIGTERM)
            let collector = LineCollector()
            let command = Command("grep", ["-E", "Sig(Blk|Ign)", "/proc/self/status"], environment: Self.environment)
            _ = try await Host.run(command, deadline: .now + .seconds(600)) { collector.append($0) }
            let masks = collector.lines.map { UInt64($0.split(separator: "\t").last ?? "", radix: 16) ?? .max }
            // Signals 32 and 33 are glibc's own and cannot be asked for.
            #expect(masks.map { $0 & ~(0b11 << 31) } == [0, 0])
        }
    }

    @Test func `exit codes are kept although the parent ignored SIGCHLD`() async throws {
        await #expect(processExitsWith: .success) {
            signal(SIGCHLD, SIG_IGN)
            let command = Command("sh", ["-c", "exit 7"], environment: Self.environment)
            let status = try await Host.run(command, deadline: .now + .seconds(600)) { _ in }
            #expect(status == .exited(7))
        }
    }

    /// The lines of a program that runs until its deadline.
    ///
    /// A busy machine may need longer than the first deadlines until the program has written them.
    private func lines(
        _ count: Int,
        of command: Command,
        grace: Duration = Command.grace,
    ) async throws -> [String] {
        var lines: [String] = []
        for seconds in [2, 8, 32, 128] where lines.count < count {
            let collector = LineCollector()
            let status = try await Host.run(command, deadline: .now + .seconds(seconds), grace: grace) {
                collector.append($0)
            }
            #expect(status == .timedOut)
            lines = collector.lines
        }
        return lines
    }

    @Test func `endless output is bounded and still ends at the deadline`() async throws {
        #expect(ExitStatus.timedOut.description == "was ended at its deadline")
        let lines = try await lines(4011, of: Command("yes", environment: Self.environment))
        #expect(lines.count == 4011)
        #expect(
            lines.enumerated().allSatisfy {
                $1 == "y" || $0 == 4000 && $1.hasSuffix(" lines of output omitted ...")
            }
        )
    }

    @Test func `a deadline in the past starts nothing`() async throws {
        let path = TemporaryDirectory.file("started")
        let status = try await Host.run(shell("touch \(path)"), deadline: .now) { _ in }
        #expect(status == .timedOut)
        #expect(try FileSystem.exists(path) == false)
    }

    @Test func `the whole group ends at the deadline`() async throws {
        let lines = try await lines(2, of: shell("sleep 1000 & echo $!; (sleep 1000 & echo $!; wait) & wait"))
        #expect(lines.count == 2)
        for line in lines { #expect(try Kernel.isGone(process: line)) }
    }

    @Test func `a program that ignores SIGTERM is killed after the grace period`() async throws {
        let script = "trap '' TERM; sleep 1000 & echo $!; echo $$; while :; do sleep 1000; done"
        let lines = try await lines(2, of: shell(script), grace: .milliseconds(100))
        #expect(lines.count == 2)
        for line in lines { #expect(try Kernel.isGone(process: line)) }
    }

    @Test func `what ignores SIGTERM ends with its leader, also if it has no output open`() async throws {
        let script = "sh -c 'trap \"\" TERM; exec sleep 1000' >/dev/null 2>&1 & echo $!; wait"
        let lines = try await lines(1, of: shell(script))
        #expect(lines.count == 1)
        for line in lines { #expect(try Kernel.isGone(process: line)) }
    }

    @Test func `a program may use the grace period to clean up`() async throws {
        let script = "trap 'echo cleaned; exit 0' TERM; echo ready; while :; do sleep 1000 & wait; done"
        #expect(try await lines(2, of: shell(script)) == ["ready", "cleaned"])
    }

    @Test func `a stopped program ends at the deadline`() async throws {
        let status = try await Host.run(shell("kill -STOP $$"), deadline: .now + .milliseconds(300)) { _ in }
        #expect(status == .timedOut)
    }

    @Test func `a cancelled task ends the program at once`() async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: String.self)
        let command = shell("echo $$; sleep 1000")
        let task = Task {
            try await Host.run(command, deadline: .now + .seconds(1000)) { continuation.yield($0) }
        }
        var process = ""
        for await line in stream {
            process = line
            task.cancel()
            break
        }
        let status = try await task.value
        #expect(status == .cancelled)
        #expect(status.description == "was ended because of an interruption")
        #expect(try Kernel.isGone(process: process))
    }

    @Test func `a task that is cancelled already starts nothing`() async throws {
        let path = TemporaryDirectory.file("started")
        let command = shell("touch \(path)")
        let task = Task {
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            return try await Host.run(command, deadline: .now + .seconds(1000)) { _ in }
        }
        #expect(try await task.value == .cancelled)
        #expect(try FileSystem.exists(path) == false)
    }

    @Test func `a child that keeps the output open delays nothing`() async throws {
        let (status, lines) = try await run(shell("sleep 1000 & echo $!"))
        #expect(status == .exited(0))
        let process = try #require(Int32(lines.joined()))
        #expect(kill(process, SIGKILL) == 0)
    }

    @Test func `what a confined program leaves running is killed`() async throws {
        var command = shell("sleep 1000 >/dev/null 2>&1 & echo $!")
        command.isConfined = true
        let (status, lines) = try await run(command)
        #expect(status == .exited(0))
        #expect(try Kernel.isGone(process: lines.joined()))
    }

    private let path = TemporaryDirectory.file("program")

    /// Runs what cannot be started and returns the printed error.
    private func message(_ command: Command) async -> String? {
        let error = await #expect(throws: SystemError.self) {
            try await Host.run(command, deadline: .now + .seconds(600)) { _ in }
        }
        return error?.description
    }

    @Test func `a missing program is reported with the PATH`() async {
        let command = Command("nest-nothing", environment: ["PATH": "/bin:relative:\(TemporaryDirectory.path)"])
        let path = "/bin:relative:\(TemporaryDirectory.path)"
        #expect(await message(command) == "cannot run 'nest-nothing': not found in PATH '\(path)'")
    }

    @Test func `a path that is no program is reported with the reason`() async throws {
        func reason() async -> String? {
            await message(Command(path, environment: [:]))?.replacing("cannot run '\(path)': ", with: "")
        }
        #expect(await reason() == "No such file or directory")
        try FileSystem.makeDirectories(path)
        #expect(await reason() == "is a directory")
        try FileSystem.removeTree(path)
        try FileSystem.write(Array("#!/bin/sh\n".utf8), to: path, mode: 0o644)
        #expect(await reason() == "it is not executable")
        let byName = Command("program", environment: ["PATH": TemporaryDirectory.path])
        #expect(await message(byName) == "cannot run 'program': '\(path)' is not executable")
        try FileSystem.write(Array("#!/nonexistent/sh\n".utf8), to: path, mode: 0o755)
        let interpreter = "its interpreter, or its loader, does not exist (its first line is '#!/nonexistent/sh')"
        #expect(await reason() == interpreter)
        try FileSystem.write([0, 1, 2, 3], to: path, mode: 0o755)
        #expect(await reason() == "Exec format error")
    }

    @Test func `a file that is still open for writing is reported`() async throws {
        try FileSystem.write(Array("#!/bin/sh\n".utf8), to: path, mode: 0o755)
        let writer = Kernel.openInheritable(path, O_WRONLY)
        defer { close(writer) }
        let printed = try #require(await message(Command(path, environment: [:])))
        #expect(printed == "cannot run '\(path)': Text file busy (its first line is '#!/bin/sh')")
    }

    @Test func `a program that was just written runs although others are being started`() async throws {
        let directory = TemporaryDirectory.path
        try await withThrowingTaskGroup { group in
            for number in 0..<100 {
                group.addTask {
                    let path = "\(directory)/\(number)"
                    try FileSystem.write(Array("#!/bin/sh\n".utf8), to: path, mode: 0o755)
                    let status = try await Host.run(Command(path, environment: [:]), deadline: .now + .seconds(600)) {
                        _ in
                    }
                    #expect(status == .exited(0))
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `texts that C would cut off are refused`() async {
        for command in [
            Command("/bin/sh", ["a", "b\0c"], environment: [:]), Command("/bin/sh", environment: ["A": "\0"]),
        ] { #expect(await message(command)?.contains("a variable contains a NUL character") == true) }
        #expect(await message(Command("", environment: [:])) == "cannot run '': it is empty")
    }

    @Test func `too many arguments are reported`() async {
        let command = Command("/bin/sh", [String(repeating: "x", count: 1 << 20)], environment: [:])
        #expect(await message(command) == "cannot run '/bin/sh': Argument list too long")
    }
}
