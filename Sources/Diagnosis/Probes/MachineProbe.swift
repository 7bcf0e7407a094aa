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
        "net.ipv4.ip_forward", "net.bridge.bridge-nf-call-iptables", "fs.inotify.max_user_instances",
    ]

    /// The modules that networks of pods and container runtimes use.
    private static let modules = ["overlay", "br_netfilter"]

    func facts() -> MachineFacts {
        var facts = MachineFacts()
        facts.hostName = hostName
        facts.machineID = text("/etc/machine-id")
        facts.lacksMachineID = (try? FileSystem.exists("\(root)/etc/machine-id")) == false
        facts.programs = Set(packages.keys).filter { name in
            ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"].contains { directory in
                (try? FileSystem.exists("\(root)\(directory)/\(name)")) == true
            }
        }
        // The kernel and the mounts are those of this machine.
        guard root.isEmpty else { return facts }
        facts.controlGroupVersion = controlGroupVersion
        facts.swapAreas = (try? Machine.swapAreas()) ?? []
        for path in Self.written where (try? FileSystem.exists(path)) == true {
            guard let space = FreeSpace.at(path) else { continue }
            facts.volumes.append(.init(path: path, space: space))
        }
        for name in Self.settings {
            facts.settings[name] = text("/proc/sys/\(name.replacing(".", with: "/"))")
        }
        let release = text("/proc/sys/kernel/osrelease") ?? ""
        facts.missingModules = Self.missingModules(
            release: release,
            hasBridgeSettings: facts.settings["net.bridge.bridge-nf-call-iptables"] != nil
        )
        return facts
    }

    /// Finds the modules that networks and container runtimes need and that the kernel does not have now.
    ///
    /// - Returns: The modules; none if the list of those that are built in cannot be read.
    private static func missingModules(release: String, hasBridgeSettings: Bool) -> [String] {
        // The second one is that of NixOS.
        let lists = ["/lib/modules", "/run/booted-system/kernel-modules/lib/modules"].lazy.compactMap {
            try? FileSystem.read("\($0)/\(release)/modules.builtin", limit: 1 << 20)
        }
        guard let builtIn = lists.first.map({ String(decoding: $0, as: UTF8.self) }) else { return [] }
        // A module that is built in and has no parameters is not in the list of loaded modules.
        return modules.filter { name in
            !(name == "br_netfilter" && hasBridgeSettings) && !builtIn.contains("/\(name).ko")
                && (try? FileSystem.exists("/sys/module/\(name)")) == false
        }
    }

    /// The host name of the machine, empty if the file below the root directory cannot be read.
    var hostName: String { root.isEmpty ? Machine.hostName() : text("/etc/hostname") ?? "" }

    private func text(_ path: String) -> String? {
        let bytes = try? FileSystem.read(root + path, limit: 1 << 16)
        return bytes.map { String(decoding: $0, as: UTF8.self).split(separator: "\n").first?.trimmingSpaces ?? "" }
    }

    private var controlGroupVersion: Int {
        if (try? FileSystem.exists("/sys/fs/cgroup/cgroup.controllers")) == true { return 2 }
        return (try? FileSystem.list("/sys/fs/cgroup"))?.isEmpty == false ? 1 : 0
    }
}
