import Glibc
import Host
import Testing

@Suite(.timeLimit(.minutes(3))) struct NetworkTests {
    /// Tries what cannot be reached and returns the error.
    private func failure(_ host: String, _ port: UInt16, timeout: Duration = .seconds(30)) async -> SystemError? {
        await #expect(throws: SystemError.self) {
            try await Network.canConnect(host: host, port: port, timeout: timeout)
        }
    }

    @Test(arguments: ["127.0.0.1", "localhost"])
    func `a listener is reached`(host: String) async throws {
        // The name has an address on which nobody listens as well, ::1.
        let (listener, port) = try Kernel.listen(backlog: 10)
        defer { close(listener) }
        try await Network.canConnect(host: host, port: port, timeout: .seconds(30))
    }

    @Test func `a port without listener is told`() async throws {
        let (socket, port) = try Kernel.bindPort()
        defer { close(socket) }
        let error = await failure("127.0.0.1", port)
        #expect(error?.code == ECONNREFUSED)
        #expect(error?.description == "cannot connect to '127.0.0.1:\(port)': Connection refused")
    }

    @Test func `an address of version six is told in brackets`() async throws {
        let error = await failure("::1", 1)
        #expect(error?.description.hasPrefix("cannot connect to '[::1]:1': ") == true)
    }

    @Test func `a host that has no address is told`() async {
        let error = await failure("nest..invalid", 6443)
        let prefix = "cannot connect to 'nest..invalid:6443': the host's name cannot be resolved: "
        #expect(error?.description.hasPrefix(prefix) == true)
    }

    @Test func `a host that is no text for C is told`() async {
        #expect(await failure("a\0b", 1)?.description == "cannot connect to 'a\\0b': it contains a NUL character")
        #expect(await failure("", 1)?.description == "cannot connect to '': it is empty")
    }

    @Test func `a listener that accepts nobody is given up`() async throws {
        let (listener, port) = try Kernel.listen(backlog: 0)
        let waiting = Kernel.fillBacklog(port: port)
        let error = await failure("127.0.0.1", port, timeout: .milliseconds(200))
        #expect(error?.code == ETIMEDOUT)
        #expect(error?.description == "cannot connect to '127.0.0.1:\(port)': Connection timed out")
        for descriptor in waiting + [listener] { close(descriptor) }
    }

    @Test func `cancellation ends the wait at once`() async throws {
        let (listener, port) = try Kernel.listen(backlog: 0)
        let waiting = Kernel.fillBacklog(port: port)
        let task = Task { try await Network.canConnect(host: "127.0.0.1", port: port, timeout: .seconds(1000)) }
        task.cancel()
        let error = await #expect(throws: SystemError.self) { try await task.value }
        #expect(error?.code == ECANCELED)
        for descriptor in waiting + [listener] { close(descriptor) }
    }

    @Test func `a name asked for many times at once is asked for every caller`() async {
        await withTaskGroup { group in
            for _ in 0..<20 {
                group.addTask { #expect(await failure("nest..invalid", 6443)?.code == EHOSTUNREACH) }
            }
        }
    }
}
