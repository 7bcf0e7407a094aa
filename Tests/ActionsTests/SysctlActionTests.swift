import Base
import Host
import Planning
import TestSupport
import Testing

@testable import Actions

/// Verb `sysctl`, with a directory in the place of `/proc/sys`.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct SysctlActionTests {
    private static let place = "DIR/bootstrap.yaml:1:33: "

    private func tasks(_ values: String) -> String { "tasks: {fwd: {sysctl: {values: {\(values)}}}}\n" }

    /// Writes settings of a kernel.
    private func kernel(_ settings: [(String, String)]) throws -> KernelSettings {
        for (path, text) in settings {
            try FileSystem.write(Array("\(text)\n".utf8), to: TemporaryDirectory.file("sys/\(path)"), mode: 0o644)
        }
        return KernelSettings(directory: TemporaryDirectory.file("sys"))
    }

    /// Sets the values of the task.
    ///
    /// - Returns: The names that were set, or the words of the error.
    private func set(_ bench: Bench, _ kernel: KernelSettings) throws -> String {
        var run = bench.run
        run.kernelSettings = kernel
        run.kernelModules = KernelModules(loadedDirectory: "\(bench.directory)/none", directories: [], release: "6.1.0")
        let own = try bench.context("fwd")
        let context = ActionContext(run: run, task: own.task, deadline: own.deadline, emit: own.emit)
        let declaration = try #require(own.task.verb.declaration as? SysctlDeclaration)
        do {
            var names: [String] = []
            for setting in declaration.settings where try SettingWriter(context).set(setting) {
                names.append(setting.name)
            }
            return names.joined(separator: " ")
        } catch {
            return "\(error)".replacing(bench.directory, with: "DIR")
        }
    }

    @Test func `only a value that differs is set`() async throws {
        let kernel = try kernel([("net/a", "0"), ("net/rmem", "1\t2\t3"), ("net/if/e0.1/f", "1"), ("vm/hex", "16")])
        let values = "net.a: 1, net.rmem: '1 2  3', net.if.e0/1.f: 0, vm.hex: 0x10"
        try await withBench(tasks(values)) { bench async throws in
            #expect(try set(bench, kernel) == "net.a net.if.e0/1.f")
            #expect(bench.lines == ["sysctl 'net.a' 0 -> 1", "sysctl 'net.if.e0/1.f' 1 -> 0"])
            #expect(try kernel.value(of: ["net", "a"]) == "1")
            #expect(try set(bench, kernel) == "")
        }
    }

    @Test func `a dry run says what it would set, and sets nothing`() async throws {
        let kernel = try kernel([("net/a", "0")])
        let values = "net.a: 1, net.bridge.x: 1"
        let module = "mods: {module: {names: [br-netfilter]}}, fwd: {after: [mods], "
        try await withBench(tasks(values).replacing("fwd: {", with: module), isDryRun: true) { bench async throws in
            #expect(try set(bench, kernel) == "net.a net.bridge.x")
            #expect(
                bench.lines == [
                    "would change sysctl 'net.a': 0 -> 1",
                    "would set sysctl 'net.bridge.x' to 1, once module 'br_netfilter' is loaded",
                ]
            )
            #expect(try kernel.value(of: ["net", "a"]) == "0")
        }
    }

    @Test func `an unknown name is reported with the nearest one`() async throws {
        let kernel = try kernel([
            ("net/ipv4/ip_forward", "0"), ("net/ipv4/conf/eth0.1/forwarding", "0"),
            ("net/ipv4/conf/all/forwarding", "0"),
        ])
        for (name, near) in [
            ("net.ipv4.ip_forwad", "net.ipv4.ip_forward"),
            ("net.ipv4.cnof.all.forwarding", "net.ipv4.conf.all.forwarding"),
            ("net.ip_forward", "net.ipv4.ip_forward"),
            ("net.ipv4.conf.eth0.1.forwarding", "net.ipv4.conf.eth0/1.forwarding"),
            ("net.ipv4.conf.all/forwarding", "net.ipv4.conf.all.forwarding"),
        ] {
            try await withBench(tasks("\(name): 1")) { bench async throws in
                #expect(
                    try set(bench, kernel)
                        == "\(Self.place)cannot set sysctl '\(name)' to 1: the kernel has no such setting; did you mean '\(near)'?"
                )
            }
        }
        try await withBench(tasks("net.ipv4.conf.wlan7.forwarding: 1")) { bench async throws in
            #expect(try set(bench, kernel).contains("there is no network interface 'wlan7'; correct the name, or run"))
        }
    }

    @Test(.enabled(if: !KernelModules.isContainer))
    func `the module of a missing setting is named, and the task that loads it`() async throws {
        let kernel = try kernel([("net/a", "0")])
        let reason = "the kernel has it only with module 'nf_conntrack', which is not loaded; "
        try await withBench(tasks("net.netfilter.nf_conntrack_max: 1")) { bench async throws in
            #expect(
                try set(bench, kernel).hasSuffix(
                    "\(reason)write a task with module: {names: [nf_conntrack]}, and its name in 'after' of this one"
                )
            )
        }
        let module = "tasks: {mods: {module: {names: [nf_conntrack]}}, "
        let text = tasks("net.netfilter.nf_conntrack_max: 1").replacing("tasks: {", with: module)
        try await withBench(text) { bench async throws in
            #expect(try set(bench, kernel).hasSuffix("\(reason)write after: [mods] in task 'fwd'"))
        }
    }

    @Test func `a file that systemd reads later is a warning`() async throws {
        try await withBench(tasks("net.a: 1, net.b: 1, net.c: 1, net.d: 1")) { bench async throws in
            for (path, text) in [
                ("etc/sysctl.d/10-early.conf", "net.a = 0\n"),
                ("etc/sysctl.d/z.conf", "# x\nnet/b = 0\n-net.d=2\nnet.c=1\n"),
                ("usr/lib/sysctl.d/z.conf", "net.c = 0\n"), ("usr/lib/sysctl.d/zz.conf", "net.d = 1\n"),
            ] { _ = try bench.write(text, to: "root/\(path)") }
            let declaration = try #require(bench.context("fwd").task.verb.declaration as? SysctlDeclaration)
            #expect(
                LaterSettings(bench.run.files).problems(of: declaration).map(\.message) == [
                    "'/etc/sysctl.d/z.conf' sets 'net.b' to 0 after it, so that is the value after a restart"
                ]
            )
        }
    }

    @Test func `below a root only the file is written`() async throws {
        try await withBench(tasks("net.none: 1, vm.none: 1 2")) { bench async throws in
            let own = try bench.context("fwd")
            #expect(try await SysctlAction.perform(own))
            #expect(try bench.read("root/etc/sysctl.d/k8s-bootstrap-fwd.conf") == "net.none = 1\nvm.none = 1 2\n")
            #expect(try await SysctlAction.perform(own) == false)
        }
    }
}
