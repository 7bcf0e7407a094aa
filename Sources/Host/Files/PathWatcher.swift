public import Base
import Glibc

extension FileSystem {
    /// Waits until something exists at one of several paths, following links.
    ///
    /// The paths are checked again after events from the kernel, and at an interval.
    ///
    /// - Parameters:
    ///   - paths: The paths.
    ///   - deadline: The instant after which the wait is given up.
    ///   - checkInterval: The interval at which the paths are checked without an event, because network file systems
    ///     report none.
    ///   - onWait: Called on another thread with the reason, whenever it changes.
    /// - Returns: Whether something exists; `false` at the deadline.
    /// - Throws: ``Base/SystemError`` with the code `ECANCELED` if the task is cancelled.
    public static func waitUntilExists(
        anyOf paths: [String],
        deadline: ContinuousClock.Instant,
        checkInterval: Duration = .seconds(10),
        onWait: @escaping @Sendable (String) -> Void,
    ) async throws(SystemError) -> Bool {
        let subject = paths.joined(separator: "' and '")
        return try await onThread("cannot wait for", subject) { (cancelled) throws(SystemError) in
            var lastReason: String?
            while true {
                // The watches are set before the check, so that a file created between the two causes an event.
                let watcher = PathWatcher(paths)
                guard let reason = reasonForAbsence(ofAll: paths) else { return true }
                if reason != lastReason { onWait(reason) }
                lastReason = reason
                if deadline <= .now { return false }
                guard try watcher.wait(until: deadline, checkInterval: checkInterval, cancelled) else {
                    throw SystemError("cannot wait for", subject, code: ECANCELED)
                }
            }
        }
    }

    private static func reasonForAbsence(ofAll paths: [String]) -> String? {
        var reason = "it does not exist"
        for path in paths {
            do throws(SystemError) {
                if try exists(path) { return nil }
            } catch {
                reason = "\(error)"
            }
        }
        return reason
    }
}

/// A watcher of everything that decides whether paths exist: their directories, links and mounts.
///
/// A watcher is used for one wait, because other directories may have to be watched after an event.
private struct PathWatcher: ~Copyable {
    // The descriptors are negative if the kernel refuses: inotify has limits, and /proc may be missing.
    private let events: FileDescriptor
    private let mounts: FileDescriptor
    /// The names that matter in each watched directory.
    private var names: [CInt: Set<String>] = [:]
    /// Whether all existing directories could be watched.
    private var isComplete = true

    private static let linkLimit = 40

    init(_ paths: [String]) {
        events = FileDescriptor(adopting: inotify_init1(CInt(IN_CLOEXEC) | CInt(IN_NONBLOCK)))
        mounts = FileDescriptor(adopting: unsafe open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC))
        for path in paths { watch(path) }
    }

    /// Waits for a relevant change, or until the paths have to be checked again.
    ///
    /// - Returns: `false` if the wait was cancelled.
    func wait(
        until deadline: ContinuousClock.Instant,
        checkInterval: Duration,
        _ cancelled: Waker,
    ) throws(SystemError) -> Bool {
        let end = min(deadline, .now + (isComplete ? checkInterval : .seconds(1)))
        let mountChange = pollfd(fd: mounts.raw, events: Int16(POLLPRI), revents: 0)
        var waits = [pollfd(reading: cancelled.raw), pollfd(reading: events.raw), mountChange]
        while try poll(&waits, until: end) {
            if waits[0].isReady { return false }
            if waits[2].isReady { return true }
            if waits[1].isReady, try hasRelevantEvent() { return true }
        }
        return true
    }

    /// Follows a path as the kernel does, and watches each directory for the next part of the path.
    private mutating func watch(_ path: String) {
        var directory = path.isAbsolutePath ? "/" : "."
        var rest = Array(Self.components(path).reversed())
        var linkCount = 0
        while let name = rest.popLast() {
            watch(directory, for: name)
            let next = directory == "/" ? "/\(name)" : "\(directory)/\(name)"
            guard let status = try? FileStatus.at(next, followingLinks: false, "cannot look at") else { return }
            guard let target = status.target else {
                directory = next
                continue
            }
            linkCount += 1
            guard linkCount <= Self.linkLimit else { return }
            if target.isAbsolutePath { directory = "/" }
            rest += Self.components(target).reversed()
        }
    }

    private mutating func watch(_ directory: String, for name: String) {
        let changes = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB
        let mask = UInt32(changes | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
        let watch = unsafe inotify_add_watch(events.raw, directory, mask)
        let code = errno
        if watch >= 0 {
            names[watch, default: []].insert(name)
        } else if code != ENOENT, code != ENOTDIR {
            // A missing directory, or a file in its place, is an entry of the directory before it, which is watched.
            isComplete = false
        }
    }

    private static func components(_ path: String) -> [String] {
        path.pathParts.filter { $0 != "." }.map(String.init)
    }

    /// Reads all events, and returns whether one of them concerns the paths.
    private func hasRelevantEvent() throws(SystemError) -> Bool {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try events.read("cannot read", "events of the file system", capacity: 1 << 16)
        } catch {
            if error.code == EAGAIN { return false }
            throw error
        }
        // struct inotify_event: watch, mask, cookie, length of the name; then the name, padded with zeros.
        let headerCount = MemoryLayout<inotify_event>.size
        var isRelevant = false
        var rest = bytes[...]
        while rest.count >= headerCount {
            let (watch, length) = unsafe rest.withUnsafeBytes {
                unsafe ($0.loadUnaligned(as: CInt.self), $0.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
            }
            let name = String(
                decoding: rest.dropFirst(headerCount).prefix(Int(length)).prefix { $0 != 0 },
                as: UTF8.self
            )
            // Events without a name concern the directory itself, or report that events were lost.
            isRelevant = isRelevant || name.isEmpty || names[watch]?.contains(name) == true
            rest = rest.dropFirst(headerCount + Int(length))
        }
        return isRelevant
    }
}
