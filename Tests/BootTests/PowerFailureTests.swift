import TestSupport
import Testing

extension BootedTests {
    /// A machine whose power fails while its tasks run.
    @Suite struct PowerFailureTests {
        @Test func `after a power failure the next boot completes the remaining tasks`() async throws {
            let tasks = """
                tasks:
                  before: {file: {path: /var/lib/x/before, content: "all of it"}}
                  middle:
                    after: [before]
                    exec:
                      command: sh
                      args: [-c, "echo begun > /var/lib/x/begun; test -e /etc/go-on || sleep 1000; echo ended > /var/lib/x/ended"]
                      writes: [/var/lib/x/]
                  after: {after: [middle], file: {path: /var/lib/x/after, content: end}}

                """
            try await TestMachine.withFresh("ducksnest-controlplane") { machine in
                try machine.write(tasks, to: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.boot()
                #expect(try await machine.becomes("cat /var/lib/x/begun") { $0 == "begun\n" })
                try await machine.cutPower()

                try machine.write("", to: "/etc/go-on")
                try await machine.boot()
                #expect(try await machine.becomes("systemctl is-active k8s-bootstrap-after") { $0 == "active\n" })
                #expect(try await machine.output("cat /var/lib/x/*") == "endall of itbegun\nended\n")
                #expect(
                    try await machine.records() == ["before": "unchanged", "middle": "changed", "after": "changed"]
                )
                #expect(try await machine.output("ls -A /var/lib/x") == "after\nbefore\nbegun\nended\n")
                #expect(try await machine.isRunningWithoutFailures())
            }
        }
    }
}
