import TestSupport
import Testing

extension FirstMachineTests {
    /// Files and archives from pinned URLs, which units fetch in their sandboxes.
    @Suite(.temporaryDirectory) struct FetchedFileTests {
        private static let taskFile = "/etc/nest-bootstrap/bootstrap.yaml"

        /// Makes an archive, and returns its digest.
        private func makeArchive() async throws -> String {
            let script = """
                cd "$0" && mkdir -p pkg/bin && printf '#!/bin/sh\necho hello\n' >pkg/bin/it && chmod 755 pkg/bin/it
                echo text >pkg/README && ln -sfn it pkg/bin/other && tar -czf it.tar.gz pkg && sha256sum <it.tar.gz
                """
            let made = try await Tool.run("sh", ["-c", script, TemporaryDirectory.path])
            try #require(made.status == 0, "\(made.errors)")
            return String(made.output.prefix(64))
        }

        @Test func `units fetch and unpack, a later run needs no server, and reset removes all of it`() async throws {
            try await TestMachine.withRunning { machine in
                let digest = try await makeArchive()
                let archive = try Files.read(TemporaryDirectory.file("it.tar.gz"))
                let server = try LoopbackServer { _ in .response(200, body: archive) }
                let url = "\(server.url)/it.tar.gz"
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

                server.stop()
                try await machine.must("echo damaged >/opt/it/new/README; rm /usr/local/lib/it.tar.gz")
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
