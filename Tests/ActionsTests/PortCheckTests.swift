import Base
import Host
import Planning
import Testing

@testable import Actions

/// What `check` says of ports of other nodes, for the answers that they gave.
@Suite(.timeLimit(.minutes(30))) struct PortCheckTests {
    private static let file = """
        cluster: {ports: {control-plane: [6443/tcp, 2379-2380/tcp, 8472/udp], worker: [10250/tcp]}}
        nodes:
          cp-01: {role: control-plane, address: 10.0.0.1}
          cp-02: {role: control-plane, address: 10.0.0.2}
          cp-03: {role: control-plane, address: 10.0.0.3}
          w-01: {role: worker, address: 10.0.0.11}
          w-02: {role: worker}
          w-*: {role: worker}
        tasks: {a: {file: {path: /etc/a, content: a}}}
        """

    /// The warnings on a host; ports without an answer of the test are reached.
    private func warnings(
        _ answers: [String: PortAnswer?],
        host: String = "cp-01",
        withoutRoute: Set<String> = [],
    ) async throws -> [String] {
        let source = SourceFile(path: "f", bytes: Array(Self.file.utf8))
        let declarations = try readDeclarations([source], node: NodeFacts(hostName: host))
        let check = PortCheck(declarations, hasRoute: { !withoutRoute.contains("\($0)") }) { ports in
            ports.map { port in
                answers["\(port.address):\(port.port)"] ?? answers["\(port.address)"] ?? .reached
            }
        }
        return await check.warnings().map { "\($0)" }
    }

    @Test func `nothing is said of ports that are reached`() async throws {
        #expect(try await warnings([:]) == [])
    }

    @Test func `the TCP ports of every other node with an address are tried, of a range both ends`() async throws {
        let source = SourceFile(path: "f", bytes: Array(Self.file.utf8))
        let declarations = try readDeclarations([source], node: NodeFacts(hostName: "cp-01"))
        let tried = Locked<[String]>([])
        let check = PortCheck(declarations, hasRoute: { "\($0)" != "10.0.0.3" }) { ports in
            tried.withLock { $0 += ports.map { "\($0.address):\($0.port)" } }
            return ports.map { _ in .reached }
        }
        #expect(await check.warnings() == [])
        let expected = ["10.0.0.2:6443", "10.0.0.2:2379", "10.0.0.2:2380", "10.0.0.11:10250"]
        #expect(tried.withLock(\.self) == expected)
    }

    @Test func `nodes that do not answer at all are one line`() async throws {
        #expect(
            try await warnings(["10.0.0.2": .nothing, "10.0.0.11": .nothing]) == [
                "f:4:3: no TCP port of 'cluster.ports' answers within 2s at 10.0.0.2 ('cp-02'), 10.0.0.11 ('w-01'); "
                    + "see 'ping 10.0.0.2'; if the node runs, allow the ports in the firewall there, or in one on the way"
            ]
        )
    }

    @Test func `ports without an answer are named, the same of several nodes once`() async throws {
        let answers = ["10.0.0.2:2379", "10.0.0.2:2380", "10.0.0.3:2379", "10.0.0.3:2380"]
        #expect(
            try await warnings(Dictionary(uniqueKeysWithValues: answers.map { ($0, .nothing) })) == [
                "f:4:3: no answer within 2s from 10.0.0.2 ('cp-02'), 10.0.0.3 ('cp-03') at 2379-2380/tcp; "
                    + "allow 2379-2380/tcp in the firewall there, or in one on the way"
            ]
        )
        #expect(
            try await warnings(["10.0.0.2:2380": .nothing, "10.0.0.2:6443": .nothing]) == [
                "f:4:3: no answer within 2s from 10.0.0.2 ('cp-02') at 6443/tcp, 2380/tcp; "
                    + "allow 6443/tcp, 2380/tcp in the firewall there, or in one on the way"
            ]
        )
    }

    @Test func `a firewall that rejects connections is named`() async throws {
        let node = try #require(IPAddress("10.0.0.2"))
        let router = try #require(IPAddress("10.0.0.254"))
        #expect(
            try await warnings([
                "10.0.0.2:6443": .rejected(by: node), "10.0.0.2:2379": .rejected(by: router),
                "10.0.0.2:2380": .nothing,
            ]) == [
                "f:4:3: connections to 6443/tcp are rejected by the firewall of 10.0.0.2 ('cp-02'); allow 6443/tcp there",
                "f:4:3: a firewall at 10.0.0.254 rejects connections from this machine to 10.0.0.2 ('cp-02') at 2379/tcp; "
                    + "allow 2379/tcp there",
                "f:4:3: no answer within 2s from 10.0.0.2 ('cp-02') at 2380/tcp; "
                    + "allow 2380/tcp in the firewall there, or in one on the way",
            ]
        )
    }

    @Test func `ports for which there was no time are counted`() async throws {
        #expect(
            try await warnings(["10.0.0.3": nil, "10.0.0.11": nil]) == [
                "4 ports of other nodes were not tried within 20 seconds; "
                    + "run 'nest-bootstrap check' again when more nodes answer"
            ]
        )
    }

    @Test func `a machine that the files do not list connects to nothing`() async throws {
        #expect(try await warnings(["10.0.0.2": .nothing], host: "laptop") == [])
        #expect(try await warnings(["10.0.0.2": .nothing], host: "w-77").count == 1)
    }
}
