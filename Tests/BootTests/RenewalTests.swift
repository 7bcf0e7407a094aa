import TestSupport
import Testing

extension FirstMachineTests {
    /// A certificate that the node renews, and the service that uses it.
    @Suite struct RenewalTests {
        /// The certificate is due 20 s after it was issued.
        private static let tasks = """
            tasks:
              issued:
                every: 10s
                restart: [web.service]
                certificate:
                  path: /var/lib/web/tls.crt
                  key: /var/lib/web/tls.key
                  leaf:
                    commonName: web
                    names: [localhost]
                    usages: [server auth]
                    key: ecdsa-p256
                    validity: 2m
                    renewBefore: 100s
                  ca: {certificate: /etc/web/ca.crt, key: /etc/web/ca.key}

            """

        /// A service that reads its certificate once, at its start.
        private static func service(port: Int) -> String {
            """
            [Service]
            ExecStart=/usr/bin/openssl s_server -www -accept 127.0.0.1:\(port) \
            -cert /var/lib/web/tls.crt -key /var/lib/web/tls.key

            """
        }

        private static let makeAuthority = """
            mkdir -p /etc/web; umask 077
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=web-ca -days 30 \\
                -keyout /etc/web/ca.key -out /etc/web/ca.crt 2>/dev/null
            """

        /// The serial number of the certificate that the service has, once its chain was verified.
        private func servedSerial(_ machine: TestMachine, port: Int) async throws -> String {
            let script = """
                openssl s_client -connect 127.0.0.1:\(port) -verify_return_error -verify_hostname localhost \
                    -CAfile '\(machine.disk("/etc/web/ca.crt"))' </dev/null 2>/dev/null | openssl x509 -noout -serial 2>/dev/null
                """
            var serial = ""
            let isServed = try await becomes(every: .milliseconds(500)) {
                serial = try await Tool.run("sh", ["-c", script]).output
                return serial.hasPrefix("serial=")
            }
            let status = isServed ? "" : try await machine.output("systemctl status web")
            try #require(isServed, "\(status)")
            return serial
        }

        @Test func `a certificate of two minutes is renewed, and the service that uses it restarted`() async throws {
            let port = Int(try freePort())
            try await TestMachine.withRunning { machine in
                try await machine.place(Self.tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.place(Self.service(port: port), at: "/etc/systemd/system/web.service")
                try await machine.must(Self.makeAuthority)
                try await machine.startTasks()
                try await machine.must("nest-bootstrap status --wait=10m")
                try await machine.must("systemctl start web")
                let served = try await servedSerial(machine, port: port)
                let process = "systemctl show --value -p MainPID web"
                let before = try await machine.must(process)
                #expect(try await machine.becomes(process) { $0 != before && $0 != "0\n" })
                let renewed = try await servedSerial(machine, port: port)
                #expect(renewed != served)
                let file = ["x509", "-noout", "-serial", "-in", machine.disk("/var/lib/web/tls.crt")]
                #expect(try await Tool.run("openssl", file).output == renewed)
                #expect(try await machine.becomes("systemctl --failed --no-legend") { $0 == "" })
                #expect(try await machine.output("systemctl show --value -p NRestarts web") == "0\n")
            }
        }
    }
}
