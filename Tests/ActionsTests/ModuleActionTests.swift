import Base
import Host
import Planning
import TestSupport
import Testing

@testable import Actions

/// Verb `module`, with a program in the place of `modprobe`.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct ModuleActionTests {
    private static let tasks = "tasks: {mods: {module: {names: [overlay, br-netfilter]}}}\n"
    private static let release = "6.1.0-test"

    private let file = "root/etc/modules-load.d/k8s-bootstrap-mods.conf"

    private func kernel(_ release: String = release) throws -> KernelModules {
        let directory = TemporaryDirectory.path
        let lists = [
            ("modules.dep", "kernel/overlay.ko.xz:\nkernel/br_netfilter.ko:\n"),
            ("modules.builtin", "kernel/loop.ko\n"),
        ]
        for (name, text) in lists {
            try FileSystem.write(Array(text.utf8), to: "\(directory)/lib/\(Self.release)/\(name)", mode: 0o644)
        }
        try FileSystem.makeDirectories("\(directory)/sys")
        return KernelModules(loadedDirectory: "\(directory)/sys", directories: ["\(directory)/lib"], release: release)
    }

    /// Loads the modules of the task, with a script as `modprobe`.
    ///
    /// - Returns: Which were loaded, or the words of the error.
    private func load(_ bench: Bench, _ script: String, _ kernel: KernelModules) async throws -> String {
        try bench.write("#!/bin/sh\n\(script)", to: "bin/modprobe", mode: 0o755)
        var run = bench.run
        run.processEnvironment["PATH"] = "\(bench.directory)/bin:/usr/bin:/bin"
        let own = try bench.context("mods")
        let context = ActionContext(run: run, task: own.task, deadline: own.deadline, emit: own.emit)
        let declaration = try #require(own.task.verb.declaration as? ModuleDeclaration)
        var loaded: [String] = []
        do {
            for name in declaration.names where try await ModuleLoader(context, kernel).load(name) {
                loaded.append(name.text)
            }
        } catch {
            return "\(error)".replacing(bench.directory, with: "DIR")
        }
        return loaded.joined(separator: " ")
    }

    /// A program that does what `modprobe` does.
    private var working: String { "mkdir \(TemporaryDirectory.path)/sys/$(echo $2 | tr - _)\n" }

    @Test func `a module is loaded once, and not if it is built in`() async throws {
        let kernel = try kernel()
        try await withBench(Self.tasks.replacing("overlay", with: "overlay, loop")) { bench async throws in
            #expect(try await load(bench, working, kernel) == "overlay br-netfilter")
            #expect(kernel.loadedNames() == ["br_netfilter", "overlay"])
            #expect(try await load(bench, "exit 1", kernel) == "")
        }
    }

    @Test func `check needs modprobe only for a module that the kernel does not have`() async throws {
        let kernel = try kernel()
        func problems(_ names: String) async throws -> [String] {
            var found: [String] = []
            try await withBench("tasks: {mods: {module: {names: [\(names)]}}}\n") { bench async throws in
                var run = bench.run
                run.kernelModules = kernel
                run.processEnvironment["PATH"] = "\(bench.directory)/none"
                found = await NodeCheck(run).findings().problems.map(\.message)
            }
            return found
        }
        try FileSystem.makeDirectories(TemporaryDirectory.file("sys/overlay"))
        #expect(try await problems("overlay, loop") == [])
        let hasProgram = try ["/usr/sbin", "/sbin"].contains { try FileSystem.exists("\($0)/modprobe") }
        #expect(try await problems("loop, br_netfilter") == (hasProgram ? [] : ["command 'modprobe' not found"]))
    }

    @Test(
        arguments: [
            ("url: 'https://example.com/crictl-v1.tar.gz', unpack: {}", false),
            ("url: 'https://example.com/crictl-v1.tar.gz', unpack: {only: [crictl]}", false),
            ("url: 'https://example.com/tools.tar.gz', unpack: {only: ['mod*']}", true),
            ("url: 'https://example.com/kmod-34.tar.gz', unpack: {strip: 1}", true),
            ("source: without.tar, unpack: {}", false), ("source: with.tar, unpack: {strip: 1}", true),
            ("source: with.tar, unpack: {}", false), ("source: damaged.tar, unpack: {}", true),
        ]
    )
    func `a program is missing unless an archive has it, or may have it`(archive: String, isProvided: Bool) async throws
    {
        let digest = archive.hasPrefix("url") ? ", sha256: \(String(repeating: "4a", count: 32))" : ""
        let tasks = """
            tasks:
              unpack: {file: {path: DIR/bin, \(archive)\(digest)}}
              mods: {after: [unpack], module: {names: [br_netfilter]}}

            """
        let kernel = try kernel()
        try await withBench(tasks.replacing("DIR", with: TemporaryDirectory.path)) { bench async throws in
            for (name, entry) in [("with", "x/modprobe"), ("without", "modprobe.txt")] {
                var tar = TarText()
                tar.add(Array(entry.utf8), .file, Array("#!/bin/sh\n".utf8), mode: 0o755)
                try FileSystem.write(
                    tar.bytes + [UInt8](repeating: 0, count: 1024),
                    to: "\(bench.directory)/\(name).tar",
                    mode: 0o644
                )
            }
            try bench.write("no archive", to: "damaged.tar")
            var run = bench.run
            run.kernelModules = kernel
            run.processEnvironment["PATH"] = "\(bench.directory)/bin"
            let found = await NodeCheck(run).findings().problems.map(\.message)
            #expect(found == (isProvided ? [] : ["command 'modprobe' not found"]))
        }
    }

    @Test func `a modprobe that loads nothing is a failure`() async throws {
        let kernel = try kernel()
        try await withBench(Self.tasks) { bench async throws in
            // As with 'install overlay /bin/true' in /etc/modprobe.d.
            #expect(
                try await load(bench, "exit 0", kernel)
                    == "DIR/bootstrap.yaml:1:33: cannot load module 'overlay': modprobe has succeeded, but the kernel does "
                    + "not have the module; see 'modprobe --showconfig' for a line 'install' that replaces it"
            )
        }
    }

    @Test func `a dry run says what it would load, and loads nothing`() async throws {
        let kernel = try kernel()
        try await withBench(Self.tasks, isDryRun: true) { bench async throws in
            try FileSystem.makeDirectories(TemporaryDirectory.file("sys/overlay"))
            #expect(try await load(bench, "test \"$*\" = '-n -- br-netfilter'", kernel) == "br-netfilter")
            #expect(bench.lines == ["would load module 'br-netfilter'"])
        }
    }

    @Test func `a module that is not there is named with the nearest one`() async throws {
        let kernel = try kernel()
        let script = "echo \"modprobe: FATAL: Module $2 not found in directory /lib/modules/x\" >&2; exit 1"
        for (name, hint) in [
            ("overlya", "did you mean 'overlay'?"),
            (
                "wireguard",
                "correct the name, or install the package that has it for this kernel, such as "
                    + "'linux-modules-extra-6.1.0-test' of Ubuntu"
            ),
        ] {
            try await withBench(Self.tasks.replacing("overlay", with: name)) { bench async throws in
                #expect(
                    try await load(bench, script, kernel)
                        == "DIR/bootstrap.yaml:1:33: cannot load module '\(name)': 'DIR/lib/6.1.0-test' has no module of this "
                        + "name; \(hint)"
                )
            }
        }
    }

    @Test func `a refusal of the kernel is reported with its reason`() async throws {
        let kernel = try kernel()
        let script = { (reason: String) in
            "echo 'modprobe: ERROR: could not insert '\"'$2': \(reason)\" >&2; exit 1"
        }
        try await withBench(Self.tasks) { bench async throws in
            let words = "DIR/bootstrap.yaml:1:33: cannot load module 'overlay': could not insert 'overlay': "
            for (reason, hint) in [
                (
                    "Required key not available",
                    "sign the module with a key that the kernel trusts, or turn off Secure Boot"
                ),
                (
                    "Exec format error",
                    "the module may be built for another kernel, or have wrong parameters: see 'dmesg'"
                ),
                ("No such device", "see 'dmesg'"),
            ] { #expect(try await load(bench, script(reason), kernel) == "\(words)\(reason); \(hint)") }
            #expect(
                try await load(bench, "exit 3", kernel)
                    == "DIR/bootstrap.yaml:1:33: cannot load module 'overlay': modprobe exited with code 3"
            )
        }
    }

    @Test func `a kernel whose modules were replaced by an update needs a restart`() async throws {
        let former = try kernel("6.1.0-former")
        try await withBench(Self.tasks) { bench async throws in
            let place = "DIR/bootstrap.yaml:1:33: cannot load module 'overlay': "
            let printed = try await load(bench, "exit 0", former)
            #expect(
                printed == place
                    + (KernelModules.isContainer
                        ? "this is a container, which has no modules of the kernel of its host; load it on the host of this "
                            + "container: run 'modprobe overlay' there"
                        : "'DIR/lib/6.1.0-former' does not exist: the kernel was updated since the machine was started; "
                            + "restart the machine")
            )
        }
    }

    @Test(arguments: [false, true]) func `with a root only the file is written`(isDryRun: Bool) async throws {
        try await withBench(Self.tasks, isDryRun: isDryRun) { bench async throws in
            #expect(try await bench.perform("mods", searchPath: "/nowhere") == "changed")
            #expect(bench.lines == ["/etc/modules-load.d/k8s-bootstrap-mods.conf created"])
            #expect(try bench.read(file) == (isDryRun ? nil : "overlay\nbr-netfilter\n"))
            guard !isDryRun else { return }
            #expect(try await bench.perform("mods") == "unchanged")
        }
    }
}
