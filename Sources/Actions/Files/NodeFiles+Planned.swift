import Base
import Host

/// Paths that a dry run would have written.
extension NodeFiles {
    /// Returns whether a dry run would have written a path, so that its current state does not matter.
    func isPlanned(_ path: String) throws(SystemError) -> Bool {
        let path = try resolved(path)
        return planned.withLock { $0[ExactText(path)] != nil }
    }

    /// Records the file that a dry run would have written.
    func remember(_ bytes: [UInt8], mode: UInt32, at path: String) throws(SystemError) {
        let path = try resolved(path, followsLast: false)
        planned.withLock { $0[ExactText(path)] = .file(bytes, mode: mode) }
    }

    /// Records that a dry run would have written a file whose content is not known before the real run.
    func rememberUnknown(mode: UInt32, at path: String) throws(SystemError) {
        let path = try resolved(path, followsLast: false)
        planned.withLock { $0[ExactText(path)] = .unknown(mode: mode) }
    }

    /// Returns whether a dry run would have written a file whose content is not known before the real run.
    func isOfUnknownContent(_ path: String) -> Bool {
        guard let path = try? resolved(path), case .unknown? = planned.withLock({ $0[ExactText(path)] }) else {
            return false
        }
        return true
    }

    /// Records the directory that a dry run would have created or corrected.
    func rememberDirectory(mode: UInt32, at path: String) throws(SystemError) {
        let path = try resolved(path, followsLast: false)
        planned.withLock { $0[ExactText(path)] = .directory(mode: mode) }
    }

    /// Returns whether a dry run would have created a directory at a path.
    func isPlannedDirectory(_ path: String) -> Bool {
        guard let path = try? resolved(path), case .directory? = planned.withLock({ $0[ExactText(path)] }) else {
            return false
        }
        return true
    }
}
