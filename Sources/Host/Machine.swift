import CShims
import Glibc

/// The machine and the process as they are now.
public enum Machine {
    /// Keeps the library of threads from writing to the journal.
    ///
    /// Its threads ask for a higher priority, which an ordinary user and a unit may not have. They need none, and nobody
    /// needs to read of it. Called first thing, before there is a thread.
    public static func quietThreads() {
        unsafe setenv("LIBDISPATCH_LOG", "NO", 0)
    }

    /// Asks for the machine's name.
    ///
    /// - Returns: The name, empty if the system has none.
    public static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        // One byte stays zero: a name that fills the buffer is not ended by C.
        let code = unsafe gethostname(&name, name.count - 1)
        if code != 0 { return "" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Asks which boot this is.
    ///
    /// - Returns: The kernel's random identifier, another one after each boot.
    /// - Throws: ``SystemError`` where `/proc` cannot be read.
    public static func bootIdentifier() throws(SystemError) -> String {
        let bytes = try FileSystem.read("/proc/sys/kernel/random/boot_id", limit: 128)
        return String(decoding: bytes.prefix { $0 > UInt8(ascii: " ") }, as: UTF8.self)
    }

    /// Asks where relative paths begin.
    ///
    /// - Returns: The process's working directory; `/` if it has none any more.
    public static func workingDirectory() -> String {
        guard let path = unsafe getcwd(nil, 0) else { return "/" }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    /// Whether this process belongs to root.
    public static var isRoot: Bool { geteuid() == 0 }

    /// Copies the environment of this process.
    ///
    /// - Returns: The variables; where a name stands twice the first value counts, as it does for `getenv`.
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

    /// Asks what time it is.
    ///
    /// - Returns: The seconds since 1970 by the machine's clock, right or wrong.
    public static func now() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec)
    }
}
