public import Base
import CShims
import Glibc

extension NetworkInterface {
    /// Waits until the interfaces are as they should be.
    ///
    /// They are looked at again when the kernel reports a change of an interface or an address.
    ///
    /// - Parameters:
    ///   - deadline: The instant after which the wait is given up.
    ///   - onWait: Called on another thread with the reason, whenever it changes.
    ///   - reason: Why the interfaces are not as they should be, `nil` if they are.
    /// - Returns: Whether they are; `false` at the deadline.
    /// - Throws: ``Base/SystemError`` if the kernel refuses, with the code `ECANCELED` if the task is cancelled.
    public static func wait(
        until deadline: ContinuousClock.Instant,
        onWait: @escaping @Sendable (String) -> Void,
        reason: @escaping @Sendable ([NetworkInterface]) -> String?,
    ) async throws(SystemError) -> Bool {
        let (operation, subject) = ("cannot wait for", "changes of the network interfaces")
        return try await onThread(operation, subject) { (cancelled) throws(SystemError) in
            // Before the first look: what changes between the two is an event.
            let events = FileDescriptor(
                adopting: try SystemError.check(operation, subject) { nest_host_watch_interfaces() }
            )
            var lastReason: String?
            while true {
                guard let reason = reason(try all()) else { return true }
                if reason != lastReason { onWait(reason) }
                lastReason = reason
                var waits = [pollfd(reading: cancelled.raw), pollfd(reading: events.raw)]
                guard try poll(&waits, until: deadline) else { return false }
                if waits[0].isReady { throw SystemError(operation, subject, code: ECANCELED) }
                discardEvents(events)
            }
        }
    }

    /// Reads all events: only that there were some matters, also if the kernel had no space for all of them.
    private static func discardEvents(_ events: borrowing FileDescriptor) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe recv(events.raw, &buffer, buffer.count, 0)
            let code = errno
            guard count > 0 || count < 0 && (code == EINTR || code == ENOBUFS) else { return }
        }
    }
}
