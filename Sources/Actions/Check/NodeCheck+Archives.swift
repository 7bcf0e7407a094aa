import Archive
import Base
import Execution
import Host
import Planning

/// Programs in the archives that tasks unpack.
extension NodeCheck {
    /// Returns whether a task unpacks an archive that has, or may have, a program.
    ///
    /// - Parameters:
    ///   - path: The path of the program.
    ///   - package: The package of Debian with the program, `nil` if it is not known.
    /// - Returns: `true` also if the entries of an archive are not known, and its name fits.
    func mayBeUnpacked(_ path: String, of package: String?) async -> Bool {
        for task in run.plan.steps.lazy.map(\.task) {
            guard let file = task.verb.declaration as? FileDeclaration, let part = file.unpacking,
                isPath(path, below: file.path.path)
            else { continue }
            let selection = ArchiveSelection(strippedCount: part.strippedCount, wanted: part.wanted)
            let entry = path.pathPart(after: "\(file.path.path.withoutSlashesAtEnd)/")
            guard selection.wants(entry) else { continue }
            if let archive = location(of: file.source, of: task) {
                let found = await onThread { try? selection.finds(entry, in: archive) }
                // An archive that cannot be read is reported when it is unpacked.
                if found ?? true { return true }
            } else if !part.wanted.isEmpty || isPlausible(entry, of: package, in: file.source) {
                return true
            }
        }
        return false
    }

    /// Returns the location of an archive that is on the node, or in the cache.
    private func location(of source: FileDeclaration.Source, of task: PlannedTask) -> String? {
        let paths: [String]
        switch source {
        case .path(let path): paths = producers.producer(of: path.path) == nil ? [path.path] : []
        case .url(_, let digest):
            let cache = DigestCache(run: run, task: task.name, deadline: .now, emit: Emitter { _, _ in })
            paths = cache.copies(of: digest)
        case .content, .generated: paths = []
        }
        return paths.lazy.compactMap { try? run.files.location(ofRead: $0) }
            .first { (try? FileSystem.exists($0)) == true }
    }

    /// Returns whether an archive of which only the name is known may have a program.
    ///
    /// Programs of the base system come from packages, unless the name of the archive is that of the program or package.
    private func isPlausible(_ entry: String, of package: String?, in source: FileDeclaration.Source) -> Bool {
        let name = entry.pathParts.last.map(String.init) ?? entry
        guard Self.baseSystem.contains(name) else { return true }
        let archive: String
        switch source {
        case .path(let path): archive = path.path
        case .url(let url, _): archive = url
        case .content, .generated: return false
        }
        let words = archive.pathParts.last.map { $0.lowercased() } ?? ""
        return words.contains(name) || package.map { words.contains($0) } ?? false
    }

    /// Programs of every installation that are never published in an archive with other programs.
    private static let baseSystem: Set = [
        "apt", "apt-get", "awk", "bash", "blkid", "cat", "chmod", "chown", "cp", "depmod", "dnf", "dpkg", "echo",
        "false",
        "findmnt", "grep", "hostname", "hostnamectl", "insmod", "ip", "ip6tables", "iptables", "journalctl", "ln", "ls",
        "lsblk", "lsmod", "mkdir", "mkfs", "modinfo", "modprobe", "mount", "mv", "nft", "openssl", "python3", "rm",
        "rmmod",
        "rpm", "sed", "sh", "swapoff", "sysctl", "systemctl", "tar", "test", "timedatectl", "touch", "true", "udevadm",
        "umount", "useradd", "yum", "zypper",
    ]
}
