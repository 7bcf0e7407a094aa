import Base
import Glibc
import Host
import Testing

@Suite(.timeLimit(.minutes(15))) struct BlockingThreadTests {
    @Test func `a value is returned`() async {
        #expect(await onThread { 42 } == 42)
    }

    @Test func `a typed error is thrown`() async {
        let error = await #expect(throws: SystemError.self) {
            try await onThread { () throws(SystemError) in try readFile("/nonexistent", limit: 1) } as [UInt8]
        }
        #expect(error?.isNotFound == true)
    }

    @Test func `a function that does not return is abandoned at its deadline and on cancellation`() async throws {
        let pipe = try Kernel.makePipe()
        let late = try await onThread(until: .now + .milliseconds(200)) { Kernel.readAll(pipe.output) }
        #expect(late == nil)
        // Only the cancellation ends it: its deadline is after the time limit of the suite.
        let task = Task { try await onThread(until: .now + .seconds(100_000)) { Kernel.readAll(pipe.output) } }
        task.cancel()
        #expect(try await task.value == nil)
        close(pipe.input)
        #expect(try await onThread(until: .now + .seconds(100_000)) { Kernel.readAll(pipe.output) } == [])
        let error = await #expect(throws: SystemError.self) {
            try await onThread(until: .now + .seconds(100_000)) { () throws(SystemError) in
                try readFile("/nonexistent", limit: 1)
            }
        }
        #expect(error?.isNotFound == true)
    }

    @Test func `more blocked threads than cores do not delay others`() async throws {
        // Each of these waits until its writer, which was added after all of them, had its turn.
        let count = 64
        let pipes = try (0..<count).map { _ in try Kernel.makePipe() }
        let received = await withTaskGroup(of: [UInt8].self) { group in
            for pipe in pipes { group.addTask { await onThread { Kernel.readAll(pipe.output) } } }
            await withTaskGroup { writers in
                for pipe in pipes.reversed() {
                    writers.addTask {
                        try? writeAll([7], to: pipe.input, "cannot write to", "pipe")
                        close(pipe.input)
                    }
                }
            }
            return await group.reduce([], +)
        }
        #expect(received == [UInt8](repeating: 7, count: count))
        for pipe in pipes { close(pipe.output) }
    }

    @Test func `signals are blocked on such a thread`() async {
        #expect(await onThread { Kernel.blocks(SIGTERM) })
    }
}
