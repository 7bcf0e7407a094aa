import Base
import Glibc

/// The processes of a program: the one that was started, and those that it has started in turn.
struct ProcessGroup {
    /// The number of the group, which is that of its first process.
    let number: pid_t

    /// The pause between two looks at a group that was killed: the kernel does not report the end of a group.
    private static let pollMicroseconds: UInt32 = 20_000

    /// Sends a signal to every process of the group.
    func send(_ signal: CInt) { kill(-number, signal) }

    /// Waits until every process has ended, or time is up.
    ///
    /// - Parameter limit: The instant at which time is up.
    /// - Returns: A process that still runs, `nil` if all have ended.
    func survivor(at limit: ContinuousClock.Instant) -> pid_t? {
        while let process = runningProcess() {
            guard ContinuousClock.now < limit else { return process }
            usleep(Self.pollMicroseconds)
        }
        return nil
    }

    /// Finds a process of the group that has not ended.
    private func runningProcess() -> pid_t? {
        let result = kill(-number, 0)
        let code = errno
        if result != 0, code == ESRCH { return nil }
        // One that has ended stays in the group until its parent has read its exit status.
        let names = (try? FileSystem.list("/proc")) ?? []
        return names.lazy.compactMap { pid_t($0) }.first { process in
            guard let bytes = try? FileSystem.read("/proc/\(process)/stat", limit: 4096) else { return false }
            return isRunningMember(String(decoding: bytes, as: UTF8.self))
        }
    }

    /// Whether the kernel's line about a process says that it is in this group and has not ended.
    ///
    /// The line is `PID (NAME) STATE PARENT GROUP …`, and the name may contain anything.
    private func isRunningMember(_ line: String) -> Bool {
        guard let end = line.lastIndex(of: ")") else { return false }
        let words = line[line.index(after: end)...].split(separator: " ")
        return words.count > 2 && !["Z", "X"].contains(words[0]) && pid_t(words[2]) == number
    }
}
