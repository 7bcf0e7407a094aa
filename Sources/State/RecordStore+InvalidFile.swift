public import Base
import Host
import TLS

/// The last reported mistakes of the task file, so that the many units that end at a shutdown do not repeat them.
extension RecordStore {
    private static let invalidFileName = "invalid-task-file"

    /// Returns whether the mistakes of the task file have not been reported since the file was valid, and notes them.
    ///
    /// - Parameters:
    ///   - text: The mistakes as they are reported.
    ///   - deadline: The instant at which waiting for another process ends.
    /// - Returns: `true` also if the state directory cannot be written, because a report may not be lost.
    public func isNewMistake(_ text: String, until deadline: ContinuousClock.Instant) async -> Bool {
        do throws(SystemError) {
            let lock = try await awaitHealthLock(until: deadline)
            defer { withExtendedLifetime(lock) {} }
            let directory = try directory(isCreating: true)
            let digest = Array(sha256(Array(text.utf8)).utf8)
            if (try? directory.read(Self.invalidFileName, limit: digest.count)) == digest { return false }
            try directory.write(digest, to: Self.invalidFileName, mode: 0o600)
        } catch {}
        return true
    }

    /// Forgets the mistakes, because the task file is valid.
    ///
    /// - Throws: ``Base/SystemError`` if the system refuses.
    public func forgetMistakes() throws(SystemError) {
        do throws(SystemError) {
            try directory(isCreating: false).remove(Self.invalidFileName)
        } catch  where error.isNotFound {}
    }
}
