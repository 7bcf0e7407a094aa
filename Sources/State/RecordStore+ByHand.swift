public import Base
import Host

/// The success of a run by hand, which the next start of the task's unit takes over.
extension RecordStore {
    private static let successName = "success-by-hand"

    /// Notes that a task has succeeded by hand, for the start of its unit that follows.
    ///
    /// - Parameter task: The task's name.
    /// - Throws: ``Base/SystemError`` if the system refuses.
    public func noteSuccessByHand(of task: String) throws(SystemError) {
        try directory(of: task, isCreating: true).write([], to: Self.successName, mode: 0o644)
    }

    /// Returns whether a task has just succeeded by hand, and forgets it, so that only one start takes it over.
    ///
    /// - Parameter task: The task's name.
    /// - Returns: `false` also if the record says that the task has not succeeded.
    /// - Throws: ``Base/SystemError`` if the record cannot be read, or the system refuses.
    public func takeSuccessByHand(of task: String) throws(SystemError) -> Bool {
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
