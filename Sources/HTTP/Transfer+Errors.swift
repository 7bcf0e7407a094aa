internal import CCurl
internal import Glibc
internal import PKI

extension Transfer {
    private var request: PreparedRequest { order.request }
    private var address: String { request.url.address }

    /// Puts the end of a transfer into words.
    func error(_ code: CURLcode) -> TransportError {
        var error = describe(code)
        if let proxy = request.proxyAddress { error.message += " (by way of the proxy '\(proxy)')" }
        return error.located(at: request.url)
    }

    /// Says how far the transfer had come when its deadline passed.
    func overdueError() -> TransportError {
        TransportError(.timedOut, overdueMessage(request.allowance)).located(at: request.url)
    }

    private func describe(_ code: CURLcode) -> TransportError {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST:
            return TransportError(.resolve, "cannot find an address for the host '\(request.url.host)'")
        case CURLE_COULDNT_RESOLVE_PROXY:
            return TransportError(.resolve, "cannot find an address for the proxy")
        case CURLE_COULDNT_CONNECT:
            return connectError()
        case CURLE_OPERATION_TIMEDOUT:
            return TransportError(.timedOut, overdueMessage(min(request.connectTimeout, request.allowance)))
        case CURLE_GOT_NOTHING:
            return TransportError(.closed, "'\(address)' closed the connection without a response")
        case CURLE_PARTIAL_FILE:
            return TransportError(.closed, "'\(address)' closed the connection in the middle of the response")
        case CURLE_HTTP2, CURLE_HTTP2_STREAM:
            return streamError()
        case CURLE_PEER_FAILED_VERIFICATION:
            return peerError()
        case CURLE_SSL_CONNECT_ERROR, CURLE_RECV_ERROR, CURLE_SEND_ERROR:
            return brokenConnectionError(code)
        case CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE:
            return credentialsError(code)
        case CURLE_WRITE_ERROR where excess != nil:
            let words = excess == .body ? "is larger than \(byteText(request.replyLimit))" : "has too long a header"
            return TransportError(.replyTooLarge, "the reply of '\(address)' \(words)")
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY:
            return TransportError(.other, "'\(address)' does not answer in HTTP")
        default:
            return TransportError(.other, "the request to '\(address)' failed: \(tidied(code))")
        }
    }

    private func connectError() -> TransportError {
        let number = Int32(easy.number(CURLINFO_OS_ERRNO))
        let kind: TransportError.Kind = number == ECONNREFUSED ? .refused : .unreachable
        let reason = number == 0 ? "no address answers" : systemMessage(number).lowercasedFirst
        return TransportError(kind, "cannot connect to '\(address)': \(reason)")
    }

    private func overdueMessage(_ time: Duration) -> String {
        let time = time.roundedText
        let hasAddress = easy.offset(CURLINFO_NAMELOOKUP_TIME_T) > 0
        let hasStarted = easy.offset(CURLINFO_PRETRANSFER_TIME_T) > 0
        if easy.offset(CURLINFO_STARTTRANSFER_TIME_T) > 0, easy.number(CURLINFO_RESPONSE_CODE) > 0 {
            return "the response of '\(address)' was not complete within \(time)"
        }
        if hasStarted { return "no response from '\(address)' within \(time)" }
        if peer.hasBegun { return "'\(address)' did not complete the TLS handshake within \(time)" }
        return "cannot connect to '\(address)': no \(hasAddress ? "answer" : "address or connection") within \(time)"
    }

    private func streamError() -> TransportError {
        let text = easy.errorText
        guard text.contains("not closed cleanly") else {
            return TransportError(.closed, "'\(address)' broke the HTTP/2 connection")
        }
        // libcurl writes: HTTP/2 stream 5 was not closed cleanly: INTERNAL_ERROR (err 2)
        let reason = text.split(separator: ":").last?.split(separator: " ").first
        return TransportError(.reset, "'\(address)' gave up the request: \(reason ?? "unknown reason")")
    }

    private func credentialsError(_ code: CURLcode) -> TransportError {
        let name =
            code == CURLE_SSL_CACERT_BADFILE
            ? request.credentials.authority?.name : request.credentials.certificate?.name
        let message = "\(name ?? "the client certificate") cannot be used: \(opensslReason ?? tidied(code))"
        return TransportError(.clientCertificate, message)
    }

    private func byteText(_ count: Int) -> String {
        count.isMultiple(of: 1 << 20) && count > 0 ? "\(count >> 20) MiB" : "\(count) bytes"
    }
}

// MARK: TLS

extension Transfer {
    /// Says what is wrong with the server's certificate.
    private func peerError() -> TransportError {
        let certificate = peer.leaf.flatMap { try? Certificate(der: $0) }
        guard let certificate else {
            let reason = tidied(CURLE_PEER_FAILED_VERIFICATION)
            return TransportError(.untrusted, "the certificate of '\(address)' is refused: \(reason)")
        }
        guard peer.code != 0 else {
            let name = request.serverName ?? request.url.host
            let names = certificate.names.isEmpty ? certificate.subject : certificate.names.joined(separator: ", ")
            let message = "the certificate of '\(address)' is not for '\(name)' but for '\(names)'"
            return TransportError(.hostName, message, peer: certificate)
        }
        let failing = peer.failing.flatMap { try? Certificate(der: $0) }
        let authorities = request.credentials.authority.flatMap { try? Certificate.read(pem: $0.bytes) } ?? []
        let reason = certificate.verificationError(code: peer.code, failing: failing, authorities: authorities)
        return TransportError(reason.kind.transportKind, "the certificate of '\(address)' \(reason)", peer: certificate)
    }

    /// Tells a refusal by the server's TLS from a connection that just ended.
    private func brokenConnectionError(_ code: CURLcode) -> TransportError {
        guard let reason = opensslReason else {
            let end = code == CURLE_SSL_CONNECT_ERROR ? "in the middle of the TLS handshake" : "without a response"
            return TransportError(.closed, "'\(address)' closed the connection \(end)")
        }
        guard let range = reason.firstRange(of: "alert ") else {
            let words = reason == "wrong version number" ? "it does not speak TLS" : reason
            return TransportError(.tls, "cannot speak TLS with '\(address)': \(words)")
        }
        let alert = String(reason[range.upperBound...])
        guard certificateAlerts.contains(alert) else {
            return TransportError(.tls, "'\(address)' refuses the TLS connection: \(alert)")
        }
        let certificate = request.credentials.certificate?.name
        let subject = certificate.map { "the \($0)" } ?? "a connection without client certificate"
        return TransportError(.clientCertificateRefused, "'\(address)' refuses \(subject): \(alert)")
    }

    /// The reason in OpenSSL's words, if it was OpenSSL that failed.
    ///
    /// libcurl writes: OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0
    private var opensslReason: String? {
        let text = easy.errorText
        guard let start = text.firstRange(of: "routines:") else { return nil }
        let reason = text[start.upperBound...].split(separator: ":", omittingEmptySubsequences: true).last
        return reason.map { String($0.prefix { $0 != "," }) }
    }

    /// libcurl's own words, as one of ours would begin.
    private func tidied(_ code: CURLcode) -> String {
        let text = easy.errorText
        return (text.isEmpty ? libcurlText(code) : text).lowercasedFirst
    }
}

/// What servers say when they do not like a client certificate.
private let certificateAlerts: Set = [
    "bad certificate", "unsupported certificate", "certificate revoked", "certificate expired", "certificate unknown",
    "unknown ca", "access denied", "certificate required",
]

extension PKIError.Kind {
    fileprivate var transportKind: TransportError.Kind {
        switch self {
        case .expired: .serverCertificateExpired
        case .notYetValid: .serverCertificateNotYetValid
        case .selfSigned: .selfSigned
        case .unknownIssuer, .wrongSignature: .untrusted
        default: .tls
        }
    }
}

extension PreparedRequest {
    /// The proxy without user name and password.
    fileprivate var proxyAddress: String? {
        guard let proxy else { return nil }
        let host = proxy.split(separator: "@").last ?? Substring(proxy)
        return String(host.split(separator: "/").last ?? host)
    }
}

extension String {
    fileprivate var lowercasedFirst: String {
        // `TLS`, `SSL` and the like stay as they are.
        guard let second = dropFirst().first, second.isLowercase else { return self }
        return prefix(1).lowercased() + dropFirst()
    }
}

/// Returns libcurl's general words for a code.
///
/// The corresponding C function is `curl_easy_strerror`.
func libcurlText(_ code: CURLcode) -> String {
    unsafe curl_easy_strerror(code).map { unsafe String(cString: $0) } ?? "error \(code.rawValue)"
}
