public import Base
public import Host

extension RecordStore {
    /// Locks the health of the node, as soon as no other process has it.
    ///
    /// - Parameter deadline: The instant after which it is not waited for.
    /// - Returns: The lock, or `nil` if time was up or the surrounding Swift task was cancelled first.
    /// - Throws: ``Base/SystemError`` if the state directory cannot be written.
    public func awaitHealthLock(until deadline: ContinuousClock.Instant) async throws(SystemError) -> FileLock? {
        try await awaitLock(named: "health.lock", until: deadline)
    }

    /// Locks the metrics of the node, as soon as no other process has it.
    ///
    /// - Parameter deadline: The instant after which it is not waited for.
    /// - Returns: The lock, or `nil` if time was up or the surrounding Swift task was cancelled first.
    /// - Throws: ``Base/SystemError`` if the state directory cannot be written.
    public func awaitMetricsLock(until deadline: ContinuousClock.Instant) async throws(SystemError) -> FileLock? {
        try await awaitLock(named: "metrics.lock", until: deadline)
    }

    /// Locks the report to the cluster, as soon as no other process has it.
    ///
    /// - Parameter deadline: The instant after which it is not waited for.
    /// - Returns: The lock, or `nil` if time was up or the surrounding Swift task was cancelled first.
    /// - Throws: ``Base/SystemError`` if the state directory cannot be written.
    public func awaitReportLock(until deadline: ContinuousClock.Instant) async throws(SystemError) -> FileLock? {
        let file = try reportDirectory(isCreating: true).openLock()
        return try await FileLock.wait(file, "\(path)/\(Self.reportDirectory)", until: deadline)
    }

    private func awaitLock(
        named name: String,
        until deadline: ContinuousClock.Instant,
    ) async throws(SystemError) -> FileLock? {
        let file = try directory(isCreating: true).openLock(name)
        return try await FileLock.wait(file, "\(path)/\(name)", until: deadline)
    }
}
