import Planning
import Testing

/// The ports of section `cluster`.
@Suite(.timeLimit(.minutes(30))) struct PortTests {
    private func file(_ ports: String) -> String {
        """
        cluster: {name: prod, ports: \(ports)}
        nodes: {a: {roles: [control-plane, init]}, b: {role: worker}}
        variables: {kubelet: 10250}
        tasks: {t: {exec: {command: ls}}}
        """
    }

    @Test func `a node has the ports of all its roles, each once`() throws {
        let cluster = try declarations(
            file(#"{control-plane: [6443/tcp, 2379-2380/tcp, 8472/udp], init: ["${kubelet}/tcp", 6443/tcp]}"#)
        ).cluster
        let ports = cluster.ports(for: ["control-plane", "init"])
        #expect(ports.map(\.description) == ["6443/tcp", "2379-2380/tcp", "8472/udp", "10250/tcp"])
        #expect(ports[1] == PortRange(2379, 2380, .tcp))
        #expect(cluster.ports(for: ["worker"]) == [])
    }

    @Test(
        arguments: [
            ("[6443]", "found the number 6443; write 6443/tcp"),
            ("[2379-2380]", "found '2379-2380'; write 2379-2380/tcp"),
            ("[6443/TCP]", "found '6443/TCP'; write 6443/tcp"),
            ("[2380-2379/tcp]", "found '2380-2379/tcp'"),
            ("[0/tcp]", "found '0/tcp'"),
            ("[65536/tcp]", "found '65536/tcp'"),
            ("[1-2-3/tcp]", "found '1-2-3/tcp'"),
            ("[+1/tcp]", "found '+1/tcp'"),
            ("[53/sctp]", "found '53/sctp'"),
            ("[/tcp]", "found '/tcp'"),
        ]
    )
    func `ports need numbers and a protocol`(ports: String, found: String) {
        let expected = "must be ports with their protocol, such as 6443/tcp, 2379-2380/tcp or 8472/udp, \(found)"
        #expect(
            problems(file("{worker: \(ports)}"))
                == "bootstrap.yaml:1:40: an item of 'cluster.ports.worker' \(expected)"
        )
    }

    @Test func `ports are lists by role`() {
        #expect(
            problems(file("[6443/tcp]")) == """
                bootstrap.yaml:1:30: 'cluster.ports' must be a mapping of roles to lists of ports, found a list
                """
        )
        #expect(
            problems(file("{worker: 6443/tcp}")) == """
                bootstrap.yaml:1:39: 'cluster.ports.worker' must be a list of ports, found '6443/tcp'; write worker: [6443/tcp]
                """
        )
    }

    @Test func `a role that nothing else names is reported`() {
        #expect(
            problems(file("{workers: [10250/tcp], storage: [1/tcp]}")) == """
                bootstrap.yaml:1:31: no role is named 'workers'; did you mean 'worker'?
                bootstrap.yaml:1:53: no role is named 'storage'; expected one of control-plane, init or worker
                """
        )
    }
}
