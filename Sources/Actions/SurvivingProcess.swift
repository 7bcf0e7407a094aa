import Base

/// A process of a task that still runs although it was to be ended, if there is one.
final class SurvivingProcess: Sendable {
    private let number = Locked<Int32?>(nil)
    /// Its number.
    var process: Int32? { number.withLock { $0 } }

    /// Keeps the number of a process.
    func note(_ process: Int32) { number.withLock { $0 = process } }
}
