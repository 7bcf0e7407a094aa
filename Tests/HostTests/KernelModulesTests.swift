import Host
import TestSupport
import Testing

@Suite(.temporaryDirectory, .timeLimit(.minutes(30))) struct KernelModulesTests {
    private func kernel(_ release: String = "6.1.0-test") throws -> KernelModules {
        let directory = TemporaryDirectory.path
        for (name, text) in [
            (
                "modules.dep",
                "kernel/net/bridge/br_netfilter.ko.xz: kernel/net/bridge/bridge.ko.xz\nextra/ip-tables.ko:\n"
            ),
            ("modules.builtin", "kernel/fs/overlayfs/overlay.ko\n"),
            (
                "modules.alias",
                "# Aliases\nalias pci:v*d* bridge\nalias fs-overlayfs overlay\nalias nf-bridge br_netfilter\n"
            ),
        ] { try FileSystem.write(Array(text.utf8), to: "\(directory)/lib/6.1.0-test/\(name)", mode: 0o644) }
        try FileSystem.makeDirectories("\(directory)/sys/br_netfilter")
        return KernelModules(
            loadedDirectory: "\(directory)/sys",
            directories: ["\(directory)/none", "\(directory)/lib"],
            release: release
        )
    }

    @Test func `modules are found by their names, with either separator, and by their aliases`() throws {
        let kernel = try kernel()
        #expect(kernel.isLoaded("br-netfilter") && kernel.isLoaded("br_netfilter") && !kernel.isLoaded("overlay"))
        #expect(kernel.loadedNames() == ["br_netfilter"])
        #expect(kernel.directory == TemporaryDirectory.file("lib/6.1.0-test") && kernel.directoryOfOthers == nil)
        let installed = kernel.installed()
        #expect(installed.module(of: "nf_bridge") == "br_netfilter" && installed.module(of: "ip_tables") == "ip_tables")
        #expect(installed.knows("ip-tables") && installed.knows("fs-overlayfs") && !installed.knows("pci"))
        #expect(installed.isBuiltIn("overlay") && !installed.isBuiltIn("br_netfilter"))
        #expect(installed.nearest(to: "br_netfliter") == "br_netfilter" && installed.nearest(to: "wireguard") == nil)
    }

    @Test func `a kernel without modules differs from one whose modules were replaced`() throws {
        let updated = try kernel("6.1.0-former")
        #expect(updated.directory == nil && updated.directoryOfOthers == TemporaryDirectory.file("lib"))
        #expect(updated.installed().isEmpty)
        let none = KernelModules(loadedDirectory: "/nowhere", directories: ["/nowhere"], release: "6")
        #expect(none.directory == nil && none.directoryOfOthers == nil && none.loadedNames() == [])
    }
}
