import Base
import Testing

@testable import Planning

/// Needs of programs that the sandbox of their unit does not grant.
@Suite(.timeLimit(.minutes(10)))
struct ExecNeedTests {
    private func declaration(_ exec: String) throws -> ExecDeclaration {
        let task = try #require(plan("tasks: {a: {exec: {\(exec)}}}\n").steps.first).task
        return try #require(task.verb.declaration as? ExecDeclaration)
    }

    private func needs(_ exec: String, script: String? = nil) throws -> [String] {
        try declaration(exec).undeclaredNeeds(script: script).map { "\($0.program): \($0.need.advice)" }
    }

    @Test(arguments: [
        ("command: systemctl, args: [enable, --now, kubelet]", "systemctl: write needs: [systemd] below exec:"),
        ("command: /usr/bin/systemctl, args: [start, kubelet]", "systemctl: write needs: [systemd] below exec:"),
        ("command: sh, args: [-ec, 'cd /; A=1 systemctl start x']", "systemctl: write needs: [systemd] below exec:"),
        (
            "command: bash, args: [-euo, pipefail, -c, 'systemctl start x | cat']",
            "systemctl: write needs: [systemd] below exec:"
        ),
        (
            "command: bash, args: [-c, 'if ! modprobe br_netfilter; then :; fi']",
            "modprobe: write needs: [modules] below exec:"
        ),
        ("command: 'true', preStart: apt-get -y install socat", "apt-get: write sandbox: false below exec:"),
        ("command: sysctl, args: [-w, net.ipv4.ip_forward=1]", "sysctl: write needs: [sysctl] below exec:"),
        ("command: ip, args: [link, add, x, type, dummy], network: true", "ip: write needs: [networking] below exec:"),
        ("command: ip, args: [route]", "ip: write needs: [networking] below exec:"),
        ("command: crictl, args: [ps]", "crictl: write needs: [containers] below exec:"),
        ("command: useradd, args: [k8s]", "useradd: write sandbox: false below exec:"),
    ]) func `a program that the sandbox stops is found`(exec: String, expected: String) throws {
        #expect(try needs(exec) == [expected])
    }

    @Test(arguments: [
        "command: systemctl, args: [start, x], needs: [systemd]", "command: systemctl, args: [--version]",
        "command: systemctl, args: [start, x], reads: [/run/dbus, /run/systemd]",
        "command: modprobe, args: [x], capabilities: [CAP_SYS_MODULE]", "command: modprobe, args: [-n, x]",
        "command: ip, args: [route], network: true", "command: sysctl, args: [net.ipv4.ip_forward]",
        "command: apt-get, args: [update], sandbox: false", "command: echo, args: [systemctl, apt-get]",
        "command: sh, args: [-c, '# apt-get']", "command: mount", "command: dpkg, args: [--print-architecture]",
        "command: sh, args: [/etc/x, -c, systemctl]",
    ]) func `a program that declares its needs, or has none, is not`(exec: String) throws {
        #expect(try needs(exec) == [])
    }

    @Test(arguments: [
        ("sh", "systemctl start x; modprobe y", "write needs: [systemd, modules] below exec:"),
        ("sh", "systemctl start x; systemd-run z", "write needs: [systemd] below exec:"),
        ("sh, needs: [clock]", "modprobe y", "write needs: [clock, modules] below exec:"),
        ("sh", "modprobe y; mount /dev/a /mnt", "write sandbox: false below exec:"),
    ]) func `several needs have one hint`(command: String, text: String, expected: String) throws {
        let exec = try declaration("args: [-c, '\(text)'], command: \(command)")
        #expect(exec.advice(for: exec.undeclaredNeeds().map(\.need)) == expected)
    }

    @Test func `every program of a script is named once`() throws {
        let script = "#!/bin/sh\nset -e\napt-get update && apt-get install -y x\n\tmount /dev/sda /mnt\nx=$(hwclock)\n"
        let found = try declaration("script: /etc/x").undeclaredNeeds(script: script).map(\.program)
        #expect(found == ["apt-get", "mount", "hwclock"])
    }

    @Test func `a need is in the unit`() throws {
        let units = try plan("tasks: {a: {exec: {command: systemctl, needs: [systemd, sysctl]}}}\n").units(
            ProgramInvocation(program: "/usr/bin/nest-bootstrap", taskFiles: [])
        )
        let text = units.filter { $0.path.hasPrefix("k8s-bootstrap-a.service") }.map { "\($0.content)" }.joined()
        for part in ["/run/dbus", "/run/systemd/private", "CAP_NET_ADMIN", "/proc/sys", "PrivateNetwork=no"] {
            #expect(text.contains(part), "\(part)")
        }
    }

    @Test func `a unit without a sandbox undoes every setting of the drop-in but the limits`() throws {
        let text = try ProjectDocument.text("units/k8s-bootstrap-.service.d/10-nest-bootstrap.conf")
        let kept: Set = [
            "Type", "RemainAfterExit", "NotifyAccess", "TimeoutStopSec", "KillMode", "Restart", "SuccessExitStatus",
            "SyslogIdentifier", "Environment", "RuntimeDirectoryMode", "RuntimeDirectoryPreserve", "UMask",
            "AmbientCapabilities", "SystemCallErrorNumber", "MemoryMax", "TasksMax", "LimitCORE",
        ]
        let service = text.split(separator: "[Service]").last ?? ""
        let keys = service.split(separator: "\n").filter { !$0.hasPrefix("#") }
            .compactMap { $0.split(separator: "=").first.map(String.init) }
        #expect(Set(keys).subtracting(kept) == Set(UnitSandbox.none.map(\.key)).subtracting(["Environment"]))
    }
}
