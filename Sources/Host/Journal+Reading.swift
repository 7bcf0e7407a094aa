public import Base
import CSystemd
import Glibc

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
        // What opens the files has no deadline of its own. The journal belongs to the thread that opened it.
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
                // What was read before a damaged file is as good as ever.
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
