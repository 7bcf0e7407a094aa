public import Base
import CSystemd
import Glibc

/// The systemd journal.
public struct Journal: Sendable {
    /// Connects to the journal if it reads this process's output, else returns `nil`.
    ///
    /// `JOURNAL_STREAM` is also inherited by programs whose output was redirected since, so its device and inode must
    /// be those of standard error or output.
    public init?() {
        self.init(environment: Machine.environment(), descriptors: [2, 1], socket: Self.socket)
    }

    /// Connects to the journal of this machine, whatever reads the process's output.
    ///
    /// - Returns: The journal, or `nil` if it does not run.
    public static func ofThisMachine() -> Journal? {
        (try? FileSystem.exists(socket)) == true ? Journal(checked: ()) : nil
    }

    private static let socket = "/run/systemd/journal/socket"

    private init(checked: Void) {}

    /// Checks that one of the descriptors is the stream that the environment names, and that the socket exists.
    ///
    /// Without the socket libsystemd drops every entry and reports success.
    init?(environment: [String: String], descriptors: [CInt], socket: String) {
        guard (try? FileSystem.exists(socket)) == true, let stream = environment["JOURNAL_STREAM"] else { return nil }
        let numbers = stream.split(separator: ":", omittingEmptySubsequences: false).map { UInt64($0) }
        guard numbers.count == 2, let device = numbers[0], let inode = numbers[1] else { return nil }
        let identity = FileStatus.Identity(device: device, inode: inode)
        let isOurs = descriptors.contains { descriptor in
            (try? FileStatus(descriptor: descriptor, "cannot look at", "output"))?.identity == identity
        }
        if !isOurs { return nil }
    }

    /// Sends one entry.
    ///
    /// Blocks while the journal accepts no datagrams. The corresponding C function is `sd_journal_sendv`.
    ///
    /// - Parameter fields: Names such as `MESSAGE` with their values; a name may be repeated, and a value may
    ///   contain newlines.
    /// - Throws: ``Base/SystemError`` if a name has other characters than capitals, digits and underscores, or the entry
    ///   cannot be sent. A journal that does not run is a normal result.
    public func send(_ fields: [(String, String)]) throws(SystemError) {
        for (name, _) in fields where !Self.isFieldName(name) {
            let detail = "the name has characters that the journal does not allow"
            throw SystemError("cannot send to the journal a field", name, code: EINVAL, detail: detail)
        }
        let texts = fields.map { Array("\($0)=\($1)".utf8) }
        var bytes = Array(texts.joined())
        let code = unsafe bytes.withUnsafeMutableBytes { buffer in
            var start = buffer.baseAddress
            let parts = unsafe texts.map { text in
                defer { unsafe start = start?.advanced(by: text.count) }
                return unsafe iovec(iov_base: start, iov_len: text.count)
            }
            return unsafe sd_journal_sendv(parts, CInt(parts.count))
        }
        if code < 0 { throw SystemError("cannot send to", "journal", code: -code) }
    }

    /// Returns whether the journal accepts a field name from a program.
    static func isFieldName(_ name: String) -> Bool {
        guard let first = name.utf8.first, (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) else { return false }
        return name.utf8.count <= 64
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}

extension Journal {
    /// The access of this user to the journal of a machine.
    public enum Access: Sendable, Hashable {
        /// At least one of its files.
        case readable
        /// None of its files.
        case denied
        /// There is no file.
        case missing
    }

    /// Looks for the files of the journal.
    ///
    /// - Parameter root: The root directory of the machine, empty for this one.
    /// - Returns: What this user can read.
    public static func access(root: String = "") -> Access {
        var isDenied = false
        for directory in directories(root: root) {
            let machines = (try? FileSystem.list(directory)) ?? []
            for place in [directory] + machines.map({ "\(directory)/\($0)" }) {
                do throws(SystemError) {
                    for name in try FileSystem.list(place) where isFile(name) {
                        let file = "\(place)/\(name)"
                        if unsafe faccessat(AT_FDCWD, file, R_OK, AT_EACCESS) == 0 { return .readable }
                        isDenied = true
                    }
                } catch {
                    if error.code == EACCES { isDenied = true }
                }
            }
        }
        return isDenied ? .denied : .missing
    }

    /// Where the journal of a machine is.
    ///
    /// - Parameter root: The root directory of the machine, empty for this one.
    /// - Returns: The directories, that of the persistent journal first.
    public static func directories(root: String = "") -> [String] {
        ["\(root)/var/log/journal", "\(root)/run/log/journal"]
    }

    private static func isFile(_ name: String) -> Bool { name.hasSuffix(".journal") || name.hasSuffix(".journal~") }
}

extension Journal {
    /// Reads entries, from the oldest on.
    ///
    /// An ordinary user gets those that the user may read, which is no error; see
    /// ``hidesSystemEntries(machine:directories:)``.
    ///
    /// - Parameter query: The entries, and the limits of reading.
    /// - Returns: The entries.
    /// - Throws: ``Base/SystemError`` if the journal cannot be opened or read, or not in time. That there is none is a
    ///   normal result, as is that not all could be read.
    public static func entries(_ query: JournalQuery) async throws(SystemError) -> JournalReading {
        try await entries(query, directory: nil)
    }

    /// Reads entries of a directory with journal files, or of this machine.
    static func entries(_ query: JournalQuery, directory: String?) async throws(SystemError) -> JournalReading {
        let start = ContinuousClock.now
        // The function that opens the files has no deadline. The journal belongs to the thread that opened it.
        let read = try await onThread(until: start + query.timeout + grace) { () throws(SystemError) in
            let journal = try OpenJournal(directory)
            for match in query.matches + ["_BOOT_ID=\(query.boot.replacing("-", with: ""))"] {
                try journal.add(match: match)
            }
            return try journal.entries(query, until: start + query.timeout)
        }
        guard let read else {
            let detail = "it does not answer within \(query.timeout.humanReadable)"
            throw SystemError(OpenJournal.operation, "", code: ETIMEDOUT, detail: detail)
        }
        return read
    }

    /// How long an entry may take that is being read when time is up.
    private static let grace = Duration.seconds(1)

    /// Returns whether the journal of the system, unlike perhaps that of the user, is hidden from this user.
    ///
    /// - Parameters:
    ///   - machine: The machine's identifier; that of `/etc/machine-id` if left out.
    ///   - directories: Where the directories of the journal are.
    /// - Returns: Whether there is a file of it that the user may not read; `false` if there is none.
    public static func hidesSystemEntries(
        machine: String? = nil,
        directories: [String] = Journal.directories(),
    ) -> Bool {
        let machine = machine ?? machineIdentifier()
        return directories.contains { directory in
            let file = "\(directory)/\(machine)/system.journal"
            return unsafe faccessat(AT_FDCWD, file, R_OK, AT_EACCESS) != 0 && errno == EACCES
        }
    }

    private static func machineIdentifier() -> String {
        let bytes = (try? FileSystem.read("/etc/machine-id", limit: 128)) ?? []
        return String(decoding: bytes.prefix { $0 > UInt8(ascii: " ") }, as: UTF8.self)
    }
}

/// An open journal, for one thread.
///
/// It is closed when the value goes out of scope.
@safe
private struct OpenJournal: ~Copyable {
    static let operation = "cannot read the journal"

    private let raw: OpaquePointer

    /// The bytes of a field that are decompressed.
    private static let sizeLimit = 16 << 10

    /// Opens the journal of this machine, or the files of a directory.
    init(_ directory: String?) throws(SystemError) {
        var opened: OpaquePointer?
        let code =
            if let directory {
                unsafe sd_journal_open_directory(&opened, directory, 0)
            } else {
                unsafe sd_journal_open(&opened, CInt(SD_JOURNAL_LOCAL_ONLY))
            }
        guard let opened = unsafe opened else { throw SystemError(Self.operation, "", code: -code) }
        unsafe raw = opened
        unsafe sd_journal_set_data_threshold(raw, Self.sizeLimit)
    }

    deinit { unsafe sd_journal_close(raw) }

    /// Lets only entries match that have a field with a value, or another value of the same field.
    func add(match: String) throws(SystemError) {
        let bytes = Array(match.utf8)
        try check(unsafe sd_journal_add_match(raw, bytes, bytes.count))
    }

    /// Reads the entries that match.
    func entries(
        _ query: JournalQuery,
        until deadline: ContinuousClock.Instant,
    ) throws(SystemError) -> JournalReading {
        let clock = BootClock.now()
        var reading = JournalReading()
        try check(unsafe sd_journal_seek_head(raw))
        while .now < deadline {
            do throws(SystemError) {
                guard try check(unsafe sd_journal_next(raw)) > 0 else { return reading }
            } catch {
                // Entries that were read before a damaged file are valid.
                guard !reading.entries.isEmpty else { throw error }
                reading.isComplete = false
                return reading
            }
            guard let time = try time(clock) else { continue }
            if let end = query.end, time > end { return reading }
            guard reading.entries.count < query.entryLimit else { break }
            let pairs = query.fields.compactMap { field in value(of: field).map { (field, $0) } }
            reading.entries.append(
                LoggedEntry(sinceBoot: time, fields: Dictionary(pairs, uniquingKeysWith: { first, _ in first }))
            )
        }
        reading.isComplete = false
        return reading
    }

    /// The time of the entry, `nil` if it has none.
    private func time(_ clock: BootClock) throws(SystemError) -> Duration? {
        var monotonic: UInt64 = 0
        var boot = sd_id128_t()
        guard unsafe sd_journal_get_monotonic_usec(raw, &monotonic, &boot) >= 0 else { return nil }
        return try clock.sinceBoot(monotonic: monotonic) { () throws(SystemError) in
            var realtime: UInt64 = 0
            try check(unsafe sd_journal_get_realtime_usec(raw, &realtime))
            return realtime
        }
    }

    /// The value of a field of the entry, `nil` if it has none.
    private func value(of field: String) -> String? {
        var start: UnsafeRawPointer?
        var count = 0
        guard unsafe sd_journal_get_data(raw, field, &start, &count) >= 0 else { return nil }
        let bytes = unsafe UnsafeRawBufferPointer(start: start, count: count)
        // The name and an equals sign come before it.
        return unsafe String(decoding: bytes.dropFirst(field.utf8.count + 1), as: UTF8.self)
    }

    /// Throws an error for a negative result of sd-journal.
    @discardableResult
    private func check(_ code: CInt) throws(SystemError) -> CInt {
        if code >= 0 { return code }
        throw SystemError(Self.operation, "", code: -code)
    }
}

/// The kernel's log, which exists before any other.
public enum KernelLog {
    /// Writes a line with the priority of a warning.
    ///
    /// - Parameter line: The line; the kernel escapes control characters.
    /// - Throws: ``Base/SystemError`` if this process may not write there.
    public static func write(_ line: String) throws(SystemError) {
        let (operation, path) = ("cannot write", "/dev/kmsg")
        let file = try FileDescriptor(opening: path, O_WRONLY | O_NONBLOCK, operation)
        // Each write is one record; the number is LOG_DAEMON | LOG_WARNING.
        let record = Array("<28>\(line)\n".utf8.prefix(recordLimit))
        try writeAll(record, to: file.raw, operation, path)
    }

    /// The kernel refuses longer records.
    private static let recordLimit = 900
}
