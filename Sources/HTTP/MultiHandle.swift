internal import CCurl

/// A libcurl multi handle, whose transfers share connections.
///
/// The handle is freed when the value goes out of scope; all transfers must be removed first.
@safe
struct MultiHandle: ~Copyable {
    private let raw: UnsafeMutableRawPointer

    init() {
        guard let handle = unsafe curl_multi_init() else { preconditionFailure("memory for the transfers") }
        unsafe raw = handle
        _ = unsafe nest_curl_set_multi_long(raw, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
        // Over HTTP/1.1, up to 16 concurrent requests to a server and the renewal of a Lease need one connection each.
        _ = unsafe nest_curl_set_multi_long(raw, CURLMOPT_MAX_HOST_CONNECTIONS, 17)
    }

    deinit {
        unsafe curl_multi_cleanup(raw)
    }

    /// The handle with which other threads interrupt ``wait(upTo:)``.
    var wakeup: Wakeup { Wakeup(self) }

    borrowing func add(_ transfer: borrowing EasyHandle) -> Bool {
        unsafe transfer.withRaw { unsafe curl_multi_add_handle(raw, $0) == CURLM_OK }
    }

    borrowing func remove(_ transfer: borrowing EasyHandle) {
        _ = unsafe transfer.withRaw { unsafe curl_multi_remove_handle(raw, $0) }
    }

    /// Sends and receives as much as possible without blocking.
    borrowing func perform() {
        var runningCount: Int32 = 0
        unsafe curl_multi_perform(raw, &runningCount)
    }

    /// Returns the next transfer that has ended, and its result.
    borrowing func nextEnded() -> (identity: UInt, code: CURLcode)? {
        var remainingCount: Int32 = 0
        while let message = unsafe curl_multi_info_read(raw, &remainingCount) {
            guard unsafe message.pointee.msg == CURLMSG_DONE else { continue }
            return unsafe (UInt(bitPattern: message.pointee.easy_handle), message.pointee.data.result)
        }
        return nil
    }

    /// Waits until data can be sent or received, a libcurl timer or the limit expires, or another thread ends the wait.
    borrowing func wait(upTo milliseconds: Int32) {
        unsafe curl_multi_poll(raw, nil, 0, milliseconds, nil)
    }

    @safe
    struct Wakeup: Sendable {
        // Any thread may call `curl_multi_wakeup`. RequestQueue ensures that the handle exists at the time of the call.
        private nonisolated(unsafe) let raw: UnsafeMutableRawPointer

        fileprivate init(_ handle: borrowing MultiHandle) {
            unsafe raw = handle.raw
        }

        func wakeUp() {
            unsafe curl_multi_wakeup(raw)
        }
    }
}
