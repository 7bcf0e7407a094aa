public import Base
import Glibc
public import Host
public import Planning

extension Sandbox {
    /// The permissions of a copy that only the confined process sees, of a file that its user could not read.
    static let copyMode: UInt32 = 0o004

    /// Returns the command that runs a program in the sandbox: bubblewrap with its arguments.
    ///
    /// - Parameters:
    ///   - command: The program.
    ///   - copy: Returns the open file of which the process gets a copy instead of the file, `nil` for the file itself.
    /// - Returns: The command. Without bubblewrap, or if it may not make the sandbox, it fails, and nothing is run.
    /// - Throws: ``Base/SystemError`` if bubblewrap is not installed, or a file cannot be examined.
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
        // A program gets the signals that bubblewrap gets, and time to end after them.
        if command.isThisProgram { words.append("--die-with-parent") }
        words += ["--cap-drop", "ALL"] + capabilities.flatMap { ["--cap-add", $0] }
        // Bubblewrap itself is root outside of the sandbox, and what it is linked with is not the program's choice.
        let ofLinker = command.environment.filter { $0.key.hasPrefix("LD_") }.sorted { $0.key < $1.key }
        for (name, value) in ofLinker { words += ["--setenv", name, value] }
        words += ["--chdir", "/", "--", command.program] + command.arguments
        let environment = command.environment.filter { !$0.key.hasPrefix("LD_") }
        // The mounts of bubblewrap alone would receive what is mounted on the node meanwhile, for writing.
        words = ["--mount", "--propagation", "private", "--", try Self.locate("bwrap", of: "bubblewrap")] + words
        var bubblewrap = Command(try Self.locate("unshare", of: "util-linux"), words, environment: environment)
        (bubblewrap.isThisProgram, bubblewrap.isConfined, bubblewrap.files) = (command.isThisProgram, true, opened)
        return bubblewrap
    }

    /// Finds a program in the agent's own `PATH`: that of the task is for its program.
    private static func locate(_ name: String, of package: String) throws(SystemError) -> String {
        do throws(SystemError) {
            return try Command(name, environment: Machine.environment()).locate()
        } catch {
            var error = error
            if error.isNotFound { error.advice = "install the package \(package)" }
            throw error
        }
    }

    /// Returns the arguments for the file systems.
    private func files(_ copy: (String) throws(SystemError) -> CInt?) throws(SystemError) -> [String] {
        let places = try places()
        // Directories that bubblewrap makes by itself can only be entered by root.
        let above = places.map(\.place).filter { !hasMount(above: $0) }.flatMap(directoriesAbove) + ["/var"]
        let directories = above.unique().sorted().flatMap { ["--dir", $0] }
        var words = seesNode ? ["--bind", "/", "/"] : directories + ["--symlink", "/run", "/var/run"]
        // Root may change settings of the kernel without any capability.
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
                    // It may be written while the process runs.
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
        // A directory would have writable files too.
        for path in devices {
            // Bubblewrap makes the links to the standard descriptors, which lead to /proc.
            let names = [path] + FileSystem.linkedNames(of: path)
            guard names.allSatisfy({ isPath($0, below: "/dev") }),
                let kind = try FileSystem.status(names[names.count - 1])?.kind,
                kind == .blockDevice || kind == .characterDevice
            else { continue }
            words += ["--dev-bind", path, path]
        }
        // Files that are written elsewhere would be lost without an error.
        for path in covers + (seesNode ? [] : ["/"]) { words += ["--remount-ro", path] }
        return words
    }

    /// The mounts whose sources exist, each after those of the directories above it, with the sources.
    ///
    /// Bubblewrap follows no absolute link in what it has mounted, so that a place there has no link in its path. A link
    /// that another user or a program has made is not followed to something that the user or program may not write.
    private func places() throws(SystemError) -> [(place: String, source: String, mount: Mount)] {
        var places: [(path: String, place: String, source: String, mount: Mount)] = []
        for (path, mount) in mounts where try FileSystem.exists(path) {
            // A file system that is mounted on access would not be mounted later.
            _ = try? FileSystem.exists("\(path)/.")
            let real = FileSystem.existingRealPath(path)
            let source =
                mount == .covered || Self.isSystem(path, leadingTo: real)
                ? real : try FileSystem.directoryForWriting(path, "cannot give to a program")
            var place = path
            if hasMount(above: path) {
                // The directory above it may be mounted under the name of a link.
                let outer = places.last { isPath(path, below: $0.path) && isPath(source, at: $0.source) }
                place = outer.map { $0.place + source.pathPart(after: $0.source.withoutSlashesAtEnd) } ?? source
            }
            let index = places.firstIndex { $0.place.hasSameBytes(as: place) }
            // Of two names for one path, that which the task mentions counts.
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
