public import Base
import CShims
import Glibc

/// The limits of this process, and what it needs of the system.
extension Machine {
    /// The number of files that the program may have open at once, with some in reserve.
    static let fileCount = 32

    /// The number of threads of the program itself; the Swift runtime adds one thread for each processor.
    static let threadCount = 8

    /// Checks that this process may open as many files and start as many threads as a run needs.
    ///
    /// The libraries that the program uses hang or crash if a file or a thread is refused. Called first in `main`; the
    /// check closes its files and ends its threads before it returns.
    ///
    /// - Throws: ``Base/SystemError`` with the limit to raise, or with what is to be mounted.
    public static func requireResources() throws(SystemError) {
        try requireProcesses()
        try requireNullDevice()
        try requireFiles()
        try requireAddressSpace()
        try requireThreads()
    }

    /// Refuses a system without `/proc`, in which the Swift runtime looks for the stack of its threads.
    private static func requireProcesses() throws(SystemError) {
        let path = "/proc/self/maps"
        guard unsafe access(path, R_OK) != 0, errno == ENOENT else { return }
        throw SystemError(
            "cannot read",
            path,
            code: ENOENT,
            detail: "/proc is not mounted",
            advice: "run \(quotedShellLine(["mount", "-t", "proc", "proc", "/proc"]))"
        )
    }

    /// Refuses a system whose `/dev/null` is missing or another kind of file.
    private static func requireNullDevice() throws(SystemError) {
        let path = "/dev/null"
        let make = ["mknod", "-m", "666", path, "c", "1", "3"]
        var status = stat()
        if unsafe stat(path, &status) != 0 {
            let code = errno
            guard code == ENOENT || code == ENOTDIR else { throw SystemError("cannot open", path, code: code) }
            // Without the other devices, nothing is mounted there.
            let isEmpty = unsafe access("/dev/zero", F_OK) != 0
            let words = isEmpty ? ["mount", "-t", "devtmpfs", "dev", "/dev"] : make
            throw SystemError("cannot open", path, code: code, advice: "run \(quotedShellLine(words))")
        }
        guard status.st_mode & S_IFMT != S_IFCHR else { return }
        let words = [["rm", "-r", path], make]
        throw SystemError(
            "cannot open",
            path,
            code: EINVAL,
            detail: "it is not a character device",
            advice: "run \(quotedShellLine(words))"
        )
    }

    private static func requireFiles() throws(SystemError) {
        var opened: [Int32] = []
        defer { for descriptor in opened { close(descriptor) } }
        for _ in 0..<fileCount {
            let descriptor = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
            let code = errno
            if descriptor >= 0 {
                opened.append(descriptor)
                continue
            }
            switch code {
            case EMFILE:
                let limit = limit(RLIMIT_NOFILE) ?? 0
                // A multiple of 64 leaves some for the programs of tasks.
                let needed = limit + fileCount - opened.count
                let number = (needed + 63) / 64 * 64
                let detail = "\(SystemError.text(for: code)) (the limit is \(limit), and a run needs \(needed))"
                let advice = "write LimitNOFILE=\(number) in the unit, or run 'ulimit -n \(number)'"
                throw SystemError("cannot open enough files", "", code: code, detail: detail, advice: advice)
            case ENFILE:
                let detail = "\(SystemError.text(for: code)) (\(opened.count) of \(fileCount))"
                let advice = "raise the limit of the system: 'sysctl fs.file-max' shows it"
                throw SystemError("cannot open enough files", "", code: code, detail: detail, advice: advice)
            default: throw nullDeviceError(code)
            }
        }
    }

    private static func nullDeviceError(_ code: Int32) -> SystemError {
        let error = SystemError("cannot open", "/dev/null", code: code)
        guard code == EACCES, let mount = Mount.containing("/dev/null") else { return error }
        var refusal = error
        let isHidden = mount.options.contains("nodev")
        refusal.detail = isHidden ? "'\(mount.path)' is mounted with 'nodev'" : nil
        let words = isHidden ? ["mount", "-o", "remount,dev", mount.path] : ["chmod", "666", "/dev/null"]
        refusal.advice = "run \(quotedShellLine(words))"
        return refusal
    }

    /// Returns the limit of this process for a resource, `nil` if there is none; see setrlimit(2).
    private static func limit(_ resource: __rlimit_resource) -> Int? {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 else { return nil }
        return limit.rlim_cur == rlim_t.max ? nil : Int(exactly: limit.rlim_cur)
    }

    /// The number of threads that a run has at most.
    private static var totalThreadCount: Int { threadCount + max(sysconf(CInt(_SC_NPROCESSORS_ONLN)), 1) }

    /// The address space that a run needs in addition to the stacks of its threads, with the libraries that it loads later.
    private static let addressSpace = 448 << 20

    /// Refuses a limit of the address space with which allocations of the Swift runtime would crash.
    private static func requireAddressSpace() throws(SystemError) {
        guard let limit = limit(RLIMIT_AS) else { return }
        // Otherwise the areas of many threads would take what the stacks need.
        nest_host_limit_arenas(2)
        var attributes = pthread_attr_t()
        var stackSize = 8 << 20
        if unsafe pthread_attr_init(&attributes) == 0 {
            unsafe pthread_attr_getstacksize(&attributes, &stackSize)
            unsafe pthread_attr_destroy(&attributes)
        }
        let size = addressSpace + totalThreadCount * stackSize
        let reserved = unsafe mmap(nil, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        let code = errno
        guard unsafe reserved == MAP_FAILED else {
            unsafe munmap(reserved, size)
            return
        }
        let pages = (try? FileSystem.read("/proc/self/statm", limit: 256)) ?? []
        let used = Int(String(decoding: pages.prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self)) ?? 0
        // Reserves some for what differs between two runs.
        let needed = (size + used * sysconf(CInt(_SC_PAGESIZE)) + (64 << 20)) >> 20
        let detail = "\(SystemError.text(for: code)) (the limit is \(limit >> 20) MiB, and a run needs \(needed) MiB)"
        let advice =
            "write LimitAS=\(needed)M in the unit, or run 'ulimit -v \(needed << 10)', or more for the programs of tasks"
        throw SystemError("cannot reserve enough address space", "", code: code, detail: detail, advice: advice)
    }

    private static func requireThreads() throws(SystemError) {
        let total = totalThreadCount
        var threads: [pthread_t] = []
        // The threads end when the writing end is closed.
        var ends: [Int32] = [-1, -1]
        try SystemError.check("cannot make a pipe", "") {
            unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends)
        }
        let reading = Int(ends[0])
        var failure: Int32 = 0
        while threads.count < total, failure == 0 {
            var thread = pthread_t()
            failure = unsafe pthread_create(
                &thread,
                nil,
                { unsafe waitForEnd($0) },
                UnsafeMutableRawPointer(bitPattern: reading)
            )
            if failure == 0 { threads.append(thread) }
        }
        close(ends[1])
        for thread in threads { pthread_join(thread, nil) }
        close(ends[0])
        guard failure != 0 else { return }
        let detail = "\(SystemError.text(for: failure)) (\(threads.count) of \(total))"
        let advice = "raise TasksMax= or the memory limit of the unit, or 'ulimit -u' and 'ulimit -v'"
        throw SystemError("cannot start enough threads", "", code: failure, detail: detail, advice: advice)
    }
}

/// Blocks a thread until the other end of the socket with the given descriptor is closed.
private func waitForEnd(_ descriptor: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    var byte: UInt8 = 0
    _ = unsafe read(Int32(Int(bitPattern: descriptor)), &byte, 1)
    return nil
}
