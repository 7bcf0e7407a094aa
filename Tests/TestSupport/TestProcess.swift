internal import FoundationEssentials
internal import Glibc

/// The process of the tests and the machine that it runs on.
public enum TestProcess {
    public static let environment = ProcessInfo.processInfo.environment

    public static let temporaryDirectory = environment["TMPDIR"] ?? "/tmp"

    public static let isRoot = geteuid() == 0

    public static let hostName: String = {
        var name = [CChar](repeating: 0, count: 256)
        unsafe gethostname(&name, name.count - 1)
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }()
}

/// A generator that yields the same numbers in each run, so that a failure can be found again.
public struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    public init(seed: Int) {
        state = UInt64(bitPattern: Int64(seed))
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var result = state
        result = (result ^ (result >> 30)) &* 0xbf58_476d_1ce4_e5b9
        result = (result ^ (result >> 27)) &* 0x94d0_49bb_1331_11eb
        return result ^ (result >> 31)
    }
}
