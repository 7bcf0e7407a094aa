import Base
import Testing

@testable import Host

@Suite(.timeLimit(.minutes(30)))
struct ListeningPortTests {
    @Test func `addresses of the kernel's lists are read`() {
        let list = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0200007F:7946 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
               1: 0100007F:7946 0100007F:1234 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
               2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3 1 0 100 0 0 10 0
               3: 00000000000000000000000001000000:7946 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 4
               4: 0G00007F:7946 00000000:0000 0A
               5: 7F:7946 00000000:0000 0A
            """
        #expect(ListeningPort.addresses(at: 31046, in: list).map(\.description) == ["127.0.0.2", "::1"])
        #expect(ListeningPort.addresses(at: 22, in: list).map(\.description) == ["0.0.0.0"])
        #expect(ListeningPort.addresses(at: 23, in: list).isEmpty)
    }

    @Test func `sockets of the kernel's lists are read with their inodes`() throws {
        let list = "0: 0100007F:7CCE 0100007F:8100 01 0:0 0:0 0 0 0 4711 1 0\n"
        let socket = try #require(SocketEntry.entries(list).first)
        #expect(socket.localPort == 31950)
        #expect(socket.remotePort == 33024)
        #expect("\(socket.remoteAddress)" == "127.0.0.1")
        #expect(SocketEntry.inode(ofLink: "socket:[4711]") == socket.inode)
        #expect(SocketEntry.inode(ofLink: "pipe:[4711]") == nil)
        let mapped = "0: 0000000000000000FFFF00000100007F:7CCE 0000000000000000FFFF00000100007F:8100 01 0:0 0:0 0 0 0 1"
        #expect(SocketEntry.entries(mapped).first?.remoteAddress.description == "127.0.0.1")
    }

    @Test func `the state of a process is read after its name`() throws {
        let stopped = try #require(ProcessState(line: "12 (a) R (b)) T 1 34 34 0 -1"))
        #expect(stopped.isStopped && !stopped.hasEnded && stopped.group == 34)
        let ended = try #require(ProcessState(line: "12 (a) Z 1 34 34 0 -1"))
        #expect(!ended.isStopped && ended.hasEnded)
        for line in ["", "12", "12 (a)", "12 (a) R"] { #expect(ProcessState(line: line) == nil, "\(line)") }
    }
}
