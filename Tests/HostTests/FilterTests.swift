import Base
import Host
import TestSupport
import Testing

@Suite(.temporaryDirectory, .timeLimit(.minutes(15))) struct FilterTests {
    private func run(
        _ script: String,
        input: [UInt8] = [],
        outputLimit: Int = 16 << 20,
        within time: Duration = .seconds(600),
    ) async throws -> FilterResult {
        let command = Command("sh", ["-c", script], environment: Machine.environment())
        return try await filter(
            command,
            input: SecretBytes(copying: input),
            outputLimit: outputLimit,
            deadline: .now + time,
        )
    }

    @Test func `input and output are longer than pipes`() async throws {
        let input = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let result = try await run("cat", input: input)
        #expect(result.status.isSuccess)
        #expect(result.output.copy == input)
    }

    @Test func `errors are separate, and of them the end is kept`() async throws {
        let result = try await run("cat; head -c 100000 /dev/zero >&2; echo oh >&2; exit 3", input: Array("in".utf8))
        #expect(result.status == .exited(3))
        #expect(result.output.copy == Array("in".utf8))
        #expect(result.errors.hasSuffix("oh\n"))
        #expect(result.errors.utf8.count == 4096)
    }

    @Test func `a program that reads nothing is a normal result`() async throws {
        let result = try await run("exit 0", input: Array(repeating: 1, count: 1_000_000))
        #expect(result.status.isSuccess)
        #expect(result.output.count == 0)
    }

    @Test func `a program that does not end is killed`() async throws {
        let result = try await run("exec sleep 100000", within: .milliseconds(300))
        #expect(result.status == .timedOut)
    }

    @Test func `a program is killed with its child when its Swift task is cancelled`() async throws {
        let child = TemporaryDirectory.file("child")
        let task = Task { try await run("sleep 100000 & echo $! >'\(child).new'; mv '\(child).new' '\(child)'; wait") }
        #expect(try await becomes { try Files.exists(child) })
        task.cancel()
        let status = try? await task.value.status
        #expect(status == nil || status == .cancelled)
        let process = try Files.text(child).filter(\.isNumber)
        #expect(try await becomes { try Kernel.isGone(process: process) })
    }

    @Test func `too much output is an error`() async throws {
        let error = await #expect(throws: SystemError.self) { try await run("cat /dev/zero", outputLimit: 100_000) }
        #expect(error?.description == "cannot read the output of 'sh': it is too large")
    }

    @Test func `a missing program is an error`() async throws {
        let command = Command("nest-missing", environment: ["PATH": "/nowhere"])
        let error = await #expect(throws: SystemError.self) {
            try await filter(command, input: SecretBytes(copying: []), outputLimit: 1, deadline: .now + .seconds(600))
        }
        #expect(error?.description == "cannot run 'nest-missing': not found in PATH '/nowhere'")
    }
}
