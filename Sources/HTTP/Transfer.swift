import Base
internal import CCurl
internal import COpenSSL
internal import Glibc

/// One running request, used only on the transfer thread.
final class Transfer {
    let request: PreparedRequest
    let peer = PeerCapture()
    private(set) var easy = EasyHandle()
    private var response = HTTPResponse(status: 0)
    private var headerByteCount = 0
    /// The error with which a callback has ended the transfer.
    private var refusal: TransportError?

    /// The number of seconds without a byte after which a transfer to a receiver is ended.
    fileprivate static let silenceLimit = 60

    /// Prepares a transfer.
    ///
    /// `maximumConnectionAge` is the maximum age of a reused connection in seconds, or `nil` for no limit.
    init(_ request: PreparedRequest, maximumConnectionAge: Int?) throws(TransportError) {
        self.request = request
        do throws(CurlError) {
            try configure()
            if let maximumConnectionAge { try easy.set(CURLOPT_MAXLIFETIME_CONN, maximumConnectionAge) }
            try installCallbacks()
        } catch {
            throw error.code == CURLE_OUT_OF_MEMORY
                ? TransportError(.other, "out of memory")
                : TransportError(.other, "libcurl lacks a needed feature: \(libcurlText(error.code))")
        }
    }

    /// Returns the request's result after libcurl has ended the transfer.
    func reply(_ code: CURLcode) -> RequestQueue.Reply {
        guard code == CURLE_OK else { return .failure(error(code)) }
        if request.isConnectionCheck, isConnectedToItself {
            return .failure(TransportError(.refused, refusedMessage))
        }
        response.status = easy.number(CURLINFO_RESPONSE_CODE)
        response.redirection = shownURL(CURLINFO_REDIRECT_URL)
        if easy.number(CURLINFO_REDIRECT_COUNT) > 0 { response.redirectedURL = shownURL(CURLINFO_EFFECTIVE_URL) }
        return .success(response)
    }

    /// Returns a URL without user name, password and query.
    private func shownURL(_ info: CURLINFO) -> String? {
        easy.string(info).map { (try? RequestURL($0).shownText) ?? $0 }
    }

    /// Whether the connection is established, and the request is being sent or has been sent.
    var isSent: Bool { easy.offset(CURLINFO_PRETRANSFER_TIME_T) > 0 }

    /// Whether both ends of the connection are the same socket.
    ///
    /// If no program listens on a local port, the kernel may choose that port for the other end of the connection too.
    private var isConnectedToItself: Bool {
        guard let address = easy.string(CURLINFO_LOCAL_IP), !address.isEmpty else { return false }
        return address == easy.string(CURLINFO_PRIMARY_IP)
            && easy.number(CURLINFO_LOCAL_PORT) == easy.number(CURLINFO_PRIMARY_PORT)
    }

    private func configure() throws(CurlError) {
        let serverName = request.identity.serverName
        try easy.set(CURLOPT_URL, serverName.flatMap(request.url.text(withHost:)) ?? request.url.text)
        if serverName != nil { try easy.set(connectingTo: request.url.address) }
        try easy.set(CURLOPT_PROTOCOLS_STR, "http,https")
        try easy.set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS)
        // A request waits for the connection of another request instead of opening a second connection.
        try easy.set(CURLOPT_PIPEWAIT, 1)
        try easy.set(CURLOPT_NOSIGNAL, 1)
        // Removing a transfer must not wait for name resolution.
        try easy.set(CURLOPT_QUICK_EXIT, 1)
        try easy.set(CURLOPT_CONNECTTIMEOUT_MS, request.connectTimeoutMilliseconds)
        if let proxy = request.identity.proxy {
            try easy.set(CURLOPT_PROXY, proxy)
            try easy.set(CURLOPT_NOPROXY, "")
        } else if request.isConnectionCheck || request.url.isOfThisMachine {
            // Through a proxy, every check would succeed, and services of this machine could not be reached.
            try easy.set(CURLOPT_PROXY, "")
        }
        if request.followsRedirects {
            try easy.set(CURLOPT_FOLLOWLOCATION, 1)
            try easy.set(CURLOPT_MAXREDIRS, 10)
            try easy.set(CURLOPT_REDIR_PROTOCOLS_STR, request.url.scheme == "https" ? "https" : "http,https")
        }
        if request.receiver != nil {
            try easy.set(CURLOPT_LOW_SPEED_LIMIT, 1)
            try easy.set(CURLOPT_LOW_SPEED_TIME, Self.silenceLimit)
        }
        if request.isConnectionCheck {
            try easy.set(CURLOPT_CONNECT_ONLY, 1)
            // An existing connection does not show whether the port accepts connections now.
            try easy.set(CURLOPT_FRESH_CONNECT, 1)
        }
        try easy.set(headers: request.headerLines)
        if let body = request.body { try easy.set(body: body) }
        if request.method == "HEAD" { try easy.set(CURLOPT_NOBODY, 1) }
        try easy.set(CURLOPT_CUSTOMREQUEST, request.method)
        try configureTLS(request.identity)
    }

    private func configureTLS(_ identity: ConnectionIdentity) throws(CurlError) {
        // The constant is an enumerator, an `int` or a `long`, depending on the version of libcurl.
        try easy.set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        try easy.set(CURLOPT_SSL_VERIFYPEER, 1)
        try easy.set(CURLOPT_SSL_VERIFYHOST, 2)
        if let authority = identity.certificateAuthority {
            // Debian's libcurl presets both to the system's store, which must not be trusted here.
            try easy.set(CURLOPT_CAINFO, nil)
            try easy.set(CURLOPT_CAPATH, nil)
            try easy.set(CURLOPT_CAINFO_BLOB, blob: authority)
        }
        if let certificate = identity.clientCertificate, let key = identity.clientKey {
            try easy.set(CURLOPT_SSLCERTTYPE, "PEM")
            try easy.set(CURLOPT_SSLCERT_BLOB, blob: certificate)
            try easy.set(CURLOPT_SSLKEYTYPE, "PEM")
            try easy.set(CURLOPT_SSLKEY_BLOB, blob: key)
        }
    }

    private func installCallbacks() throws(CurlError) {
        // The handle does not outlive the object, and calls back only in `perform`, on the thread that owns both.
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        try unsafe easy.set(
            CURLOPT_HEADERFUNCTION,
            { unsafe Transfer.at($3).receiveHeader(UnsafeRawBufferPointer(start: $0, count: $1 * $2)) },
            CURLOPT_HEADERDATA,
            context,
        )
        try unsafe easy.set(
            CURLOPT_WRITEFUNCTION,
            { unsafe Transfer.at($3).receiveBody(UnsafeRawBufferPointer(start: $0, count: $1 * $2)) },
            CURLOPT_WRITEDATA,
            context,
        )
        try unsafe easy.set(tlsCallback: { unsafe Transfer.at($2).peer.install(in: $1) }, context)
    }

    private static func at(_ context: UnsafeMutableRawPointer?) -> Transfer {
        guard let context = unsafe context else { preconditionFailure("libcurl returns the context it was given") }
        return unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    }

    private func receiveHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        headerByteCount += bytes.count
        guard headerByteCount <= 256 << 10 else { return refuse(headerError) }
        let line = unsafe String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            // Earlier headers belong to an interim response, a redirection or the response of a proxy.
            response.headers = []
            response.httpVersion = String(line.dropFirst(5).prefix { $0 != " " })
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...]
            response.headers.append(HTTPHeader(trimmed(line[..<colon]), trimmed(value)))
        }
        return bytes.count
    }

    private func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        if let receiver = request.receiver {
            let status = easy.number(CURLINFO_RESPONSE_CODE)
            if status == 200 || status == 206 {
                response.status = status
                return pass(unsafe Array(bytes), to: receiver)
            }
        }
        guard response.body.count + bytes.count <= request.replyLimit else {
            let message = "the reply of '\(address)' is larger than \(byteText(request.replyLimit))"
            return refuse(TransportError(.replyTooLarge, message))
        }
        unsafe response.body.append(contentsOf: bytes)
        return bytes.count
    }

    private func pass(_ bytes: [UInt8], to receiver: BodyReceiver) -> Int {
        do {
            try receiver(response, bytes)
            return bytes.count
        } catch {
            var failure = TransportError(.other, error.description)
            failure.refusal = error
            return refuse(failure)
        }
    }

    /// Makes libcurl end the transfer, by accepting fewer bytes than it offers.
    private func refuse(_ error: TransportError) -> Int {
        refusal = error
        return 0
    }
}

private func trimmed(_ text: Substring) -> String {
    let start = text.drop(while: \.isWhitespace)
    return start.lastIndex { !$0.isWhitespace }.map { String(start[...$0]) } ?? ""
}

extension Transfer {
    private var address: String { request.url.address }

    func error(_ code: CURLcode) -> TransportError {
        var error = refusal ?? describe(code)
        if let proxy = request.proxyAddress { error.message += " (through proxy '\(proxy)')" }
        return error
    }

    /// Creates the error of an overdue transfer, which says how far the transfer got.
    func overdueError() -> TransportError {
        TransportError(.timedOut, overdueMessage(request.allowance))
    }

    private func describe(_ code: CURLcode) -> TransportError {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST:
            return TransportError(.resolve, "cannot resolve host '\(request.url.host)'")
        case CURLE_COULDNT_RESOLVE_PROXY:
            return TransportError(.resolve, "'\(address)': \(text(code))")
        case CURLE_COULDNT_CONNECT:
            return connectError()
        case CURLE_OPERATION_TIMEDOUT where request.receiver != nil && easy.offset(CURLINFO_STARTTRANSFER_TIME_T) > 0:
            let time = Duration.seconds(Self.silenceLimit).humanReadable
            return TransportError(.timedOut, "'\(address)' has sent nothing for \(time)")
        case CURLE_OPERATION_TIMEDOUT:
            return TransportError(.timedOut, overdueMessage(min(request.connectTimeout, request.allowance)))
        case CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_HTTP2, CURLE_HTTP2_STREAM:
            return TransportError(.closed, "'\(address)': \(text(code))")
        case CURLE_PEER_FAILED_VERIFICATION:
            return peerError()
        case CURLE_SSL_CONNECT_ERROR, CURLE_RECV_ERROR, CURLE_SEND_ERROR:
            return brokenConnectionError(code)
        case CURLE_SSL_CERTPROBLEM:
            return TransportError(.invalidRequest, "the client certificate cannot be used: \(text(code))")
        case CURLE_SSL_CACERT_BADFILE:
            return TransportError(.invalidRequest, "the CA certificates cannot be used: \(text(code))")
        case CURLE_UNSUPPORTED_PROTOCOL where request.followsRedirects, CURLE_TOO_MANY_REDIRECTS:
            return TransportError(.redirect, "the request to '\(address)' is not redirected: \(text(code))")
        // For a header line that is too long, libcurl 8.6 and later report CURLE_TOO_LARGE (100), older versions
        // CURLE_OUT_OF_MEMORY.
        case CURLE_OUT_OF_MEMORY where isSent, CURLcode(rawValue: 100):
            return headerError
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY:
            return TransportError(.tls, "'\(address)': \(text(code))")
        default:
            return TransportError(.other, "the request to '\(address)' failed: \(text(code))")
        }
    }

    private var headerError: TransportError {
        TransportError(.replyTooLarge, "the reply of '\(address)' has a header that is too long")
    }

    private func connectError() -> TransportError {
        let number = Int32(easy.number(CURLINFO_OS_ERRNO))
        // If the proxy cannot be reached, libcurl's text names the proxy instead of the server.
        let text = text(CURLE_COULDNT_CONNECT)
        let place = text.contains(request.url.host.filter { !"[]".contains($0) }) ? "" : " (\(text))"
        if number == ECONNREFUSED { return TransportError(.refused, refusedMessage + place) }
        return TransportError(.unreachable, connectMessage(number) + place)
    }

    var refusedMessage: String { connectMessage(ECONNREFUSED) }

    private func connectMessage(_ number: Int32) -> String {
        let reason = number == 0 ? "no address answers" : SystemError.text(for: number)
        return "cannot connect to '\(address)': \(reason.prefix(1).lowercased())\(reason.dropFirst())"
    }

    private func overdueMessage(_ time: Duration) -> String {
        let time = time.humanReadable
        let hasAddress = easy.offset(CURLINFO_NAMELOOKUP_TIME_T) > 0
        if easy.offset(CURLINFO_STARTTRANSFER_TIME_T) > 0, easy.number(CURLINFO_RESPONSE_CODE) > 0 {
            return "the response of '\(address)' was not complete within \(time)"
        }
        if isSent { return "no response from '\(address)' within \(time)" }
        if peer.hasBegun { return "'\(address)' did not complete the TLS handshake within \(time)" }
        return "cannot connect to '\(address)': no \(hasAddress ? "answer" : "address or connection") within \(time)"
    }

    /// Creates the error of a refused server certificate.
    private func peerError() -> TransportError {
        let kind: TransportError.Kind =
            switch Int32(easy.number(CURLINFO_SSL_VERIFYRESULT)) {
            // libcurl compares names before it reads the result of the chain check, which is unspecified until then.
            case X509_V_OK, X509_V_ERR_UNSPECIFIED: .hostName
            case X509_V_ERR_CERT_HAS_EXPIRED: .serverCertificateExpired
            case X509_V_ERR_CERT_NOT_YET_VALID: .serverCertificateNotYetValid
            default: .untrusted
            }
        let message = "the certificate of '\(address)' is refused: \(text(CURLE_PEER_FAILED_VERIFICATION))"
        return TransportError(kind, message, peer: peer.leaf.flatMap { try? Certificate(der: $0) })
    }

    /// Creates the error of a TLS failure, such as an alert from the server, or of a broken connection.
    private func brokenConnectionError(_ code: CURLcode) -> TransportError {
        let text = text(code)
        let isAlert = text.contains("alert ") && certificateAlerts.contains { text.contains($0) }
        let kind: TransportError.Kind =
            isAlert ? .clientCertificateRefused : text.contains("routines:") ? .tls : .closed
        // OpenSSL's name for a reply that is not TLS; it may be the reply of a proxy.
        let isPlain = text.contains("wrong version number") && request.identity.proxy == nil
        return TransportError(kind, "'\(address)': \(isPlain ? "the server does not use TLS (\(text))" : text)")
    }

    /// Returns libcurl's message about this transfer, including OpenSSL's, or the text for the code if there is none.
    private func text(_ code: CURLcode) -> String {
        let text = easy.errorText
        return text.isEmpty ? libcurlText(code) : text
    }
}

/// The names of the TLS alerts with which servers refuse a client certificate.
private let certificateAlerts = [
    "bad certificate", "unsupported certificate", "certificate revoked", "certificate expired", "certificate unknown",
    "unknown ca", "access denied", "certificate required",
]

extension PreparedRequest {
    /// The host and port of the identity's proxy, without scheme and credentials.
    fileprivate var proxyAddress: String? {
        guard let proxy = identity.proxy else { return nil }
        let host = proxy.split(separator: "@").last ?? Substring(proxy)
        return String(host.split(separator: "/").last ?? host)
    }
}

/// Returns libcurl's text for a code.
///
/// The corresponding C function is `curl_easy_strerror`.
func libcurlText(_ code: CURLcode) -> String {
    unsafe curl_easy_strerror(code).map { unsafe String(cString: $0) } ?? "error \(code.rawValue)"
}
