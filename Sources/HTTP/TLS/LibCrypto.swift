internal import COpenSSL

/// OpenSSL's libcrypto.
enum LibCrypto {
    /// Initialises the library; must be called before any other OpenSSL function.
    ///
    /// No clean-up at exit is registered, because it would race with other threads that release objects
    /// (swift-corelibs-foundation, issue 5469).
    static func prepare() {
        precondition(isReady, "libcrypto is ready for use")
    }

    private static let isReady = OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil) == 1

    /// Empties this thread's error queue and returns the library's text for the latest error.
    static func drainErrorQueue() -> String? {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        guard code != 0, let reason = unsafe ERR_reason_error_string(code) else { return nil }
        return unsafe String(cString: reason)
    }
}
