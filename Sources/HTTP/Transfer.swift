internal import CCurl

/// One request on its way, confined to the thread that owns all transfers.
final class Transfer {
    let order: Mailbox.Order
    let peer = PeerCapture()
    private(set) var easy = EasyHandle()
    private(set) var excess: Part?
    private var response = HTTPResponse(status: 0)
    private var headerByteCount = 0

    /// The parts of a response.
    enum Part { case header, body }

    init(_ order: Mailbox.Order) throws(TransportError) {
        self.order = order
        do throws(CurlError) {
            try configure(order.request)
            try installCallbacks()
        } catch {
            throw error.code == CURLE_OUT_OF_MEMORY
                ? TransportError(.other, "out of memory")
                : TransportError(.other, "libcurl lacks a needed feature: \(libcurlText(error.code))")
        }
    }

    /// The request's outcome, once libcurl says that the transfer has ended.
    func reply(_ code: CURLcode) -> Mailbox.Reply {
        guard code == CURLE_OK else { return .failure(error(code)) }
        response.status = easy.number(CURLINFO_RESPONSE_CODE)
        return .success(Answer(response: response, redirection: easy.string(CURLINFO_REDIRECT_URL)))
    }

    private func configure(_ request: PreparedRequest) throws(CurlError) {
        try easy.set(CURLOPT_URL, request.serverName.flatMap(request.url.text(withHost:)) ?? request.url.text)
        if request.serverName != nil { try easy.set(connectingTo: request.url.address) }
        try easy.set(CURLOPT_PROTOCOLS_STR, "http,https")
        try easy.set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS)
        // Wait for the connection of another request rather than open a second one.
        try easy.set(CURLOPT_PIPEWAIT, 1)
        try easy.set(CURLOPT_NOSIGNAL, 1)
        // Removing a transfer must not wait for a resolver that does not answer.
        try easy.set(CURLOPT_QUICK_EXIT, 1)
        try easy.set(CURLOPT_CONNECTTIMEOUT_MS, request.connectTimeoutMilliseconds)
        try easy.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        // Both are always set, so that libcurl does not look into the environment by itself.
        try easy.set(CURLOPT_PROXY, request.proxy ?? "")
        try easy.set(CURLOPT_NOPROXY, "")
        try easy.set(headers: request.headerLines)
        try configureMethod(request)
        try configureTLS(request.credentials)
    }

    private func configureMethod(_ request: PreparedRequest) throws(CurlError) {
        if let body = request.body { try easy.set(body: body) }
        if request.method == "HEAD" { try easy.set(CURLOPT_NOBODY, 1) }
        try easy.set(CURLOPT_CUSTOMREQUEST, request.method)
    }

    private func configureTLS(_ credentials: Credentials) throws(CurlError) {
        try easy.set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        try easy.set(CURLOPT_SSL_VERIFYPEER, 1)
        try easy.set(CURLOPT_SSL_VERIFYHOST, 2)
        if let authority = credentials.authority {
            // Debian's libcurl has both set to the system's store, which must not be trusted besides.
            try easy.set(CURLOPT_CAINFO, nil)
            try easy.set(CURLOPT_CAPATH, nil)
            try easy.set(CURLOPT_CAINFO_BLOB, blob: authority.bytes)
        }
        if let certificate = credentials.certificate, let key = credentials.key {
            try easy.set(CURLOPT_SSLCERTTYPE, "PEM")
            try easy.set(CURLOPT_SSLCERT_BLOB, blob: certificate.bytes)
            try easy.set(CURLOPT_SSLKEYTYPE, "PEM")
            try easy.set(CURLOPT_SSLKEY_BLOB, blob: key.bytes)
        }
    }

    private func installCallbacks() throws(CurlError) {
        // The handle never outlives the object, and never calls but in `perform` of the thread that owns both.
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
        guard headerByteCount <= 256 << 10 else { return refuse(.header) }
        let line = unsafe String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            // The headers before were those of an interim response.
            response.headers = []
            response.httpVersion = String(line.dropFirst(5).prefix { $0 != " " })
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...]
            response.headers.append(HTTPHeader(trimmed(line[..<colon]), trimmed(value)))
        }
        return bytes.count
    }

    private func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard response.body.count + bytes.count <= order.request.replyLimit else { return refuse(.body) }
        unsafe response.body.append(contentsOf: bytes)
        return bytes.count
    }

    /// Makes libcurl end the transfer, which it does whenever less is taken than it has.
    private func refuse(_ part: Part) -> Int {
        excess = part
        return 0
    }
}

private func trimmed(_ text: Substring) -> String {
    let start = text.drop(while: \.isWhitespace)
    return start.lastIndex { !$0.isWhitespace }.map { String(start[...$0]) } ?? ""
}
