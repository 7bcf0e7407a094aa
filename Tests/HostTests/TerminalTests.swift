import Base
import Glibc
import Host
import Testing

@Suite(.timeLimit(.minutes(15))) struct TerminalTests {
    @Test func `a terminal is distinguished from a file`() throws {
        let terminal = try Kernel.openTerminal()
        defer { close(terminal) }
        #expect(Terminal.isTerminal(terminal))
        #expect(Terminal.size(terminal)?.columns == nil)
        try Kernel.setColumns(132, of: terminal)
        #expect(Terminal.size(terminal) == TerminalSize(columns: 132, rows: 25))
    }

    @Test func `a pipe is not a terminal`() throws {
        let pipe = try Kernel.makePipe()
        #expect(Terminal.isTerminal(pipe.input) == false)
        #expect(Terminal.size(pipe.input) == nil)
        close(pipe.output)
        close(pipe.input)
    }

    @Test func `all bytes reach a reader that is slower than the pipe`() async throws {
        let pipe = try Kernel.makePipe(flags: O_NONBLOCK)
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0) }
        async let received = onThread { Kernel.readAll(pipe.output) }
        try await onThread { () throws(SystemError) in
            defer { close(pipe.input) }
            try writeAll(bytes, to: pipe.input, "cannot write to", "pipe")
        }
        #expect(await received == bytes)
        close(pipe.output)
    }

    @Test func `a closed output is reported`() async {
        await #expect(processExitsWith: .success) {
            Signals.ignoreBrokenPipe()
            let pipe = try Kernel.makePipe()
            close(pipe.output)
            let error = #expect(throws: SystemError.self) {
                try writeAll([1], to: pipe.input, "cannot write to", "pipe")
            }
            #expect(error?.code == EPIPE)
            #expect(error?.description == "cannot write to 'pipe': Broken pipe")
        }
    }

    @Test func `an output whose reader stalls is given up`() throws {
        let pipe = try Kernel.makePipe(flags: O_NONBLOCK)
        let bytes = [UInt8](repeating: 0, count: 1_000_000)
        let error = #expect(throws: SystemError.self) {
            try writeAll(bytes, to: pipe.input, timeout: .milliseconds(20), "cannot write to", "pipe")
        }
        #expect(error?.description == "cannot write to 'pipe': nobody reads it")
        close(pipe.output)
        close(pipe.input)
    }
}
