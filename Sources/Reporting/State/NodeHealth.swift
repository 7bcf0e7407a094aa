public import Base
import Host

/// The failed tasks and the time of the next retry, stored in the state directory between checks of the units.
public struct NodeHealth: Sendable, Hashable, Codable {
    /// The names of the tasks and repetition units that have failed, or that are started again after a failure.
    public var failed: [String]

    /// The time of the next retry, `nil` if none is planned.
    public var retryAt: Timestamp?

    public init(failed: [String] = [], retryAt: Timestamp? = nil) {
        self.failed = failed
        self.retryAt = retryAt
    }

    /// The delays before retries; the last one applies to all further attempts.
    static let retryDelays: [Duration] = [10, 20, 40, 80, 160, 300].map { .seconds($0) }

    /// Returns the delay after a number of attempts by a task's unit since the last success.
    public static func retryDelay(afterAttempt attempt: Int) -> Duration {
        retryDelays[min(max(attempt, 1), retryDelays.count) - 1]
    }
}

extension RecordStore {
    private static let healthName = "health.json"

    /// Returns the recorded health, without failures if the file cannot be read, is damaged or is from another boot.
    public func health() -> NodeHealth {
        read(Self.healthName, in: directory(isCreating:)) ?? NodeHealth()
    }

    /// Writes the health of the node, or removes its file if there are no failures.
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
