import Base
internal import CCurl
internal import COpenSSL
internal import Glibc
internal import TLS

/// One running request, used only on the transfer thread.
final class Transfer {
    let queued: RequestQueue.QueuedRequest
    let peer = PeerCapture()
    private(set) var easy = EasyHandle()
    private(set) var excess: Part?
    /// The time at which a part of the response last arrived.
    private(set) var lastReceived: ContinuousClock.Instant?
    private var response = HTTPResponse(status: 0)
    private var headerByteCount = 0
    private var hasFirstLine = false
    /// The error with which the receiver of the body has ended the transfer.
    fileprivate var receiverError: SystemError?

    /// The time in seconds after which a transfer to a receiver is ended if no byte has arrived.
    fileprivate static let silenceLimit = 60

    /// The parts of a response.
    enum Part { case header, body }

    /// Prepares a transfer.
    ///
    /// - Parameters:
    ///   - queued: The request.
    ///   - maximumConnectionAge: The maximum age, in seconds, of a connection to reuse; `nil` for any age.
    /// - Throws: ``TransportError`` if libcurl lacks memory, or a feature that the request needs.
    init(_ queued: RequestQueue.QueuedRequest, maximumConnectionAge: Int?) throws(TransportError) {
        self.queued = queued
        do throws(CurlError) {
            try configure(queued.request)
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
        // Refusing the rest of the body after its first line makes libcurl report an error.
        guard code == CURLE_OK || hasFirstLine else { return .failure(error(code)) }
        if queued.request.isConnectionCheck, isConnectedToItself {
            return .failure(TransportError(.refused, refusedMessage).located(at: queued.request.url))
        }
        response.status = easy.number(CURLINFO_RESPONSE_CODE)
        response.serverCertificate = peer.leaf
        response.isFromThisMachine = isConnectedToThisMachine
        let redirection = easy.string(CURLINFO_REDIRECT_URL)
        response.redirection = redirection.map { (try? RequestURL($0).shownText) ?? $0 }
        return .success(Answer(response: response, redirection: redirection))
    }

    /// Whether the connection is established and the request is being sent.
    var isSent: Bool { easy.offset(CURLINFO_PRETRANSFER_TIME_T) > 0 }

    /// Whether both ends of the connection are the same socket.
    ///
    /// Without a listener, the kernel may choose the destination port as the local port of the connection.
    private var isConnectedToItself: Bool {
        easy.number(CURLINFO_LOCAL_PORT) == easy.number(CURLINFO_PRIMARY_PORT) && isConnectedToThisMachine
    }

    private var isConnectedToThisMachine: Bool {
        guard let address = easy.string(CURLINFO_LOCAL_IP), !address.isEmpty else { return false }
        return address == easy.string(CURLINFO_PRIMARY_IP)
    }

    private func configure(_ request: PreparedRequest) throws(CurlError) {
        try easy.set(CURLOPT_URL, request.serverName.flatMap(request.url.text(withHost:)) ?? request.url.text)
        if request.serverName != nil { try easy.set(connectingTo: request.url.address) }
        try easy.set(CURLOPT_PROTOCOLS_STR, "http,https")
        try easy.set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS)
        // Wait for the connection of another request instead of opening a second one.
        try easy.set(CURLOPT_PIPEWAIT, 1)
        try easy.set(CURLOPT_NOSIGNAL, 1)
        // Removing a transfer must not wait for name resolution.
        try easy.set(CURLOPT_QUICK_EXIT, 1)
        try easy.set(CURLOPT_CONNECTTIMEOUT_MS, request.connectTimeoutMilliseconds)
        // Both are always set, so that libcurl does not read the environment itself.
        try easy.set(CURLOPT_PROXY, request.proxy ?? "")
        try easy.set(CURLOPT_NOPROXY, "")
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
        try configureMethod(request)
        try configureTLS(request.pem)
    }

    private func configureMethod(_ request: PreparedRequest) throws(CurlError) {
        if let body = request.body { try easy.set(body: body) }
        if request.method == "HEAD" { try easy.set(CURLOPT_NOBODY, 1) }
        try easy.set(CURLOPT_CUSTOMREQUEST, request.method)
    }

    private func configureTLS(_ pem: LoadedPEM) throws(CurlError) {
        // The constant is an enumerator, an `int` or a `long`, depending on the version of libcurl.
        try easy.set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        try easy.set(CURLOPT_SSL_VERIFYPEER, 1)
        try easy.set(CURLOPT_SSL_VERIFYHOST, 2)
        if let authority = pem.authority {
            // Debian's libcurl presets both to the system's store, which must not be trusted here.
            try easy.set(CURLOPT_CAINFO, nil)
            try easy.set(CURLOPT_CAPATH, nil)
            try easy.set(CURLOPT_CAINFO_BLOB, blob: authority.bytes)
        }
        if let certificate = pem.certificate, let key = pem.key {
            try easy.set(CURLOPT_SSLCERTTYPE, "PEM")
            try easy.set(CURLOPT_SSLCERT_BLOB, blob: certificate.bytes)
            try easy.set(CURLOPT_SSLKEYTYPE, "PEM")
            try easy.set(CURLOPT_SSLKEY_BLOB, blob: key.bytes)
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
        lastReceived = .now
        headerByteCount += bytes.count
        guard headerByteCount <= 256 << 10 else { return refuse(.header) }
        let line = unsafe String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            // Earlier headers belong to an interim response, or to the answer of a proxy.
            response.headers = []
            response.httpVersion = String(line.dropFirst(5).prefix { $0 != " " })
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...]
            response.headers.append(HTTPHeader(trimmed(line[..<colon]), trimmed(value)))
        }
        return bytes.count
    }

    private func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        lastReceived = .now
        if let receiver = queued.request.receiver {
            let status = easy.number(CURLINFO_RESPONSE_CODE)
            if status == 200 || status == 206 {
                response.status = status
                return pass(unsafe Array(bytes), to: receiver)
            }
        }
        guard response.body.count + bytes.count <= queued.request.replyLimit else { return refuse(.body) }
        guard queued.request.endsWithFirstLine, let end = unsafe bytes.firstIndex(of: UInt8(ascii: "\n")) else {
            unsafe response.body.append(contentsOf: bytes)
            return bytes.count
        }
        unsafe response.body.append(contentsOf: bytes[..<end])
        hasFirstLine = true
        return 0
    }

    private func pass(_ bytes: [UInt8], to receiver: BodyReceiver) -> Int {
        do {
            try receiver(response, bytes)
            return bytes.count
        } catch {
            receiverError = error
            return 0
        }
    }

    /// Makes libcurl end the transfer, by accepting fewer bytes than it offers.
    private func refuse(_ part: Part) -> Int {
        excess = part
        return 0
    }
}

private func trimmed(_ text: Substring) -> String {
    let start = text.drop(while: \.isWhitespace)
    return start.lastIndex { !$0.isWhitespace }.map { String(start[...$0]) } ?? ""
}

extension Transfer {
    private var request: PreparedRequest { queued.request }
    private var address: String { request.url.address }

    /// Describes the error of a transfer.
    func error(_ code: CURLcode) -> TransportError {
        var error = refusalOfProxy ?? protocolErrorOfProxy(code) ?? describe(code)
        if let proxy = request.proxyAddress {
            error.proxy = proxy
            error.proxyVariables = request.proxyVariables
            error.isProxySecure = request.isProxySecure
            if !error.message.hasPrefix("proxy '") { error.message += " (through proxy '\(proxy)')" }
        }
        return error.located(at: request.url)
    }

    /// Describes the progress of the transfer at its deadline.
    func overdueError() -> TransportError {
        TransportError(.timedOut, overdueMessage(request.allowance)).located(at: request.url)
    }

    /// Returns the error of this request if its server was silent on a connection shared with another request.
    func sharedSilenceError(_ time: Duration) -> TransportError {
        let message = "no response from '\(address)' within \(time.humanReadable), so the connection was given up"
        return TransportError(.timedOut, message).located(at: request.url)
    }

    /// The error if the proxy refused to connect to the server, otherwise `nil`.
    private var refusalOfProxy: TransportError? {
        let status = easy.number(CURLINFO_HTTP_CONNECTCODE)
        guard let proxy = request.proxyAddress, status >= 300 else { return nil }
        let message = "proxy '\(proxy)' refuses to connect to '\(address)': it answers \(status)"
        var error = TransportError(.refusedByProxy, message)
        error.proxyStatus = status
        // The headers are those of the proxy, because the server has not answered.
        error.proxyPrograms = ["server", "via"].flatMap { response.values(of: $0) }
        return error
    }

    /// The proxy with which the transfer has still to agree on a connection to the server, otherwise `nil`.
    private var pendingProxy: String? {
        easy.number(CURLINFO_HTTP_CONNECTCODE) == 0 ? request.proxyAddress : nil
    }

    /// Returns the error if the proxy does not speak the protocol of its URL, otherwise `nil`.
    private func protocolErrorOfProxy(_ code: CURLcode) -> TransportError? {
        guard let proxy = pendingProxy else { return nil }
        switch code {
        case CURLE_SSL_CONNECT_ERROR where request.isProxySecure && opensslReason.map(isOfOtherProtocol) == true:
            return TransportError(.proxyProtocol, "proxy '\(proxy)' does not speak TLS")
        case CURLE_SSL_CONNECT_ERROR where request.isProxySecure,
            CURLE_PEER_FAILED_VERIFICATION where request.isProxySecure:
            return TransportError(.proxyProtocol, "proxy '\(proxy)' cannot be used with TLS: \(tidied(code))")
        case CURLE_UNSUPPORTED_PROTOCOL where request.url.scheme == "https",
            CURLE_WEIRD_SERVER_REPLY where request.url.scheme == "https":
            return TransportError(.proxyProtocol, "proxy '\(proxy)' does not answer in HTTP")
        default: return nil
        }
    }

    private func describe(_ code: CURLcode) -> TransportError {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST:
            return TransportError(.resolve, "cannot resolve host '\(request.url.host)'")
        case CURLE_COULDNT_RESOLVE_PROXY:
            return TransportError(.resolve, "cannot resolve the proxy's host")
        case CURLE_COULDNT_CONNECT:
            return connectError()
        case CURLE_OPERATION_TIMEDOUT where request.receiver != nil && easy.offset(CURLINFO_STARTTRANSFER_TIME_T) > 0:
            let time = Duration.seconds(Self.silenceLimit).humanReadable
            return TransportError(.timedOut, "'\(address)' has sent nothing for \(time)")
        case CURLE_OPERATION_TIMEDOUT:
            return TransportError(.timedOut, overdueMessage(min(request.connectTimeout, request.allowance)))
        case CURLE_GOT_NOTHING:
            return TransportError(.closed, "'\(address)' closed the connection without a response")
        case CURLE_PARTIAL_FILE:
            return TransportError(.closed, "'\(address)' closed the connection before the response was complete")
        case CURLE_HTTP2, CURLE_HTTP2_STREAM:
            return streamError()
        case CURLE_PEER_FAILED_VERIFICATION:
            return peerError()
        case CURLE_SSL_CONNECT_ERROR, CURLE_RECV_ERROR, CURLE_SEND_ERROR:
            return brokenConnectionError(code)
        case CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE:
            return credentialsError(code)
        case CURLE_WRITE_ERROR where receiverError != nil:
            return TransportError(.other, receiverError?.description ?? "")
        case CURLE_WRITE_ERROR where excess != nil:
            let words =
                excess == .body ? "is larger than \(byteText(request.replyLimit))" : "has a header that is too long"
            return TransportError(.replyTooLarge, "the reply of '\(address)' \(words)")
        case CURLE_OUT_OF_MEMORY where isSent, CURLcode(rawValue: 100):
            // For a header line that is too long, libcurl 8.6 and later report CURLE_TOO_LARGE (100), older versions
            // CURLE_OUT_OF_MEMORY.
            return TransportError(.replyTooLarge, "the reply of '\(address)' has a header that is too long")
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY:
            return TransportError(.notHTTP, "'\(address)' is not an HTTP server")
        default:
            return TransportError(.other, "the request to '\(address)' failed: \(tidied(code))")
        }
    }

    private func connectError() -> TransportError {
        let number = Int32(easy.number(CURLINFO_OS_ERRNO))
        if number == ECONNREFUSED { return TransportError(.refused, refusedMessage) }
        let reason = number == 0 ? "no address answers" : SystemError.text(for: number).lowercasedFirst
        return TransportError(.unreachable, "cannot connect to '\(address)': \(reason)")
    }

    /// The message for a port without a listener.
    var refusedMessage: String {
        "cannot connect to '\(address)': \(SystemError.text(for: ECONNREFUSED).lowercasedFirst)"
    }

    private func overdueMessage(_ time: Duration) -> String {
        let time = time.humanReadable
        let hasAddress = easy.offset(CURLINFO_NAMELOOKUP_TIME_T) > 0
        if easy.offset(CURLINFO_STARTTRANSFER_TIME_T) > 0, easy.number(CURLINFO_RESPONSE_CODE) > 0 {
            return "the response of '\(address)' was not complete within \(time)"
        }
        if isSent { return "no response from '\(address)' within \(time)" }
        let partner = (request.isProxySecure ? pendingProxy : nil).map { "proxy '\($0)'" } ?? "'\(address)'"
        if peer.hasBegun { return "\(partner) did not complete the TLS handshake within \(time)" }
        return "cannot connect to '\(address)': no \(hasAddress ? "answer" : "address or connection") within \(time)"
    }

    private func streamError() -> TransportError {
        let text = easy.errorText
        guard text.contains("not closed cleanly") else {
            return TransportError(.closed, "'\(address)' closed the HTTP/2 connection")
        }
        // libcurl writes: HTTP/2 stream 5 was not closed cleanly: INTERNAL_ERROR (err 2)
        let reason = text.split(separator: ":").last?.split(separator: " ").first
        return TransportError(.reset, "'\(address)' reset the request: \(reason ?? "unknown reason")")
    }

    private func credentialsError(_ code: CURLcode) -> TransportError {
        let name =
            code == CURLE_SSL_CACERT_BADFILE
            ? request.pem.authority?.name : request.pem.certificate?.name
        let message = "\(name ?? "the client certificate") cannot be used: \(opensslReason ?? tidied(code))"
        return TransportError(.clientCertificate, message)
    }
}

// MARK: TLS

extension Transfer {
    /// Describes why the server's certificate was refused.
    private func peerError() -> TransportError {
        let certificate = peer.leaf.flatMap { try? Certificate(der: $0) }
        guard let certificate else {
            let reason = tidied(CURLE_PEER_FAILED_VERIFICATION)
            return TransportError(.untrusted, "the certificate of '\(address)' is refused: \(reason)")
        }
        if [X509_V_OK, PeerCapture.noNamesCode].contains(peer.code), certificate.names.isEmpty {
            let words = "has no subject alternative name (SAN), only the subject '\(certificate.subject)'"
            return TransportError(.noNames, "the certificate of '\(address)' \(words)", peer: certificate)
        }
        guard peer.code != X509_V_OK else {
            let mismatch = certificate.mismatch(with: request.serverName ?? request.url.host)
            return TransportError(.hostName, "the certificate of '\(address)' \(mismatch.reason)", peer: certificate)
        }
        let failing = peer.failing.flatMap { try? Certificate(der: $0) }
        let authorities = request.pem.authority.flatMap { try? Certificate.read(pem: $0.bytes) } ?? []
        let reason = certificate.verificationError(
            code: peer.code,
            failing: failing,
            authorities: authorities,
            issuers: peer.issuers.compactMap { try? Certificate(der: $0) } + authorities
        )
        let message = "the certificate of '\(address)' \(reason)"
        var error = TransportError(reason.kind.transportKind, message, peer: certificate)
        error.nameViolation = reason.nameViolation
        return error
    }

    /// Describes a TLS alert from the server, or a closed connection.
    private func brokenConnectionError(_ code: CURLcode) -> TransportError {
        guard let reason = opensslReason else {
            // libcurl writes: Illegal or missing hexadecimal sequence in chunked-encoding
            guard !easy.errorText.lowercased().contains("chunk") else {
                return TransportError(.closed, "the reply of '\(address)' is invalid: \(tidied(code))")
            }
            let end = code == CURLE_SSL_CONNECT_ERROR ? "during the TLS handshake" : "without a response"
            return TransportError(.closed, "'\(address)' closed the connection \(end)")
        }
        guard let range = reason.firstRange(of: "alert ") else {
            if isOfOtherProtocol(reason) { return TransportError(.notTLS, "'\(address)' does not speak TLS") }
            let isOld = ["unsupported protocol", "no protocols available"].contains(reason)
            if isOld { return TransportError(.tlsVersion, "'\(address)' does not support TLS 1.2 or later") }
            return TransportError(.tls, "cannot speak TLS with '\(address)': \(reason)")
        }
        let alert = String(reason[range.upperBound...])
        if alert == "protocol version" {
            return TransportError(.tlsVersion, "'\(address)' does not support TLS 1.2 or later")
        }
        guard certificateAlerts.contains(alert) else {
            return TransportError(.tls, "'\(address)' refuses the TLS connection: \(alert)")
        }
        let certificate = request.pem.certificate?.name
        let subject = certificate.map { "the \($0)" } ?? "a connection without client certificate"
        return TransportError(.clientCertificateRefused, "'\(address)' refuses \(subject): \(alert)")
    }

    /// OpenSSL's reason for the failure, `nil` if libcurl's message contains none.
    ///
    /// libcurl writes: OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0
    private var opensslReason: String? {
        let text = easy.errorText
        guard let start = text.firstRange(of: "routines:") else { return nil }
        let reason = text[start.upperBound...].split(separator: ":", omittingEmptySubsequences: true).last
        return reason.map { String($0.prefix { $0 != "," }) }
    }

    /// libcurl's text, with its first letter in lower case.
    private func tidied(_ code: CURLcode) -> String {
        let text = easy.errorText
        return (text.isEmpty ? libcurlText(code) : text).lowercasedFirst
    }
}

/// Returns whether OpenSSL's reason is about a record of another protocol.
private func isOfOtherProtocol(_ reason: String) -> Bool {
    ["wrong version number", "packet length too long"].contains(reason)
}

/// The TLS alerts about a client certificate.
private let certificateAlerts: Set = [
    "bad certificate", "unsupported certificate", "certificate revoked", "certificate expired", "certificate unknown",
    "unknown ca", "access denied", "certificate required",
]

extension TLSError.Kind {
    fileprivate var transportKind: TransportError.Kind {
        switch self {
        case .expired: .serverCertificateExpired
        case .notYetValid: .serverCertificateNotYetValid
        case .selfSigned: .selfSigned
        case .unknownIssuer, .wrongSignature: .untrusted
        default: .unusableCertificate
        }
    }
}

extension PreparedRequest {
    /// Whether the URL of the proxy asks for TLS.
    fileprivate var isProxySecure: Bool { proxy?.lowercased().hasPrefix("https://") == true }

    /// The proxy without user name and password.
    fileprivate var proxyAddress: String? {
        guard let proxy else { return nil }
        let host = proxy.split(separator: "@").last ?? Substring(proxy)
        return String(host.split(separator: "/").last ?? host)
    }
}

extension String {
    fileprivate var lowercasedFirst: String {
        // Abbreviations such as `TLS` stay in capitals.
        guard let second = dropFirst().first, second.isLowercase else { return self }
        return prefix(1).lowercased() + dropFirst()
    }
}

/// Returns libcurl's text for a code.
///
/// The corresponding C function is `curl_easy_strerror`.
func libcurlText(_ code: CURLcode) -> String {
    unsafe curl_easy_strerror(code).map { unsafe String(cString: $0) } ?? "error \(code.rawValue)"
}
