internal import CCurl

/// A libcurl easy handle, which performs one transfer.
///
/// The handle, its lists and its error buffer are freed when the value goes out of scope.
@safe
struct EasyHandle: ~Copyable {
    private let raw: UnsafeMutableRawPointer
    private let errorBuffer: UnsafeMutablePointer<CChar>
    private var headers: UnsafeMutablePointer<curl_slist>?
    private var route: UnsafeMutablePointer<curl_slist>?

    init() {
        guard let handle = unsafe curl_easy_init() else { preconditionFailure("memory for a transfer") }
        unsafe raw = handle
        unsafe errorBuffer = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        unsafe headers = nil
        unsafe route = nil
        _ = unsafe nest_curl_set_pointer(raw, CURLOPT_ERRORBUFFER, errorBuffer)
    }

    deinit {
        unsafe curl_easy_cleanup(raw)
        unsafe curl_slist_free_all(headers)
        unsafe curl_slist_free_all(route)
        unsafe errorBuffer.deallocate()
    }

    /// The identifier of this transfer in its multi handle.
    var identity: UInt { unsafe UInt(bitPattern: raw) }

    /// libcurl's message about the failure, or an empty string.
    var errorText: String { unsafe String(cString: errorBuffer) }

    borrowing func withRaw<Value>(_ body: (UnsafeMutableRawPointer) -> Value) -> Value {
        unsafe body(raw)
    }

    borrowing func set(_ option: CURLoption, _ value: Int) throws(CurlError) {
        try check(unsafe nest_curl_set_long(raw, option, value))
    }

    /// Sets an option to a string, which libcurl copies; `nil` removes libcurl's default.
    borrowing func set(_ option: CURLoption, _ value: String?) throws(CurlError) {
        try check(unsafe nest_curl_set_string(raw, option, value))
    }

    /// Sets an option to bytes, which libcurl copies.
    borrowing func set(_ option: CURLoption, blob: [UInt8]) throws(CurlError) {
        var blob = blob
        let result = unsafe blob.withUnsafeMutableBytes {
            unsafe nest_curl_set_blob(raw, option, $0.baseAddress, $0.count)
        }
        try check(result)
    }

    /// Sets the body of the request, which libcurl copies.
    borrowing func set(body: [UInt8]) throws(CurlError) {
        // The size must be set first: otherwise libcurl copies up to the first zero byte.
        try check(unsafe nest_curl_set_offset(raw, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
        guard !body.isEmpty else { return try set(CURLOPT_COPYPOSTFIELDS, "") }
        var body = body
        let result = unsafe body.withUnsafeMutableBytes {
            unsafe nest_curl_set_pointer(raw, CURLOPT_COPYPOSTFIELDS, $0.baseAddress)
        }
        try check(result)
    }

    /// Sets the header lines; libcurl does not copy the list, so the list is freed together with the handle.
    mutating func set(headers lines: [String]) throws(CurlError) {
        for line in lines {
            guard let longer = unsafe curl_slist_append(headers, line) else {
                throw CurlError(code: CURLE_OUT_OF_MEMORY)
            }
            unsafe headers = longer
        }
        try check(unsafe nest_curl_set_list(raw, CURLOPT_HTTPHEADER, headers))
    }

    /// Sets the callback that receives the header or the body; the context must live as long as the transfer.
    borrowing func set(
        _ option: CURLoption,
        _ callback: curl_write_callback,
        _ contextOption: CURLoption,
        _ context: UnsafeMutableRawPointer,
    ) throws(CurlError) {
        try check(unsafe nest_curl_set_write_function(raw, option, callback))
        try check(unsafe nest_curl_set_pointer(raw, contextOption, context))
    }

    /// Sets the callback that runs before a TLS handshake; the context must live as long as the transfer.
    borrowing func set(tlsCallback: curl_ssl_ctx_callback, _ context: UnsafeMutableRawPointer) throws(CurlError) {
        try check(unsafe nest_curl_set_ssl_function(raw, CURLOPT_SSL_CTX_FUNCTION, tlsCallback))
        try check(unsafe nest_curl_set_pointer(raw, CURLOPT_SSL_CTX_DATA, context))
    }

    /// Makes the transfer connect to an address other than the URL's.
    mutating func set(connectingTo address: String) throws(CurlError) {
        guard let list = unsafe curl_slist_append(nil, "::\(address)") else {
            throw CurlError(code: CURLE_OUT_OF_MEMORY)
        }
        unsafe route = list
        try check(unsafe nest_curl_set_list(raw, CURLOPT_CONNECT_TO, list))
    }

    borrowing func number(_ info: CURLINFO) -> Int {
        var value = 0
        return unsafe nest_curl_get_long(raw, info, &value) == CURLE_OK ? value : 0
    }

    borrowing func offset(_ info: CURLINFO) -> Int {
        var value: curl_off_t = 0
        return unsafe nest_curl_get_offset(raw, info, &value) == CURLE_OK ? Int(value) : 0
    }

    borrowing func string(_ info: CURLINFO) -> String? {
        var value: UnsafePointer<CChar>?
        guard unsafe nest_curl_get_string(raw, info, &value) == CURLE_OK, let value = unsafe value else { return nil }
        return unsafe String(cString: value)
    }
}

struct CurlError: Error {
    var code: CURLcode
}

private func check(_ code: CURLcode) throws(CurlError) {
    guard code == CURLE_OK else { throw CurlError(code: code) }
}
