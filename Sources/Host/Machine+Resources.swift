public import Base
import Glibc

extension Machine {
    /// The files that the program has open at once, with some in reserve.
    static let fileCount = 32

    /// The threads of the program itself; the Swift runtime has one for every processor.
    static let threadCount = 8

    /// Checks that this process may open as many files and start as many threads as a run takes.
    ///
    /// The libraries that the program is built on wait without end, or crash, where one is refused. Called first in `main`:
    /// what is opened and started here is gone afterwards.
    ///
    /// - Throws: ``Base/SystemError`` with the limit to raise.
    public static func requireResources() throws(SystemError) {
        try requireFiles()
        try requireThreads()
    }

    private static func requireFiles() throws(SystemError) {
        var opened: [Int32] = []
        defer { for descriptor in opened { close(descriptor) } }
        for _ in 0..<fileCount {
            let descriptor = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
            let code = errno
            guard descriptor >= 0 else {
                guard [EMFILE, ENFILE].contains(code) else { throw SystemError("cannot open", "/dev/null", code: code) }
                let detail = "\(SystemError.text(for: code)) (\(opened.count) of \(fileCount))"
                let advice = "raise LimitNOFILE= of the unit, or 'ulimit -n'"
                throw SystemError("cannot open enough files", "", code: code, detail: detail, advice: advice)
            }
            opened.append(descriptor)
        }
    }

    private static func requireThreads() throws(SystemError) {
        let total = threadCount + max(sysconf(CInt(_SC_NPROCESSORS_ONLN)), 1)
        var threads: [pthread_t] = []
        // Closing the writing end lets them end.
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

/// Runs on a thread until the socket whose number it is passed has ended.
private func waitForEnd(_ descriptor: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    var byte: UInt8 = 0
    _ = unsafe read(Int32(Int(bitPattern: descriptor)), &byte, 1)
    return nil
}
