import Base
import Host

/// Reads the kernel's settings and the files of a machine below a root directory.
struct MachineProbe {
    var root: String

    /// The directories that a node writes.
    private static let written = [
        "/var/lib/kubelet", "/var/lib/containerd", "/var/lib/containers", "/var/lib/rancher", "/var/log", "/run",
        "/etc",
    ]

    private static let settings = [
        "net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding", "net.bridge.bridge-nf-call-iptables",
        "fs.inotify.max_user_instances", "fs.inotify.max_user_watches", "fs.file-max", "kernel.pid_max",
    ]

    /// The modules that networks of pods and container runtimes use.
    static let modules = ["overlay", "br_netfilter"]

    func facts() -> MachineFacts {
        var facts = MachineFacts()
        facts.hostName = root.isEmpty ? Machine.hostName() : text("/etc/hostname") ?? Machine.hostName()
        facts.machineID = text("/etc/machine-id")
        facts.controlGroupVersion = controlGroupVersion
        facts.swapAreas = swapAreas
        for path in Self.written where (try? FileSystem.exists(root + path)) == true {
            guard let space = FreeSpace.at(root + path) else { continue }
            facts.volumes.append(.init(path: path, space: space))
        }
        for name in Self.settings {
            facts.settings[name] = text("/proc/sys/\(name.replacing(".", with: "/"))")
        }
        let kernel = KernelModules()
        let installed = kernel.installed()
        facts.modules = Set(
            Self.modules.filter { kernel.isLoaded($0) || installed.isBuiltIn(installed.module(of: $0)) }
        )
        let interfaces = ((try? NetworkInterface.all()) ?? []).filter { $0.name != "lo" }
        facts.hasAddress = interfaces.contains { $0.addresses.contains { !$0.address.isLinkLocal } }
        facts.silentInterfaces = interfaces.filter { !$0.isUp || !$0.isRunning }.map(\.name)
        return facts
    }

    private func text(_ path: String) -> String? {
        let bytes = try? FileSystem.read(root + path, limit: 1 << 16)
        return bytes.map { String(decoding: $0, as: UTF8.self).split(separator: "\n").first?.trimmingSpaces ?? "" }
    }

    private var controlGroupVersion: Int {
        if (try? FileSystem.exists("\(root)/sys/fs/cgroup/cgroup.controllers")) == true { return 2 }
        return (try? FileSystem.list("\(root)/sys/fs/cgroup"))?.isEmpty == false ? 1 : 0
    }

    private var swapAreas: [String] {
        let bytes = (try? FileSystem.read("\(root)/proc/swaps", limit: 1 << 20)) ?? []
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst()
        return lines.compactMap { $0.split { $0 == " " || $0 == "\t" }.first.map(String.init) }
    }
}
