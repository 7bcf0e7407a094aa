public import Base
import Host

/// The success of a run by hand, on which the next start of the task's unit relies.
extension RecordStore {
    private static let successName = "success-by-hand"

    /// Records that a task has succeeded by hand, for the start of its unit that follows.
    ///
    /// - Parameter task: The task's name.
    /// - Throws: ``Base/SystemError`` if the system refuses.
    public func recordSuccessByHand(of task: String) throws(SystemError) {
        try directory(of: task, isCreating: true).write([], to: Self.successName, mode: 0o644)
    }

    /// Returns whether a task has just succeeded by hand, and deletes the record, so that only one start relies on it.
    ///
    /// - Parameter task: The task's name.
    /// - Returns: `false` also if the task has not succeeded according to its last attempt.
    /// - Throws: ``Base/SystemError`` if the record cannot be read, or the system refuses.
    public func consumeSuccessByHand(of task: String) throws(SystemError) -> Bool {
        do throws(SystemError) {
            let directory = try directory(of: task, isCreating: false)
            guard try directory.status(Self.successName) != nil else { return false }
            try directory.remove(Self.successName)
        } catch {
            if error.isNotFound { return false }
            throw error
        }
        return try hasSucceeded(task)
    }
}
