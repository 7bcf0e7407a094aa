import Base
import Glibc
import Host
import TestSupport
import Testing

@Suite(.temporaryDirectory, .timeLimit(.minutes(5))) struct RunErrorTests {
    private let path = TemporaryDirectory.file("program")

    /// Runs what cannot be started and returns the printed error.
    private func message(_ command: Command) async -> String? {
        let error = await #expect(throws: SystemError.self) {
            try await run(command, deadline: .now + .seconds(600)) { _ in }
        }
        return error?.description
    }

    @Test func `a missing program is reported with the PATH`() async {
        let command = Command("nest-nothing", environment: ["PATH": "/bin:relative:\(TemporaryDirectory.path)"])
        let path = "/bin:relative:\(TemporaryDirectory.path)"
        #expect(await message(command) == "cannot run 'nest-nothing': not found in PATH '\(path)'")
    }

    @Test func `a missing path is reported`() async {
        #expect(await message(Command(path, environment: [:])) == "cannot run '\(path)': No such file or directory")
    }

    @Test func `a file that is not executable is reported`() async throws {
        try FileSystem.write(Array("#!/bin/sh\n".utf8), to: path, mode: 0o644)
        #expect(await message(Command(path, environment: [:])) == "cannot run '\(path)': it is not executable")
        let byName = Command("program", environment: ["PATH": TemporaryDirectory.path])
        #expect(await message(byName) == "cannot run 'program': '\(path)' is not executable")
    }

    @Test func `a directory is reported`() async throws {
        try FileSystem.makeDirectories(path)
        #expect(await message(Command(path, environment: [:])) == "cannot run '\(path)': is a directory")
    }

    @Test func `a missing interpreter is reported`() async throws {
        try FileSystem.write(Array("#!/nonexistent/sh\n".utf8), to: path, mode: 0o755)
        let words = "its interpreter, or its loader, does not exist (its first line is '#!/nonexistent/sh')"
        #expect(await message(Command(path, environment: [:])) == "cannot run '\(path)': \(words)")
    }

    @Test func `a file that is not a program is reported`() async throws {
        try FileSystem.write([0, 1, 2, 3], to: path, mode: 0o755)
        let words = "Exec format error"
        #expect(await message(Command(path, environment: [:])) == "cannot run '\(path)': \(words)")
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
                    let status = try await run(Command(path, environment: [:]), deadline: .now + .seconds(600)) { _ in }
                    #expect(status == .exited(0))
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `texts that C would cut off are refused`() async {
        let prefix = "cannot run '/bin/sh': "
        #expect(
            await message(Command("/bin/sh", ["a", "b\0c"], environment: [:]))
                == prefix + "argument 2 contains a NUL character"
        )
        #expect(
            await message(Command("/bin/sh", environment: ["A": "\0"]))
                == prefix + "the variable 'A' contains a NUL character"
        )
        #expect(
            await message(Command("/bin/sh", environment: ["A=B": ""]))
                == prefix + "the environment has a variable with an impossible name"
        )
        #expect(await message(Command("", environment: [:])) == "cannot run '': it is empty")
    }

    @Test func `too many arguments are reported`() async {
        let command = Command("/bin/sh", [String(repeating: "x", count: 1 << 20)], environment: [:])
        #expect(await message(command) == "cannot run '/bin/sh': Argument list too long")
    }
}
