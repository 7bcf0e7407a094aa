internal import CCurl

/// The version of libcurl that is loaded, such as `7.88.1`.
public var libcurlVersion: String {
    guard let version = unsafe curl_version_info(CURLVERSION_FIRST)?.pointee.version else { return "unknown" }
    return unsafe String(cString: version)
}
