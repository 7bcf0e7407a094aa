public import Base
import CShims
import Glibc

/// Facts about the machine and this process.
public enum Machine {
    /// Keeps libdispatch from writing to the journal.
    ///
    /// Its threads request a higher priority, which ordinary users and units are denied, and it logs each denial. Called
    /// first in `main`, before any thread exists.
    public static func silenceDispatchLogging() {
        unsafe setenv("LIBDISPATCH_LOG", "NO", 0)
    }

    /// Returns the machine's name.
    ///
    /// - Returns: The name, empty if the system has none.
    public static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        // The last byte stays zero: C does not terminate a name that fills the buffer.
        let code = unsafe gethostname(&name, name.count - 1)
        if code != 0 { return "" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Returns the identifier of this boot.
    ///
    /// - Returns: The kernel's random identifier.
    /// - Throws: ``Base/SystemError`` where `/proc` cannot be read.
    public static func bootIdentifier() throws(SystemError) -> String {
        let bytes = try FileSystem.read("/proc/sys/kernel/random/boot_id", limit: 128)
        return String(decoding: bytes.prefix { $0 > UInt8(ascii: " ") }, as: UTF8.self)
    }

    /// Returns the process's working directory.
    ///
    /// - Returns: The absolute path; `/` if the directory was removed.
    public static func workingDirectory() -> String {
        guard let path = unsafe getcwd(nil, 0) else { return "/" }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    /// Keeps the keys in the memory of a root process or a unit out of core dumps, and out of other processes' reach.
    ///
    /// Units share a user. Children are not affected. Called first in `main`, before any key is read.
    public static func forbidDumps() {
        guard isRoot || isUnit else { return }
        _ = nest_host_forbid_dumps()
    }

    /// The commit that this program was built from, `nil` if the build did not know it.
    public static var builtCommit: String? {
        let commit = unsafe String(cString: nest_host_commit())
        return commit.isEmpty ? nil : commit
    }

    /// Whether this process belongs to root.
    public static var isRoot: Bool { geteuid() == 0 }

    /// Whether this process is of a unit of the program, whose drop-in sets the variable.
    public static let isUnit = environment()["NEST_UNIT"] == "yes"

    /// Copies the arguments of this process, also where `/proc` is missing.
    ///
    /// - Returns: The name of the program and its arguments.
    public static func arguments() -> [String] {
        guard var argument = unsafe nest_host_arguments() else { return [] }
        var arguments: [String] = []
        while let text = unsafe argument.pointee {
            unsafe arguments.append(String(cString: text))
            unsafe argument += 1
        }
        return arguments
    }

    /// Copies the environment of this process.
    ///
    /// - Returns: The variables; of a repeated name the first value counts, as for `getenv`.
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
