import Testing
import TestSupport

extension RunningMachineTests {
    /// What users without rights see of the tasks of a machine.
    @Suite struct PublicTextTests {
        @Test func `users without rights see no command line, output or value of a task`() async throws {
            let tasks = """
                tasks:
                  leak: {exec: {command: sh, args: [-c, "echo https://u:MARKEROUT@h; exit 3 # MARKERARG"]}}

                """
            try await TestMachine.withRunning { machine in
                try await machine.place(tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.startTasks()
                let unit = "k8s-bootstrap-leak.service"
                #expect(try await machine.becomes("systemctl is-failed \(unit)") { $0 == "failed\n" })
                try await machine.stopRetries()
                #expect(try await machine.becomes("systemctl is-failed \(unit)") { $0 == "failed\n" })
                let look = """
                    systemctl show '\(unit)' 'k8s-bootstrap-*'; systemctl status '\(unit)'; nest-bootstrap status \\
                        --output json; grep -rs . /run/nest-bootstrap
                    """
                try await machine.place(look, at: "/etc/look")
                let seen = try await machine.output(
                    "setpriv --reuid 65534 --regid 65534 --clear-groups sh /etc/look; true"
                )
                #expect(!seen.contains("MARKER"), "\(seen)")
                #expect(seen.contains("StatusText=failed in "), "\(seen)")
                #expect(seen.contains("its program exited with code 3 (only root may see"), "\(seen)")
                let own = try await machine.output("nest-bootstrap status; true")
                #expect(own.contains("MARKERARG") && own.contains("MARKEROUT"), "\(own)")
                let limits = try await machine.output("systemctl show -p LimitCORE -p MemoryMax -p TasksMax \(unit)")
                #expect(
                    limits.split(separator: "\n").sorted() == ["LimitCORE=0", "MemoryMax=1073741824", "TasksMax=1024"]
                )
            }
        }
    }
}
