import Glibc
import TestSupport
import Testing

/// Services of the node that take what is asked of them and never answer.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct StalledServiceTests {
    /// Runs the program where a shell script has changed the name service or the journal of the machine.
    private func run(_ node: TestNode, _ arguments: [String], where preparation: String) async throws -> ToolResult {
        let program = [TestNode.program] + arguments + ["--config", node.config, "--root", node.root]
        return try await Tool.run(
            "unshare",
            ["--mount", "sh", "-euc", "\(preparation)\nexec \"$@\"", "sh"] + program,
            environment: [
                "NEST_ROLE": nil, "JOURNAL_STREAM": nil, "STALLED": node.path("stalled"),
                "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=\(node.path("bus"))",
            ]
        )
    }

    /// Nobody writes to the pipe, so reading it never ends.
    private func stalled(_ file: String) -> String { "mkfifo \"$STALLED\"; mount --bind \"$STALLED\" \(file)" }

    /// The journal has a full queue, and reads what the program prints.
    private static let journal = """
        mount -t tmpfs none /run
        mkdir -p /run/systemd/journal
        touch /run/systemd/journal/socket
        mount --bind "$STALLED" /run/systemd/journal/socket
        export JOURNAL_STREAM="$(stat -L -c %d:%i /proc/self/fd/2)"
        """

    @Test(.enabled(if: geteuid() == 0)) func `a name service that hangs holds up no task beyond its deadline`()
        async throws
    {
        let node = try TestNode(
            """
            tasks:
              connect: {timeout: 2s, wait: {tcp: "api.example.test:6443"}}
              page: {timeout: 2s, wait: {url: "https://api.example.test/"}}
              other: {exec: {command: "true"}}
            """
        )
        let result = try await run(node, ["run"], where: stalled("/etc/hosts"))
        #expect(result.status == 1)
        #expect(result.errors.contains("connect: error: "))
        #expect(result.outputLines.last == "3 tasks: 1 changed, 2 failed")
    }

    @Test(.enabled(if: geteuid() == 0)) func `a user database that hangs holds up no task beyond its deadline`()
        async throws
    {
        let node = try TestNode(
            """
            tasks:
              owned: {timeout: 2s, file: {path: /etc/owned, content: x, owner: someone}}
              other: {exec: {command: "true"}}
            """
        )
        let result = try await run(node, ["run"], where: stalled("/etc/passwd"))
        #expect(result.status == 1)
        let words = "cannot find user 'someone': the user database does not answer"
        let line = "owned: error: \(node.config):2:68: cannot write file '/etc/owned': \(words)"
        #expect(result.errorLines.contains { $0.hasPrefix(line) }, "\(result.errors)")
        #expect(result.outputLines.last == "2 tasks: 1 changed, 1 failed")
        let check = try await run(node, ["check"], where: "mount --bind \"$STALLED\" /etc/passwd")
        #expect(check.status == 65)
        #expect(check.errors.contains(words), "\(check.errors)")
    }

    @Test(.enabled(if: geteuid() == 0)) func `a system bus that hangs holds up no task beyond its deadline`()
        async throws
    {
        let node = try TestNode(
            """
            tasks:
              unit: {timeout: 2s, wait: {unit: a.service}}
              other: {exec: {command: "true"}}
            """
        )
        let bus = try StalledSocket(node.path("bus"), .connections)
        let result = try await run(node, ["run"], where: "")
        withExtendedLifetime(bus) {}
        #expect(result.status == 1)
        let words = "unit: error: \(node.config):2:36: timed out after 2s waiting for unit 'a.service' to be active: "
        #expect(result.errorLines.contains { $0.hasPrefix(words) }, "\(result.errors)")
    }

    @Test(.enabled(if: geteuid() == 0)) func `a journal that hangs holds up no task beyond its deadline`() async throws
    {
        let node = try TestNode(
            """
            tasks:
              noisy:
                timeout: 3s
                exec: {command: sh, args: [-c, 'head -c 1000000 /dev/zero | tr "\\\\0" x | fold -w 70; sleep 100000']}
              other: {exec: {command: sleep, args: ["1"]}}
              late: {after: [other], exec: {command: "true"}}
            """
        )
        let socket = try StalledSocket(node.path("stalled"), .datagrams)
        // It ends although the journal takes nothing and the program of the task runs for more than a day.
        let result = try await run(node, ["run"], where: Self.journal)
        withExtendedLifetime(socket) {}
        #expect(result.status == 1)
        let words =
            "nest-bootstrap: cannot send to the journal: it took nothing for 10 s; the rest of the entries is lost"
        #expect(result.errorLines.last?.hasPrefix(words) == true, "\(result.errors)")
        let status = try await node.run("status", "--output", "json")
        let rows = try status.output.json["tasks"]?.sequence ?? []
        let states = rows.map { "\($0["task"]?.string ?? "") \($0["state"]?.string ?? "")" }
        #expect(states == ["noisy failed", "other changed", "late changed"])
        #expect(rows.first?["reason"]?.string?.contains("3s") == true, "\(rows)")
    }

    @Test func `a program that ignores SIGTERM and leaves its output open holds up no task beyond its deadline`()
        async throws
    {
        let pid = TemporaryDirectory.file("pid")
        // A busy machine may need longer than the first deadlines to begin.
        for seconds in [2, 8, 32, 128] {
            if try Files.exists(pid) { break }
            let node = try TestNode(
                """
                tasks:
                  stubborn:
                    timeout: \(seconds)s
                    exec:
                      command: sh
                      args: [-c, 'trap "" TERM; setsid sleep 100000 & echo $! >"$0"; while :; do sleep 1; done', '\(pid)']
                """
            )
            // It ends although the output stays open.
            let result = try await node.run("run")
            #expect(result.status == 1)
            #expect(result.errors.contains("did not finish within \(seconds)s and was stopped"))
        }
        let process = try #require(Int32(try Files.text(pid).filter(\.isNumber)))
        #expect(kill(process, SIGKILL) == 0)
    }
}
