import Base
import Host

/// Paths that a dry run would have written.
extension NodeFiles {
    /// Records the state that a dry run would have left at a path.
    func remember(_ state: Planned, at path: String) throws(SystemError) {
        let path = try resolved(path, followsLast: false)
        planned.withLock { $0[ExactText(path)] = state }
    }

    /// Returns whether a dry run would have written a path, so that its current state does not matter.
    func isPlanned(_ path: String) throws(SystemError) -> Bool { try plannedState(of: path) != nil }

    /// Returns whether a dry run would have written a file whose content is not known before the real run.
    func isOfUnknownContent(_ path: String) -> Bool {
        if case .unknown? = try? plannedState(of: path) { true } else { false }
    }

    /// Returns whether a dry run would have created a directory at a path.
    func isPlannedDirectory(_ path: String) -> Bool {
        if case .directory? = try? plannedState(of: path) { true } else { false }
    }

    /// Returns the state that a dry run would have left at a path, `nil` if it would not have changed the path.
    private func plannedState(of path: String) throws(SystemError) -> Planned? {
        let path = try resolved(path)
        return planned.withLock { $0[ExactText(path)] }
    }
}
