public import Base
import Host

/// The tasks that have failed and not recovered, stored in the state directory between checks of the units.
public struct NodeHealth: Sendable, Hashable, Codable {
    /// The names of the tasks with a reported failure and no reported recovery.
    public var failed: [String]

    /// The time at which the failed tasks are retried, `nil` if no retry is planned.
    public var retryAt: Timestamp?

    /// Creates the health of a node; without arguments, the health of a node without failures.
    public init(failed: [String] = [], retryAt: Timestamp? = nil) {
        self.failed = failed
        self.retryAt = retryAt
    }

    /// The delays before retries after consecutive failed attempts.
    ///
    /// The last delay applies to all further attempts.
    public static let retryDelays: [Duration] = [10, 20, 40, 80, 160, 300].map { .seconds($0) }

    /// Returns the delay before the next attempt of a task.
    ///
    /// - Parameter attempt: The number of attempts of the task's unit since the task last succeeded.
    /// - Returns: One of ``retryDelays``.
    public static func retryDelay(afterAttempt attempt: Int) -> Duration {
        retryDelays[min(max(attempt, 1), retryDelays.count) - 1]
    }
}

extension RecordStore {
    private static let healthName = "health.json"

    /// Reads the health of the node.
    ///
    /// - Returns: The health; without failures if the file is missing or from another boot.
    public func health() -> NodeHealth {
        read(Self.healthName, in: directory(isCreating:)) ?? NodeHealth()
    }

    /// Writes the health of the node; a node without failures has no file.
    ///
    /// - Throws: ``Base/SystemError`` if the system refuses.
    public func write(_ health: NodeHealth) throws(SystemError) {
        guard !health.failed.isEmpty else {
            do throws(SystemError) {
                try directory(isCreating: false).remove(Self.healthName)
            } catch  where error.isNotFound {}
            return
        }
        try write(health, to: Self.healthName, in: directory(isCreating:))
    }
}
