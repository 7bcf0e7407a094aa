import TestSupport
import Testing

/// Verb `sysctl` and the kernel itself, in a network namespace of its own.
@Suite(.temporaryDirectory, .needsNetworkNamespace, .timeLimit(.minutes(30)))
struct SysctlTests {
    /// Runs a script in which `nest` is the program, with directories of its own in the place of those of the machine.
    private func run(_ script: String, _ tasks: String) async throws -> String {
        let node = try TestNode(tasks)
        let before = """
            for path in /etc/sysctl.d /var/lib /run; do mkdir -p $path; mount -t tmpfs none $path; done
            mount -t proc none /proc
            nest() { "$PROGRAM" "$@" --config "$CONFIG" 2>&1 || true; }
            value() { tr '\\t' ' ' </proc/sys/net/ipv4/$1; }

            """
        let result = try await Tool.run(
            "unshare",
            ["--net", "--mount", "sh", "-euc", before + script],
            environment: [
                "PROGRAM": TestNode.program, "CONFIG": node.config, "NEST_ROLE": nil, "JOURNAL_STREAM": nil,
            ]
        )
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        return result.output
    }

    @Test func `values are set once, and reset restores them`() async throws {
        let tasks =
            "tasks: {t: {sysctl: {values: {net.ipv4.ip_forward: 1, net.ipv4.ip_local_port_range: 20000 30000}}}}\n"
        let script = """
            echo 0 >/proc/sys/net/ipv4/ip_forward
            echo 1024 4999 >/proc/sys/net/ipv4/ip_local_port_range
            nest run --dry-run; value ip_forward
            nest run; value ip_forward; value ip_local_port_range; cat /etc/sysctl.d/k8s-bootstrap-t.conf
            nest run
            echo net.ipv4.ip_forward=0 >/etc/sysctl.d/zz.conf; nest check
            rm /etc/sysctl.d/zz.conf
            nest reset --yes; value ip_forward; value ip_local_port_range; ls /etc/sysctl.d
            """
        let output = try await run(script, tasks)
        let lines = output.split(separator: "\n").map(String.init)
        #expect(lines.contains("t: would change sysctl 'net.ipv4.ip_forward': 0 -> 1"), "\(output)")
        #expect(lines.contains("t: sysctl 'net.ipv4.ip_forward' 0 -> 1"), "\(output)")
        #expect(lines.contains("t: sysctl 'net.ipv4.ip_local_port_range' 1024 4999 -> 20000 30000"), "\(output)")
        #expect(
            lines.filter { $0.contains(" = ") } == [
                "net.ipv4.ip_forward = 1", "net.ipv4.ip_local_port_range = 20000 30000",
            ]
        )
        #expect(lines.contains("1 task: 1 unchanged"), "\(output)")
        #expect(output.contains("'/etc/sysctl.d/zz.conf' sets 'net.ipv4.ip_forward' to 0 after it"), "\(output)")
        #expect(lines.filter { ["0", "1"].contains($0) } == ["0", "1", "0"], "\(output)")
        #expect(lines.filter { $0.hasPrefix("20000 ") } == ["20000 30000"], "\(output)")
        #expect(lines.filter { $0.hasPrefix("1024 ") } == ["1024 4999"], "\(output)")
        #expect(!output.hasSuffix("k8s-bootstrap-t.conf\n"), "\(output)")
    }

    @Test func `what the kernel refuses is reported with its value`() async throws {
        let tasks = """
            tasks:
              large: {sysctl: {values: {net.ipv4.ip_default_ttl: 1000}}}
              action: {sysctl: {values: {net.ipv4.route.flush: 1}}}
              fixed: {sysctl: {values: {kernel.ostype: BSD}}}

            """
        let output = try await run("value ip_default_ttl; nest run; value ip_default_ttl; ls /etc/sysctl.d", tasks)
        for words in [
            "cannot set sysctl 'net.ipv4.ip_default_ttl' to 1000: the kernel refuses the value: Invalid argument; the kernel "
                + "has 64; correct the value",
            "it starts an action of the kernel and has no value; run it with exec: {command: sysctl, ",
            "cannot set sysctl 'kernel.ostype' to BSD: the kernel lets nobody change it; it has Linux; remove it from",
        ] { #expect(output.contains(words), "\(output)") }
        #expect(output.hasPrefix("64\n") && output.hasSuffix("\n64\n"), "\(output)")
    }
}
