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
        var words = seesNode ? ["--bind", "/", "/"] : []
        // Root may change settings of the kernel without any capability.
        words += ["--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", "--dev", "/dev"]
        var covers: [String] = []
        for path in ["/tmp", "/var/tmp"] where !mounts.contains(where: { isPath($0.path, at: path) }) {
            words += ["--tmpfs", path]
        }
        words += ["--ro-bind", "/sys", "/sys"]
        for (path, mount) in mounts where try FileSystem.exists(path) {
            switch mount {
            case .readable:
                if path == "/etc/resolv.conf", let target = try FileSystem.status(path)?.target {
                    // It may be written while the process runs.
                    words += ["--symlink", target, path]
                } else if let file = try copy(path) {
                    words += ["--perms", octal(Self.copyMode), "--ro-bind-data", "\(file)", path]
                } else {
                    words += ["--ro-bind-try", path, path]
                }
            case .writable: words += ["--bind-try", path, path]
            case .covered:
                if try FileSystem.exists("\(path)/.") {
                    words += ["--tmpfs", path]
                    covers.append(path)
                } else {
                    words += ["--ro-bind", "/dev/null", path]
                }
            }
        }
        for path in devices { words += ["--dev-bind-try", path, path] }
        // What is written elsewhere would be lost without an error.
        for path in covers + (seesNode ? [] : ["/"]) { words += ["--remount-ro", path] }
        words += ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
        if !hasNetwork { words.append("--unshare-net") }
        words += ["--cap-drop", "ALL"] + capabilities.flatMap { ["--cap-add", $0] }
        // Bubblewrap itself is root outside of the sandbox, and what it is linked with is not the program's choice.
        let ofLinker = command.environment.filter { $0.key.hasPrefix("LD_") }.sorted { $0.key < $1.key }
        for (name, value) in ofLinker { words += ["--setenv", name, value] }
        words += ["--chdir", "/", "--", command.program] + command.arguments
        let environment = command.environment.filter { !$0.key.hasPrefix("LD_") }
        var bubblewrap = Command("bwrap", words, environment: environment)
        do throws(SystemError) {
            // The task's own PATH is for its program.
            bubblewrap.program = try Command("bwrap", environment: Machine.environment()).locate()
        } catch {
            var error = error
            if error.isNotFound { error.advice = "install the package bubblewrap" }
            throw error
        }
        return bubblewrap
    }
}
