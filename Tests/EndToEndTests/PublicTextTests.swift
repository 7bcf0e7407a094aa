import Glibc
import TestSupport
import Testing

/// What users without rights can read of the tasks of root.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)), .enabled(if: geteuid() == 0))
struct PublicTextTests {
    /// Runs the program as a user without rights.
    private func runAsNobody(_ node: TestNode, _ arguments: String...) async throws -> ToolResult {
        for path in [TemporaryDirectory.path, node.root, "\(node.root)/run"] { try Files.setMode(path, 0o755) }
        let start = ["--reuid", "65534", "--regid", "65534", "--clear-groups", TestNode.program]
        return try await Tool("setpriv", start + arguments + ["--config", node.config, "--root", node.root]).result()
    }

    @Test func `a run by another user ends with one error, and diff compares no owners`() async throws {
        let node = try TestNode(
            """
            tasks:
              a: {exec: {command: "true"}}
              b: {file: {path: /etc/passwd, content: x}}

            """
        )
        try Files.setMode(TemporaryDirectory.path, 0o755)
        func run(_ command: String) async throws -> ToolResult {
            let start = ["--reuid", "65534", "--regid", "65534", "--clear-groups", TestNode.program, command]
            return try await Tool("setpriv", start + ["--config", node.config]).result()
        }
        let result = try await run("run")
        #expect(result.status == 1 && result.output == "", "\(result.output)")
        #expect(result.errorLines.count == 1 && result.errors.contains("permission denied"), "\(result.errors)")
        let difference = try await run("diff")
        #expect(difference.status == 1, "\(difference.errors)")
        #expect(!difference.output.contains("owner"), "\(difference.output)")
        try node.write("x", to: "secret", mode: 0o600)
        try node.write("tasks: {a: {file: {path: /etc/nest-test, source: secret}}}\n", to: "bootstrap.yaml")
        #expect(try await run("check").errors.contains("cannot read '\(node.path("secret"))': Permission denied"))
    }

    @Test func `command lines, output and values are for root only`() async throws {
        let node = try TestNode(
            """
            tasks:
              leak: {exec: {command: sh, args: [-c, "echo https://u:MARKEROUT@h; exit 3 # MARKERARG"]}}
              next: {after: [leak], exec: {command: "true"}}
              fine: {exec: {command: "true"}}
              line: {exec: {command: no-such, args: [MARKERARG]}}

            """
        )
        #expect(try await node.run("run").status == 1)
        let own = try await node.run("status", "--output", "json")
        #expect(own.output.contains("MARKEROUT") && own.output.contains("MARKERARG"))
        let seen = try await runAsNobody(node, "status", "--output", "json")
        #expect(seen.status == 1, "\(seen)")
        #expect(!"\(seen)".contains("MARKER"))
        let tasks = try seen.output.json["tasks"]?.sequence ?? []
        #expect(tasks.map { $0["state"]?.string } == ["failed", "skipped", "changed", "failed"])
        #expect(tasks.first?["reason"]?.string?.hasPrefix("its program exited with code 3 (only root may see") == true)
        try await expectNoMarker(below: node)
    }

    /// Expects that a user without rights can read none of the markers.
    private func expectNoMarker(below node: TestNode) async throws {
        let grep = ["--reuid", "65534", "--clear-groups", "grep", "-rs", "MARKER", "\(node.root)/run"]
        #expect(try await Tool("setpriv", grep).result().output == "")
    }

    @Test(.needsAPIServer) func `values of objects are for root only`() async throws {
        let cluster = try await TestCluster.shared(namespace: "public-text")
        func object(_ name: String, _ value: String) -> String {
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: \(name), namespace: public-text}, data: {k: \(value)}}"
        }
        for name in ["one", "two", "three"] {
            try await cluster.mustApply(object(name, "MARKERCMOLD"), manager: "other")
        }
        let service =
            "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: public-text}, spec: {type: MARKERTYPE}}"
        let manifests = [
            "one": object("one", "MARKERCMNEW"),
            "two": "\(object("two", "MARKERCMNEW"))\n---\n\(object("three", "MARKERCMNEW"))",
            "refused": service, "broken": "{apiVersion: v1, kind: ConfigMap, metadata: {name: MARKER/NAME}}",
        ]
        let tasks = manifests.keys.sorted().map { name in
            "  \(name): {apply: {kubeconfig: \(cluster.kubeconfig), manifests: [\(name).yaml]}}\n"
        }
        let node = try TestNode(
            """
            tasks:
            \(tasks.joined())  made: {exec: {command: "true", args: [MARKERARG], creates: /nowhere/to/be/found}}
              slow: {timeout: 5s, exec: {command: sh, args: [-c, "echo MARKEROUT; sleep 100000"]}}

            """
        )
        for (name, text) in manifests { try node.write(text, to: "\(name).yaml") }
        #expect(try await node.run("run").status == 1)
        let own = try await node.run("status", "--output", "json").output
        for marker in ["MARKERCMOLD", "MARKERCMNEW", "MARKERTYPE", "MARKER/NAME", "MARKEROUT"] {
            #expect(own.contains(marker), "\(marker)\n\(own)")
        }
        let seen = try await runAsNobody(node, "status", "--output", "json")
        #expect(!"\(seen)".contains("MARKER"), "\(seen)")
        var reasons: [String: String] = [:]
        for task in try seen.output.json["tasks"]?.sequence ?? [] {
            reasons[task["task"]?.string ?? ""] = task["reason"]?.string
        }
        for (task, words) in [
            ("one", "fields belong to other managers"), ("two", "fields belong to other managers"),
            ("refused", "cannot be applied as written"), ("broken", "the manifest is invalid"),
            ("made", "the program succeeded, but '/nowhere/to/be/found' does not exist"),
            ("slow", "its program did not finish within 5s and was stopped"),
        ] { #expect(reasons[task]?.contains(words) == true, "\(task): \(reasons[task] ?? "nothing")") }
        try await expectNoMarker(below: node)
    }

    @Test func `a task file that another user can change is refused by commands that act, and by check`()
        async throws
    {
        let node = try TestNode("tasks: {fine: {exec: {command: \"true\"}}}\n")
        try Files.setMode(node.config, 0o666)
        for (command, code) in [("run", 78), ("check", 65)] as [(String, Int32)] {
            let result = try await node.run(command)
            #expect(result.status == code)
            #expect(result.errors.contains(node.config) && result.errors.contains("can change it"), "\(result)")
        }
        #expect(try await node.run("status").status == 3)
        try Files.setMode(node.config, 0o644)
        try node.write("tasks: {more: {exec: {command: \"true\"}}}\n", to: "bootstrap.d/a.yaml")
        try Files.setMode(node.path("bootstrap.d"), 0o777)
        #expect(try await node.run("run").errors.contains("run 'chmod go-w \(node.path("bootstrap.d"))'"))
    }

    @Test func `a script that another user can change is not run, nor by a shell`() async throws {
        let node = try TestNode("")
        let script = try node.write("touch '\(node.path("made"))'\n", to: "s.sh", mode: 0o777)
        let shell = "b: {exec: {command: /bin/sh, args: [-e, '\(script)']}}"
        try node.write("tasks: {a: {exec: {script: s.sh}}, \(shell)}\n", to: "bootstrap.yaml")
        #expect(try await node.run("check").errors.contains("run 'chmod go-w \(script)'"))
        let result = try await node.run("run")
        for task in ["a", "b"] {
            let isRefused = result.errorLines.contains {
                $0.hasPrefix("\(task): ") && $0.contains("'\(script)' is not run: cannot trust")
            }
            #expect(isRefused, "\(task): \(result)")
        }
        #expect(try Files.exists(node.path("made")) == false)
    }

    /// Whether the kernel writes dumps into the working directory, where a process that may be dumped leaves one.
    private static let findsDumps: Bool = {
        let pattern = try? Files.read("/proc/sys/kernel/core_pattern")
        return pattern.map { String(decoding: $0, as: UTF8.self) } == "core\n"
    }()

    @Test(.enabled(if: findsDumps, "dumps go elsewhere")) func `no memory of a root process is dumped`() async throws {
        let node = try TestNode("tasks: {a: {exec: {command: sleep, args: [\"100000\"]}}}\n")
        let script = """
            ulimit -c unlimited; cd '\(node.directory)'
            # Each is killed when it sleeps, or has a child that does.
            sleeps() { cat /proc/$1/comm /proc/$1/task/*/children 2>/dev/null | grep -Eq '^sleep$|[0-9]'; }
            dump() { "$@" & until sleeps $!; do sleep 0.05; done; kill -SEGV $!; wait $!; find . -name 'core*' | wc -l; }
            dump sleep 100000; rm -f core*
            dump '\(TestNode.program)' run --config '\(node.config)' --root '\(node.root)' >result 2>errors
            tail -n 1 result
            """
        let result = try await Tool("bash", ["-c", script]).result()
        #expect(result.output == "1\n0\n", "\(result)")
    }
}
