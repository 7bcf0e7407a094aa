import Base
import Glibc
import Host
import Testing

@Suite(.timeLimit(.minutes(15))) struct MachineTests {
    @Test func `the name of the machine is that of the kernel`() throws {
        let bytes = try readFile("/proc/sys/kernel/hostname", limit: 300)
        #expect(Machine.hostName() + "\n" == String(decoding: bytes, as: UTF8.self))
    }

    @Test func `the boot has one identifier`() async throws {
        let identifier = try Machine.bootIdentifier()
        #expect(identifier.utf8.count == 36)
        #expect(try Machine.bootIdentifier() == identifier)
        await #expect(processExitsWith: .success) {
            Kernel.setVariable(Machine.confinedBootVariable, "that of a container")
            let confined = try Machine.bootIdentifier()
            #expect(confined == "that of a container")
        }
    }

    @Test func `the environment keeps values with equals signs`() async {
        await #expect(processExitsWith: .success) {
            Kernel.setVariable("NEST_TEST", "a=b=")
            Kernel.setVariable("NEST_EMPTY", "")
            #expect(Machine.environment()["NEST_TEST"] == "a=b=")
            #expect(Machine.environment()["NEST_EMPTY"] == "")
        }
    }
}

/// The signals go to the process, not with `raise` to the calling thread: the threads of the pool block them all.
///
/// The thread that takes one may do so after `kill` has returned, so tests that wait for the end of the process sleep.
@Suite(.timeLimit(.minutes(15))) struct SignalsTests {
    @Test func `interruptions are elements of the stream and do not end the process`() async {
        await #expect(processExitsWith: .success) {
            var received: [Int32] = []
            let stream = try Signals.interruptions()
            kill(getpid(), SIGTERM)
            for await number in stream {
                received.append(number)
                if received.count == 2 { break }
                kill(getpid(), SIGINT)
            }
            #expect(received == [SIGTERM, SIGINT])
        }
    }

    @Test func `a signal ends the process when the stream is no longer read`() async {
        await #expect(processExitsWith: .signal(SIGTERM)) {
            let reader = Task { for await _ in try Signals.interruptions() {} }
            reader.cancel()
            try await reader.value
            kill(getpid(), SIGTERM)
            try await Task.sleep(for: .seconds(100_000))
        }
    }

    @Test func `a process that ignores broken pipes survives them`() async {
        await #expect(processExitsWith: .success) {
            Signals.ignoreBrokenPipe()
            kill(getpid(), SIGPIPE)
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
