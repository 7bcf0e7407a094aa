internal import CCurl

/// One running request, used only on the transfer thread.
final class Transfer {
    let queued: RequestQueue.QueuedRequest
    let peer = PeerCapture()
    private(set) var easy = EasyHandle()
    private(set) var excess: Part?
    /// When a part of the response arrived last.
    private(set) var lastReceived: ContinuousClock.Instant?
    private var response = HTTPResponse(status: 0)
    private var headerByteCount = 0
    private var hasFirstLine = false

    /// The parts of a response.
    enum Part { case header, body }

    /// Prepares a transfer.
    ///
    /// - Parameters:
    ///   - queued: The request.
    ///   - maximumConnectionAge: How old a connection may be that it takes over from another, `nil` for any age.
    /// - Throws: ``TransportError`` if libcurl cannot do what the request needs.
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

    /// Returns the request's result when libcurl has ended the transfer.
    func reply(_ code: CURLcode) -> RequestQueue.Reply {
        // Refusing the rest of the body after its first line makes libcurl report an error.
        guard code == CURLE_OK || hasFirstLine else { return .failure(error(code)) }
        if queued.request.isConnectionCheck, isConnectedToItself {
            return .failure(TransportError(.refused, refusedMessage).located(at: queued.request.url))
        }
        response.status = easy.number(CURLINFO_RESPONSE_CODE)
        response.serverCertificate = peer.leaf
        response.isFromThisMachine = isConnectedToThisMachine
        return .success(Answer(response: response, redirection: easy.string(CURLINFO_REDIRECT_URL)))
    }

    /// Whether there is a connection and the request is on its way.
    var isSent: Bool { easy.offset(CURLINFO_PRETRANSFER_TIME_T) > 0 }

    /// Whether both ends of the connection are the same socket.
    ///
    /// Without a listener, the kernel may choose the port that is connected to as the port of our own end.
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
        try easy.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        // Both are always set, so that libcurl does not read the environment by itself.
        try easy.set(CURLOPT_PROXY, request.proxy ?? "")
        try easy.set(CURLOPT_NOPROXY, "")
        if request.isConnectionCheck {
            try easy.set(CURLOPT_CONNECT_ONLY, 1)
            // The connection of another request says nothing about the present.
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
        try easy.set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
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
            // Earlier headers were those of an interim response.
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
        guard response.body.count + bytes.count <= queued.request.replyLimit else { return refuse(.body) }
        guard queued.request.endsWithFirstLine, let end = unsafe bytes.firstIndex(of: UInt8(ascii: "\n")) else {
            unsafe response.body.append(contentsOf: bytes)
            return bytes.count
        }
        unsafe response.body.append(contentsOf: bytes[..<end])
        hasFirstLine = true
        return 0
    }

    /// Makes libcurl end the transfer, which it does if fewer bytes are accepted than offered.
    private func refuse(_ part: Part) -> Int {
        excess = part
        return 0
    }
}

private func trimmed(_ text: Substring) -> String {
    let start = text.drop(while: \.isWhitespace)
    return start.lastIndex { !$0.isWhitespace }.map { String(start[...$0]) } ?? ""
}
