import Planning
import Testing

/// Verb `service`.
@Suite(.timeLimit(.minutes(5)))
struct ServiceVerbTests {
    @Test func `a name without a suffix is a service, and the unit of the task runs as root with the bus`() throws {
        let plan = try plan("tasks: {t: {service: {name: kubelet, enable: true, state: restarted}}}\n")
        let footprint = try #require(plan.steps.first?.task.footprint)
        #expect(footprint.service?.unit == "kubelet.service")
        #expect(footprint.service?.changesEnabling == true && footprint.service?.changesState == true)
        #expect(!footprint.isOfUnitUser)
        #expect(footprint.needsPreparation)
    }

    @Test(arguments: [
        ("{name: kubelet}", "must have 'enable' or 'state'; add enable: true, or state: started"),
        ("{name: kubelet, state: running}", "must be 'started', 'stopped', 'restarted' or 'reloaded', found 'running'"),
        ("{name: k8s-bootstrap-x, enable: true}", "'k8s-bootstrap-x.service' is a unit of nest-bootstrap"),
        ("kubelet", "found 'kubelet'; write its keys below it: name, enable or state"),
        ("{enable: true}", "'service.name' of task 't' is missing; add name: kubelet"),
    ])
    func `a mistake is reported`(value: String, expected: String) {
        let text = problems("tasks: {t: {service: \(value)}}\n")
        #expect(text.contains(expected), "\(text)")
    }
}
