/// The state of a process, from the line of `/proc/PID/stat`; see proc_pid_stat(5).
public struct ProcessState: Sendable {
    /// The words after the name: the state, the parent, the process group and others.
    private let words: [Substring]

    /// Reads the state of a process, or returns `nil` if there is none with this number.
    public init?(_ process: Int32) {
        guard let bytes = try? FileSystem.read("/proc/\(process)/stat", limit: 4096) else { return nil }
        self.init(line: String(decoding: bytes, as: UTF8.self))
    }

    /// Reads a line `PID (NAME) STATE PARENT GROUP …`, in which the name may contain anything.
    init?(line: String) {
        guard let end = line.lastIndex(of: ")") else { return nil }
        words = line[line.index(after: end)...].split(separator: " ")
        guard words.count > 2 else { return nil }
    }

    /// Whether a signal has stopped the process, or a debugger has.
    public var isStopped: Bool { words[0] == "T" || words[0] == "t" }

    /// Whether the process has ended, and its parent has not read its exit status yet.
    var hasEnded: Bool { words[0] == "Z" || words[0] == "X" }

    /// The number of the process group.
    var group: Int32? { Int32(words[2]) }
}
