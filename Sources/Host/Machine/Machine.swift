public import Base
import CShims
import Glibc

public enum Machine {
    /// Prevents libdispatch from writing to the journal, unless `LIBDISPATCH_LOG` is already set.
    ///
    /// Threads of libdispatch request a higher priority. Ordinary users and units are denied it, and libdispatch logs
    /// each denial. Called at the start of `main`, before any thread exists.
    public static func silenceDispatchLogging() {
        unsafe setenv("LIBDISPATCH_LOG", "NO", 0)
    }

    /// Returns the host name, or an empty string if it cannot be determined.
    public static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        // The last byte stays zero, because `gethostname` does not terminate a name that fills the buffer.
        let code = unsafe gethostname(&name, name.count - 1)
        if code != 0 { return "" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Returns the random identifier of this boot.
    ///
    /// systemd-nspawn gives a container its own boot identifier, but a process with a separate `/proc` reads the host's
    /// identifier. A confined process therefore gets the identifier from ``confinedBootVariable``.
    public static func bootIdentifier() throws(SystemError) -> String {
        if let variable = environmentVariable(confinedBootVariable) { return variable }
        let bytes = try readFile("/proc/sys/kernel/random/boot_id", limit: 128)
        return String(decoding: bytes.prefix { $0 > UInt8(ascii: " ") }, as: UTF8.self)
    }

    /// Returns the absolute path of the working directory, or `/` if it cannot be determined.
    public static func workingDirectory() -> String {
        guard let path = unsafe getcwd(nil, 0) else { return "/" }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    /// Protects keys in the memory of a root process from core dumps and unprivileged processes.
    ///
    /// Programs that the process starts are not affected. Called at the start of `main`, before any key is read.
    public static func forbidDumps() {
        guard isRoot else { return }
        _ = nest_host_forbid_dumps()
    }

    /// The commit that this program was built from, or `nil` if it was unknown at build time.
    public static var builtCommit: String? {
        let commit = unsafe String(cString: nest_host_commit())
        return commit.isEmpty ? nil : commit
    }

    public static var isRoot: Bool { geteuid() == 0 }

    /// The environment variable that passes the boot identifier to a confined process.
    public static let confinedBootVariable = "NEST_CONFINED_BOOT"

    /// Whether root has started this process in a sandbox.
    public static let isConfined = environmentVariable(confinedBootVariable) != nil

    /// Switches this process from root to a user and the user's primary group.
    ///
    /// Called before a second thread exists.
    public static func become(_ user: String) throws(SystemError) {
        let code = unsafe nest_host_become(user)
        guard code == 0 else { throw SystemError("cannot become user", user, code: code) }
    }

    /// Returns the program name and the arguments of this process, even if `/proc` is missing.
    public static func arguments() -> [String] {
        guard var argument = unsafe nest_host_arguments() else { return [] }
        var arguments: [String] = []
        while let text = unsafe argument.pointee {
            unsafe arguments.append(String(cString: text))
            unsafe argument += 1
        }
        return arguments
    }

    static func environmentVariable(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    /// Returns the environment of this process; if a name is repeated, the first value applies, as in `getenv`.
    public static func environment() -> [String: String] {
        guard var entry = unsafe nest_host_environment() else { return [:] }
        var variables: [String: String] = [:]
        while let text = unsafe entry.pointee {
            let line = unsafe String(cString: text)
            let pair = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2, variables[String(pair[0])] == nil { variables[String(pair[0])] = String(pair[1]) }
            unsafe entry += 1
        }
        return variables
    }
}
