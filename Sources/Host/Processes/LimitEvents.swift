import Base
import Glibc

/// The kernel's counts of processes that were killed or not started because a limit was reached.
///
/// The counts belong to this machine and to the control group of this process and the groups above it; a program that
/// this process starts is in the same group. Sources: proc_vmstat(5), and `memory.events` and `pids.events` in the
/// kernel's Documentation/admin-guide/cgroup-v2.rst. Version 1 of control groups has the same counts in other files.
public struct LimitEvents: Sendable {
    private let counters: [Counter]
    /// The processor time of all children that had ended.
    private let processorTime: Duration

    /// Reads the counts.
    public init() {
        counters = Self.groupCounters() + [Counter(events: "/proc/vmstat", key: "oom_kill", group: nil, limit: nil)]
        processorTime = Self.processorTimeOfChildren()
    }

    /// A limit.
    public enum Limit: Sendable, Hashable {
        /// The memory of the machine.
        case machineMemory
        /// The memory of a control group, as a clause.
        case groupMemory(String)
        /// The number of processes of a control group, as a clause.
        case processes(String)
    }

    /// The limit of memory that was reached since this value was made, that of the closest group first.
    public var reachedMemory: Limit? { counters.first { $0.key != "max" && $0.hasGrown }?.reached }

    /// The limit of processes that was reached since this value was made, that of the closest group first.
    public var reachedProcesses: Limit? { counters.first { $0.key == "max" && $0.hasGrown }?.reached }

    /// The processor time in seconds that one process may use, `nil` if there is no limit; see RLIMIT_CPU of setrlimit(2).
    public var processorTimeLimit: Int? {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_CPU.rawValue), &limit) == 0 else { return nil }
        return limit.rlim_cur == rlim_t.max ? nil : Int(exactly: limit.rlim_cur)
    }

    /// Whether the children that have ended since this value was made used as much processor time as one process may.
    public var hasReachedProcessorTime: Bool {
        guard let limit = processorTimeLimit else { return false }
        // The kernel counts the time for the limit and for this sum differently.
        return Self.processorTimeOfChildren() - processorTime >= .seconds(limit) * 0.95
    }

    private static func processorTimeOfChildren() -> Duration {
        var usage = rusage()
        guard unsafe getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage) == 0 else { return .zero }
        return [usage.ru_utime, usage.ru_stime].reduce(.zero) { sum, time in
            sum + .seconds(time.tv_sec) + .microseconds(time.tv_usec)
        }
    }

    /// A count in a file of lines such as `oom_kill 3`.
    private struct Counter: Sendable {
        let file: String
        let key: String
        /// The control group, `nil` for the whole machine.
        let group: String?
        /// The file that contains the limit.
        let limitFile: String?
        let count: Int?

        init(events file: String, key: String, group: String?, limit: String?) {
            (self.file, self.key, self.group, limitFile) = (file, key, group, limit)
            count = Self.read(file, key)
        }

        var hasGrown: Bool {
            guard let count, let current = Self.read(file, key) else { return false }
            return current > count
        }

        var reached: Limit {
            guard let group else { return .machineMemory }
            let limit = limitFile.flatMap(Self.number)
            guard key != "max" else {
                let count = limit.map { "\($0) " } ?? ""
                return .processes("control group '\(group)' has reached its limit of \(count)processes")
            }
            let size = limit.map { " of \(roundedByteText($0))" } ?? ""
            return .groupMemory("control group '\(group)' has reached its memory limit\(size)")
        }

        private static func read(_ file: String, _ key: String) -> Int? {
            guard let bytes = try? FileSystem.read(file, limit: 1 << 20) else { return nil }
            let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix(key + " ") }
            return line.flatMap { $0.split(separator: " ").last }.flatMap { Int($0) }
        }

        private static func number(_ file: String) -> Int? {
            guard let bytes = try? FileSystem.read(file, limit: 100) else { return nil }
            return Int(String(decoding: bytes, as: UTF8.self).filter { $0 != "\n" })
        }
    }

    /// Files with a count and its limit, by the controller that has them.
    private struct Source {
        /// The controller in `/proc/self/cgroup`, empty for version 2, which has one hierarchy for all.
        let controller: String
        /// The file that contains the count.
        let events: String
        let key: String
        /// The file that contains the limit.
        let limit: String

        /// The directory of the hierarchy.
        var root: String { "/sys/fs/cgroup" + (controller.isEmpty ? "" : "/\(controller)") }
    }

    private static let sources = [
        // `oom` counts only the limits of the group itself, `oom_kill` any cause of a kill.
        Source(controller: "", events: "memory.events.local", key: "oom", limit: "memory.max"),
        Source(controller: "", events: "pids.events", key: "max", limit: "pids.max"),
        Source(controller: "memory", events: "memory.oom_control", key: "oom_kill", limit: "memory.limit_in_bytes"),
        Source(controller: "pids", events: "pids.events", key: "max", limit: "pids.max"),
    ]

    /// Returns the counters of the control group of this process and of the groups above it.
    private static func groupCounters() -> [Counter] {
        guard let bytes = try? FileSystem.read("/proc/self/cgroup", limit: 1 << 16) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").flatMap { line -> [Counter] in
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return [] }
            return sources.filter { $0.controller == parts[1] }.flatMap { source in
                directories(of: String(parts[2]), below: source.root).map { group, directory in
                    Counter(
                        events: "\(directory)/\(source.events)",
                        key: source.key,
                        group: group,
                        limit: "\(directory)/\(source.limit)"
                    )
                }
            }
        }
    }

    /// Returns a group and the groups above it, without the root, which has no limits, and their directories.
    private static func directories(of group: String, below root: String) -> [(group: String, directory: String)] {
        let parts = group.pathParts.map(String.init)
        return parts.indices.reversed().map { last in
            let path = "/" + parts[...last].joined(separator: "/")
            return (path, root + path)
        }
    }
}
