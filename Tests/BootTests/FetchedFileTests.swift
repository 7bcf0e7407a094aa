import TestSupport
import Testing

extension FirstMachineTests {
    /// Files and archives from pinned URLs, which units fetch in their sandboxes.
    @Suite struct FetchedFileTests {
        private static let taskFile = "/etc/nest-bootstrap/bootstrap.yaml"

        /// The port of the server; all machines of the tests have the same network.
        private let port = Int.random(in: 20_000..<30_000)

        /// A server that answers every request with the archive.
        private var socket: String { "[Socket]\nListenStream=127.0.0.1:\(port)\nAccept=yes\n" }
        private static let service = """
            [Service]
            StandardInput=socket
            StandardOutput=socket
            ExecStart=sh -c 'while read -r line && [ $${#line} -gt 1 ]; do :; done; \
            printf "HTTP/1.1 200 OK\\\\r\\\\nConnection: close\\\\r\\\\nContent-Length: %%s\\\\r\\\\n\\\\r\\\\n" \
            $$(stat -c %%s /srv/it.tar.gz); cat /srv/it.tar.gz'

            """

        private func prepare(_ machine: TestMachine) async throws -> String {
            try await machine.must(
                """
                mkdir -p /srv/pkg/bin && printf '#!/bin/sh\\necho hello\\n' >/srv/pkg/bin/it && chmod 755 /srv/pkg/bin/it
                echo text >/srv/pkg/README && ln -sfn it /srv/pkg/bin/other && tar -C /srv -czf /srv/it.tar.gz pkg
                """
            )
            try await machine.place(socket, at: "/etc/systemd/system/archive.socket")
            try await machine.place(Self.service, at: "/etc/systemd/system/archive@.service")
            try await machine.must("systemctl daemon-reload && systemctl start archive.socket")
            return try await machine.output("sha256sum </srv/it.tar.gz | cut -c1-64 | tr -d '\\n'")
        }

        @Test func `units fetch and unpack, a later run needs no server, and reset removes all of it`() async throws {
            try await TestMachine.withRunning { machine in
                let digest = try await prepare(machine)
                let url = "http://127.0.0.1:\(port)/it.tar.gz"
                let tasks = """
                    tasks:
                      archive:
                        timeout: 1m
                        file:
                          {path: /opt/it/new, url: "\(url)", sha256: "\(digest)", owner: daemon, unpack: {strip: 1}}
                      copy: {timeout: 1m, file: {path: /usr/local/lib/it.tar.gz, url: "\(url)", sha256: "\(digest)"}}

                    """
                try await machine.place(tasks, at: Self.taskFile)
                let first = try await machine.run("nest-bootstrap", "up")
                #expect(first.status == 0, "\(first)")
                #expect(
                    try await machine.output("/opt/it/new/bin/other; stat -c %U /opt/it/new/README")
                        == "hello\ndaemon\n"
                )
                #expect(try await machine.output("sha256sum </usr/local/lib/it.tar.gz").hasPrefix(digest))

                try await machine.must(
                    "systemctl stop archive.socket; echo damaged >/opt/it/new/README; rm /usr/local/lib/it.tar.gz"
                )
                let repaired = try await machine.run("nest-bootstrap", "run", "--task", "archive", "--task", "copy")
                #expect(repaired.status == 0, "\(repaired)")
                #expect(repaired.output.contains("archive: /opt/it/new/README changed"), "\(repaired.output)")
                #expect(repaired.output.contains("copy: /usr/local/lib/it.tar.gz created"), "\(repaired.output)")
                let again = try await machine.run("nest-bootstrap", "run", "--task", "archive")
                #expect(again.output.contains("archive: unchanged"), "\(again.output)")

                try await machine.must("echo own >/opt/it/new/own")
                let kept = try await machine.run("nest-bootstrap", "reset", "--yes")
                #expect(kept.output.contains("/opt/it/new not deleted"), "\(kept.output)\(kept.errors)")
                #expect(try await machine.output("ls /opt/it/new") == "own\n")
                try await machine.must("rm /opt/it/new/own")
                let reset = try await machine.run("nest-bootstrap", "reset", "--yes")
                #expect(reset.status == 0, "\(reset.output)\(reset.errors)")
                let left = "ls -d /opt/it /usr/local/lib/it.tar.gz 2>&1 | grep -vc cannot; true"
                #expect(try await machine.output(left) == "0\n")
            }
        }
    }
}
