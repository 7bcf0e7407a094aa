internal import FoundationEssentials
internal import Glibc

/// The process of the tests and the machine that it runs on.
public enum TestProcess {
    /// The environment of the process.
    public static let environment = ProcessInfo.processInfo.environment

    /// The directory of temporary files.
    public static let temporaryDirectory = environment["TMPDIR"] ?? "/tmp"

    /// Whether it runs as root.
    public static let isRoot = geteuid() == 0

    /// The name of the machine.
    public static let hostName: String = {
        var name = [CChar](repeating: 0, count: 256)
        unsafe gethostname(&name, name.count - 1)
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }()
}
