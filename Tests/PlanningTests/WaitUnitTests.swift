import Planning
import Testing

/// The units of tasks that wait for the network.
@Suite(.timeLimit(.minutes(5))) struct WaitUnitTests {
    @Test(arguments: ["interface: tailscale0", "address: 100.64.0.0/10"])
    func `the unit of a wait for the network sees the interfaces, and uses no other network`(condition: String) throws {
        let plan = try plan("tasks: {t: {wait: {\(condition)}}}")
        let units = plan.units(ProgramInvocation(program: "/usr/bin/nest-bootstrap", taskFiles: ["/bootstrap.yaml"]))
        let path = "k8s-bootstrap-t.service.d/50-privileges.conf"
        guard case .text(let text)? = units.first(where: { $0.path == path })?.content else {
            Issue.record("no settings")
            return
        }
        let settings = text.split(separator: "\n").drop { $0 != "[Service]" }.dropFirst()
        #expect(settings.contains("User=nest-bootstrap"))
        let network = settings.filter { $0.contains("Network") || $0.contains("Address") || $0.contains("Capabilit") }
        #expect(network == ["PrivateNetwork=no", "RestrictAddressFamilies=AF_NETLINK"])
    }
}
