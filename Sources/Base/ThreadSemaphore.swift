internal import Glibc

/// A semaphore that one thread waits on and others signal.
///
/// The C function `sem_timedwait` uses the wall clock, which may be set during boot. This type uses the monotonic
/// clock, which is never set.
@safe
final class ThreadSemaphore: Sendable {
    /// The C objects and the counter, at an address that does not change.
    @safe private struct Raw {
        var mutex = unsafe pthread_mutex_t()
        var condition = pthread_cond_t()
        var count = 0
    }

    // The mutex protects the counter behind the pointer.
    private nonisolated(unsafe) let raw: UnsafeMutablePointer<Raw>

    init() {
        unsafe raw = UnsafeMutablePointer<Raw>.allocate(capacity: 1)
        unsafe raw.initialize(to: Raw())
        unsafe pthread_mutex_init(&raw.pointee.mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(&raw.pointee.condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(&raw.pointee.condition)
        unsafe pthread_mutex_destroy(&raw.pointee.mutex)
        unsafe raw.deinitialize(count: 1)
        unsafe raw.deallocate()
    }

    func signal() {
        unsafe pthread_mutex_lock(&raw.pointee.mutex)
        unsafe raw.pointee.count += 1
        unsafe pthread_cond_signal(&raw.pointee.condition)
        unsafe pthread_mutex_unlock(&raw.pointee.mutex)
    }

    /// Waits until the counter is above zero and decrements it; returns `false` at the deadline.
    func wait(until deadline: ContinuousClock.Instant) -> Bool {
        let (seconds, attoseconds) = max(ContinuousClock.now.duration(to: deadline), .zero).components
        var limit = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &limit)
        let nanoseconds = Int64(limit.tv_nsec) + attoseconds / 1_000_000_000
        limit.tv_sec += Int(seconds + nanoseconds / 1_000_000_000)
        limit.tv_nsec = Int(nanoseconds % 1_000_000_000)
        unsafe pthread_mutex_lock(&raw.pointee.mutex)
        defer { unsafe pthread_mutex_unlock(&raw.pointee.mutex) }
        while unsafe raw.pointee.count == 0 {
            let code = unsafe pthread_cond_timedwait(&raw.pointee.condition, &raw.pointee.mutex, &limit)
            if code != 0 { return false }
        }
        unsafe raw.pointee.count -= 1
        return true
    }
}
