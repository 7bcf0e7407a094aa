internal import COpenSSL

/// OpenSSL's library of ciphers and certificates.
public enum LibCrypto {
    /// Prepares the library, the first time; to be called before anything else of OpenSSL is.
    ///
    /// Keeps it from registering a clean-up at exit, which races with what other threads still release
    /// (swift-corelibs-foundation, issue 5469).
    public static func prepare() {
        precondition(isReady, "libcrypto is ready for use")
    }

    private static let isReady = OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil) == 1

    /// Takes the latest error out of the queue of this thread and empties it.
    ///
    /// - Returns: The reason in the library's words, or `nil` if there is none.
    static func drainErrorQueue() -> String? {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        guard code != 0, let reason = unsafe ERR_reason_error_string(code) else { return nil }
        return unsafe String(cString: reason)
    }
}
