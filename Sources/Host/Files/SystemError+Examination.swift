public import Base
import CShims
import Glibc

/// The cause of a failed call, as far as the file system shows it.
extension SystemError {
    /// Returns the error with the cause that the file system shows, and with what to do about it.
    ///
    /// A link that leads to nothing, a file in the place of a directory, a similar name, a full or read-only file system, a
    /// mount point or an attribute in the way are causes. An error that already has a detail or advice, or whose subject is
    /// no absolute path, stays as it is.
    ///
    /// - Returns: The error.
    public func examined() -> SystemError {
        guard detail == nil, advice == nil, subject.isAbsolutePath, let finding = finding() else { return self }
        var error = self
        (error.detail, error.advice) = (finding.detail, finding.advice)
        return error
    }

    /// A cause, `nil` if the text of the code is all that is known, and what to do.
    private typealias Finding = (detail: String?, advice: String?)

    private func finding() -> Finding? {
        switch code {
        case ENOENT, ENOTDIR: missingPart()
        case ELOOP: loop()
        case ENAMETOOLONG: longName()
        case ENOSPC, EDQUOT: fullFileSystem()
        // A unit has mounts of its own, which the machine does not have.
        case EROFS where !Machine.isUnit: readOnlyMount()
        case EBUSY where !Machine.isUnit: mountPoint()
        case EPERM: attribute() ?? privilege(.fowner)
        case EACCES: privilege(.dacOverride)
        case ENOTCONN: deadFileSystem()
        case EIO, EBADMSG, EUCLEAN: damagedFileSystem()
        case ESTALE: staleFileSystem()
        case EFBIG: limitOfFiles()
        case ETXTBSY: writer()
        default: nil
        }
    }

    /// Calls a function with each part of the subject and the path up to it, from the first, until it returns a value.
    private func firstPart(_ body: (_ parent: String, _ name: String, _ isLast: Bool) -> Finding?) -> Finding? {
        let parts = subject.pathParts
        var parent = ""
        for (index, part) in parts.enumerated() {
            if let finding = body(parent, String(part), index == parts.count - 1) { return finding }
            parent += "/\(part)"
        }
        return nil
    }

    /// Finds the first part of the path that does not exist, or is no directory.
    private func missingPart() -> Finding? {
        firstPart { parent, name, isLast in
            let path = "\(parent)/\(name)"
            guard let found = try? FileSystem.status(path) else {
                let listed = (try? FileSystem.list(parent.isEmpty ? "/" : parent, limit: 10_000)) ?? []
                // Copies of editors and package managers are not meant.
                let names = listed.filter { name in ![".bak", ".orig", ".swp", "~"].contains(where: name.hasSuffix) }
                let near = nearestName(to: name, in: names).map { parent + "/\($0)" + subject.pathPart(after: path) }
                let detail = isLast ? nil : "directory '\(path)' does not exist"
                let exists = near.map { (try? FileSystem.exists($0)) == true } ?? false
                return (detail, exists ? near.map { "did you mean '\($0)'?" } : nil)
            }
            if let target = found.target, (try? FileSystem.exists(path)) == false {
                if let finding = Self.unmounted(target, of: path) { return finding }
                return (
                    "'\(path)' is a link to '\(target)', which does not exist",
                    "create '\(target)', or correct the link"
                )
            }
            guard !isLast, (try? FileSystem.exists("\(path)/.")) != true, let real = try? FileSystem.realPath(path),
                let kind = (try? FileSystem.status(real))?.kind, kind != .directory
            else { return nil }
            return ("'\(path)' is a \(kind.rawValue), not a directory", nil)
        }
    }

    /// Finds the file system to which a link leads and which is not mounted.
    private static func unmounted(_ target: String, of link: String) -> Finding? {
        guard let mount = Mount.unmounted(containing: target) else { return nil }
        return (
            "'\(link)' is a link to '\(target)', and '\(mount)' of /etc/fstab is not mounted",
            "run \(quotedShellLine(["mount", mount]))"
        )
    }

    /// Finds the link that leads back to itself.
    private func loop() -> Finding? {
        firstPart { parent, name, _ in
            let path = "\(parent)/\(name)"
            guard let target = (try? FileSystem.status(path))?.target, (try? FileSystem.realPath(path)) == nil else {
                return nil
            }
            let isOwn = target == name || target == path
            let detail = isOwn ? "a link to itself" : "a link to '\(target)', which leads back to it"
            return ("'\(path)' is \(detail)", "remove that link, and put what it should name there")
        }
    }

    /// Finds the part that is longer than file systems allow; see path_resolution(7).
    private func longName() -> Finding? {
        let longest = subject.pathParts.map(\.utf8.count).max() ?? 0
        let (what, count, limit) =
            longest > 255 ? ("a name of the path", longest, 255) : ("the path", subject.utf8.count, 4095)
        return ("\(what) has \(count) bytes, more than the limit of \(limit)", "write a shorter one")
    }

    private func fullFileSystem() -> Finding? {
        guard let space = FreeSpace.at(subject) else { return nil }
        let place = "'\(space.mount)'"
        if code == EDQUOT {
            return ("the quota of \(place) is used up", "delete files in \(place), or raise the quota")
        }
        if space.isWithoutInodes {
            return ("\(place) has no free inodes (of \(space.inodeCount))", "delete files in \(place)")
        }
        let left = space.free == 0 ? "none" : roundedByteText(space.free)
        let amount = "(\(left) of \(roundedByteText(space.size)) free)"
        // The file that did not fit is gone, so what is free now is less than it needs.
        if space.free > space.size / 2 {
            return ("the file does not fit into \(place) \(amount)", "enlarge \(place), or write elsewhere")
        }
        return (
            "no space is left in \(place) \(amount)",
            "see what fills it: \(quotedShellLine(["du", "-xh", "-d1", space.mount]))"
        )
    }

    private func readOnlyMount() -> Finding? {
        guard let mount = Mount.containing(subject), mount.options.contains("ro") else { return nil }
        return (
            "'\(mount.path)' (\(mount.kind)) is mounted read-only",
            "run \(quotedShellLine(["mount", "-o", "remount,rw", mount.path])), or write another path"
        )
    }

    /// Finds the limit of this process for the size of files; see setrlimit(2).
    private func limitOfFiles() -> Finding? {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0,
            let size = Int(exactly: limit.rlim_cur), size < 1 << 40
        else { return nil }
        return (
            "this process may write files of at most \(byteText(size)) (RLIMIT_FSIZE)",
            "raise the limit: 'LimitFSIZE=' of its unit, or 'ulimit -f' of its shell"
        )
    }

    /// Finds the mount of a file system in user space whose program has ended.
    private func deadFileSystem() -> Finding? {
        guard let mount = Mount.containing(subject), mount.kind.hasPrefix("fuse") else { return nil }
        return (
            "the program of the \(mount.kind) file system at '\(mount.path)' has ended",
            "run \(quotedShellLine(["umount", "-l", mount.path])), and mount it again"
        )
    }

    /// Finds the device whose file system has a damage that the kernel has noticed.
    private func damagedFileSystem() -> Finding? {
        guard let mount = Mount.containing(subject), isPath(mount.source, below: "/dev") else { return nil }
        // The kernel detaches a loop device from its file when it is unmounted.
        let name = mount.source.pathParts.last.map(String.init) ?? ""
        let backing = (try? FileSystem.read("/sys/block/\(name)/loop/backing_file", limit: 4096)) ?? []
        let file = String(decoding: backing.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        let device = file.isEmpty ? mount.source : file
        // The fsck of these file systems does nothing.
        let repair = ["xfs": ["xfs_repair", device], "btrfs": ["btrfs", "check", device]]
        let cause =
            "the \(mount.kind) file system of \(device) at '\(mount.path)', or the device, is damaged (\(Self.text(for: code)))"
        guard mount.path != "/" else {
            return (cause, "see 'dmesg', and restart with 'fsck.mode=force' on the command line of the kernel")
        }
        let check = repair[mount.kind] ?? ["fsck", device]
        // A part of the file system is mounted a second time.
        guard mount.root == "/" else {
            return (cause, "see 'dmesg', and run \(quotedShellLine(check)) while nothing of it is mounted")
        }
        let words = [["umount", mount.path], check]
        return (cause, "see 'dmesg', and run \(quotedShellLine(words))")
    }

    /// Finds the mount of a file server that no longer knows the file.
    private func staleFileSystem() -> Finding? {
        guard let mount = Mount.containing(subject), mount.kind.hasPrefix("nfs") else { return nil }
        return (
            "the server of '\(mount.path)' (\(mount.source)) no longer knows it",
            "run \(quotedShellLine(["umount", "-l", mount.path])), and mount it again"
        )
    }

    private func mountPoint() -> Finding? {
        guard let mount = Mount.containing(subject), mount.path == FileSystem.existingRealPath(subject) else {
            return nil
        }
        return (
            "it is a mount point",
            "run \(quotedShellLine(["umount", mount.path])) first, or name what is mounted there"
        )
    }

    /// Finds an attribute that forbids changes, of the subject or of the directory that it is in.
    private func attribute() -> Finding? {
        let directory = subject.lastSlash.map { String(subject[..<$0]) } ?? ""
        for path in [subject, directory.isEmpty ? "/" : directory] {
            let attributes = unsafe nest_host_attributes(path)
            for (attribute, name, letter) in [(UInt64(0x10), "immutable", "i"), (0x20, "append-only", "a")]
            where attributes & attribute != 0 {
                return (
                    "'\(path)' has the attribute '\(name)'", "run \(quotedShellLine(["chattr", "-\(letter)", path]))"
                )
            }
        }
        return nil
    }

    /// Finds the capability that root lacks, or the file server that does not trust root.
    private func privilege(_ capability: Privileges.Capability) -> Finding? {
        // A unit has the capabilities of its task.
        guard !Machine.isUnit, let privileges = Privileges.ofRoot() else { return nil }
        if let fault = privileges.fault(without: capability, path: subject) { return (fault.reason, fault.advice) }
        guard let mount = Mount.containing(subject), mount.kind.hasPrefix("nfs") else { return nil }
        return (
            "the server of '\(mount.path)' (\(mount.source)) does not let root access it",
            "write another path, or export it with 'no_root_squash' there"
        )
    }

    /// Finds a process that has the program open for writing, or that runs it.
    private func writer() -> Finding? {
        let real = FileSystem.existingRealPath(subject)
        func name(_ process: String) -> String {
            let name = (try? FileSystem.read("/proc/\(process)/comm", limit: 64)) ?? []
            return String(decoding: name.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        }
        for process in ((try? FileSystem.list("/proc")) ?? []).filter({ isNumber($0) }).prefix(2000) {
            for number in (try? FileSystem.list("/proc/\(process)/fd")) ?? []
            where (try? FileSystem.status("/proc/\(process)/fd/\(number)"))?.target == real {
                let info = (try? FileSystem.read("/proc/\(process)/fdinfo/\(number)", limit: 4096)) ?? []
                let flags = String(decoding: info, as: UTF8.self).split(separator: "\n")
                    .first { $0.hasPrefix("flags:") }?.split(separator: "\t").last
                guard let flags, let mode = Int32(flags, radix: 8), mode & O_ACCMODE != O_RDONLY else { continue }
                return (
                    "process \(process) ('\(name(process))') has it open for writing",
                    "wait until that process has closed it"
                )
            }
            if (try? FileSystem.status("/proc/\(process)/exe"))?.target == real {
                return (
                    "process \(process) ('\(name(process))') runs it",
                    "end that process first, or replace the file in place of writing into it, as 'install' does"
                )
            }
        }
        return nil
    }
}
