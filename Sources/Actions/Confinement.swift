public import Base
import Glibc
public import Host
public import Planning

extension Sandbox {
    /// The mode of a copy that replaces a file in the sandbox because not every user can read the file.
    static let copyMode: UInt32 = 0o004

    /// Returns the command that runs a program in the sandbox with bubblewrap.
    ///
    /// If bubblewrap cannot create the sandbox, the command fails without running the program. `copy` opens a file of
    /// which the process gets a copy, and returns `nil` for a file that is mounted.
    ///
    /// - Throws: ``Base/SystemError`` if a needed program is missing, or a path cannot be examined or is refused.
    public func command(
        running command: Command,
        copying copy: (String) throws(SystemError) -> CInt? = { _ in nil }
    ) throws(SystemError) -> Command {
        var opened: [CInt] = []
        var words = try files { path throws(SystemError) in
            let file = try copy(path)
            opened += [file].compactMap(\.self)
            return file
        }
        words += ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
        if !hasNetwork { words.append("--unshare-net") }
        // The program of a task does not get this flag: it would be killed as soon as a signal ends bubblewrap.
        if command.isThisProgram { words.append("--die-with-parent") }
        words += ["--cap-drop", "ALL"] + capabilities.flatMap { ["--cap-add", $0] }
        // Bubblewrap runs as root outside the sandbox, so the program's LD_* variables must not affect it.
        let ofLinker = command.environment.filter { $0.key.hasPrefix("LD_") }.sorted { $0.key < $1.key }
        for (name, value) in ofLinker { words += ["--setenv", name, value] }
        words += ["--chdir", "/", "--", command.program] + command.arguments
        let environment = command.environment.filter { !$0.key.hasPrefix("LD_") }
        // Without private propagation, file systems mounted later would appear in the sandbox and be writable.
        words = ["--mount", "--propagation", "private", "--", try Self.locate("bwrap", of: "bubblewrap")] + words
        var bubblewrap = Command(try Self.locate("unshare", of: "util-linux"), words, environment: environment)
        (bubblewrap.isThisProgram, bubblewrap.isConfined, bubblewrap.files) = (command.isThisProgram, true, opened)
        return bubblewrap
    }

    /// Finds a program in the agent's own `PATH`, because the task's `PATH` is for its program only.
    private static func locate(_ name: String, of package: String) throws(SystemError) -> String {
        do throws(SystemError) {
            return try Command(name, environment: Machine.environment()).locate()
        } catch {
            var error = error
            if error.isNotFound { error.advice = "install the package \(package)" }
            throw error
        }
    }

    /// Returns the bubblewrap arguments for the file systems.
    private func files(_ copy: (String) throws(SystemError) -> CInt?) throws(SystemError) -> [String] {
        let places = try places()
        // Directories are created explicitly, because only root can enter those that bubblewrap creates implicitly. The
        // directories above missing files are created too, so that an error names the missing file.
        let read = mounts.filter { $0.mount == .readable }.map { FileSystem.existingRealPath($0.path) }
        let above = (places.map(\.place) + read).filter { !hasMount(above: $0) }.flatMap(directoriesAbove) + ["/var"]
        let directories = above.unique().sorted().flatMap { ["--dir", $0] }
        var words =
            node.map { [$0 == .writable ? "--bind" : "--ro-bind", "/", "/"] }
            ?? directories + ["--symlink", "/run", "/var/run"]
        // Without this mount, root could change kernel settings without any capability.
        words += ["--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", "--dev", "/dev"]
        words += ["--symlink", "/run/systemd/journal/dev-log", "/dev/log"]
        for path in ["/tmp", "/var/tmp"] where !mounts.contains(where: { isPath($0.path, at: path) }) {
            words += ["--tmpfs", path]
        }
        words += ["--ro-bind", "/sys", "/sys"]
        var covers: [String] = []
        for (place, source, mount) in places {
            switch mount {
            case .readable:
                if place == "/etc/resolv.conf", let target = try FileSystem.status(place)?.target {
                    // A mount would keep the old target if the target is replaced while the process runs.
                    words += ["--symlink", target, place]
                } else if let file = try copy(source) {
                    words += ["--perms", octal(Self.copyMode), "--ro-bind-data", "\(file)", place]
                } else {
                    words += ["--ro-bind", source, place]
                }
            case .writable: words += ["--bind", source, place]
            case .covered:
                if try FileSystem.exists("\(place)/.") {
                    words += ["--tmpfs", place]
                    covers.append(place)
                } else {
                    words += ["--ro-bind", "/dev/null", place]
                }
            }
        }
        // Devices are bound one by one, because a directory may contain other writable files.
        for path in devices {
            // Links out of /dev are left out: bubblewrap itself creates the links to the standard descriptors.
            let names = [path] + FileSystem.linkedNames(of: path)
            guard names.allSatisfy({ isPath($0, below: "/dev") }),
                let kind = try FileSystem.status(names[names.count - 1])?.kind,
                kind == .blockDevice || kind == .characterDevice
            else { continue }
            words += ["--dev-bind", path, path]
        }
        // These file systems exist only in the sandbox, and files written there would be lost without an error.
        for path in covers + (node == nil ? ["/"] : []) { words += ["--remount-ro", path] }
        return words
    }

    /// Returns the mounts whose sources exist, sorted so that parent directories come first.
    ///
    /// A place below another mount has no link in its path: bubblewrap follows no absolute link below its mounts.
    /// Except in covered and system paths, links are followed only as ``FileSystem/directoryForWriting(_:_:)`` allows.
    private func places() throws(SystemError) -> [(place: String, source: String, mount: Mount)] {
        var places: [(path: String, place: String, source: String, mount: Mount)] = []
        for (path, mount) in mounts where try FileSystem.exists(path) {
            // This access triggers an automount, which an access in the sandbox would not.
            _ = try? FileSystem.exists("\(path)/.")
            let real = FileSystem.existingRealPath(path)
            let source =
                mount == .covered || Self.isSystem(path, leadingTo: real)
                ? real : try FileSystem.directoryForWriting(path, "cannot give to a program")
            var place = path
            if hasMount(above: path) {
                // A directory above the path may be mounted at the path of a link.
                let outer = places.last { isPath(path, below: $0.path) && isPath(source, at: $0.source) }
                place = outer.map { $0.place + source.pathPart(after: $0.source.withoutSlashesAtEnd) } ?? source
            }
            let index = places.firstIndex { $0.place.hasSameBytes(as: place) }
            // If two paths lead to one place, a writable mount wins, and a cover never replaces a mount.
            if let index, mount == .covered || places[index].mount == .writable { continue }
            if let index { places.remove(at: index) }
            places.append((path, place, source, mount))
        }
        return places.map { ($0.place, $0.source, $0.mount) }
            .sorted { $0.place.utf8.lexicographicallyPrecedes($1.place.utf8) }
    }
}

private func directoriesAbove(_ path: String) -> [String] {
    let parts = path.pathParts
    return (1..<max(parts.count, 1)).map { "/" + parts[..<$0].joined(separator: "/") }
}
