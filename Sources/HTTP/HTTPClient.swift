import Base
internal import CCurl

/// An HTTP client that shares connections among its requests.
///
/// A single thread performs all transfers. Over HTTP/2, requests with the same server and identity share a connection.
public final class HTTPClient: Sendable {
    private let connectTimeout: Duration
    private let queue = RequestQueue()
    private let isStarted = Locked(false)

    /// Creates a client, which loads libcurl and starts its thread at the first request.
    ///
    /// If the library is missing, the process then ends with status 127.
    ///
    /// - Parameter connectTimeout: The maximum time to establish a connection, including name resolution and TLS.
    public init(connectTimeout: Duration = .seconds(10)) {
        self.connectTimeout = connectTimeout
    }

    private func startTransfers() throws(TransportError) {
        try isStarted.withLock { isStarted throws(TransportError) in
            guard !isStarted else { return }
            guard isCurlReady else { throw TransportError(.other, "cannot initialise libcurl") }
            try startTransferThread(queue: queue)
            isStarted = true
        }
    }

    deinit {
        queue.stop()
    }

    /// Sends a request and returns the response, whatever its status.
    ///
    /// If there is a receiver and the status is 200 or 206, the receiver gets the body in parts, without a size limit,
    /// and the response has no body.
    ///
    /// - Throws: ``TransportError`` if there is no complete response before the deadline, or the task is cancelled.
    public func send(
        _ request: HTTPRequest,
        as identity: ConnectionIdentity = ConnectionIdentity(),
        deadline: ContinuousClock.Instant,
        receiver: BodyReceiver? = nil,
    ) async throws(TransportError) -> HTTPResponse {
        try startTransfers()
        let url = try RequestURL(request.url)
        if let name = identity.serverName, url.text(withHost: name) == nil {
            throw TransportError(.invalidRequest, "'\(name)' is not a host name")
        }
        let prepared = PreparedRequest(
            method: request.method,
            url: url,
            headerLines: try request.headerLines(url: url, identity: identity),
            body: request.body,
            identity: identity,
            followsRedirects: request.followsRedirects,
            replyLimit: request.replyLimit,
            connectTimeout: connectTimeout,
            deadline: deadline,
            receiver: receiver,
        )
        return try await queue.exchange(prepared).get()
    }

    /// Connects to a TCP port and closes the connection.
    ///
    /// The host's addresses are tried until one accepts; no proxy is used. An IPv6 `host` has no brackets.
    ///
    /// - Throws: ``TransportError`` if no connection is established in time, or the task is cancelled.
    public func checkConnection(
        host: String,
        port: UInt16,
        deadline: ContinuousClock.Instant,
    ) async throws(TransportError) {
        try startTransfers()
        let check = PreparedRequest(
            method: "GET",
            url: try RequestURL(checking: Endpoint(host: host, port: port)),
            replyLimit: 0,
            connectTimeout: connectTimeout,
            deadline: deadline,
            isConnectionCheck: true,
        )
        _ = try await queue.exchange(check).get()
    }

    /// Cancels all requests, and waits until the client's thread no longer uses libcurl.
    ///
    /// May be called more than once.
    public func shutDown() async {
        queue.stop()
        // A thread that starts later ends at once, so waiting for it is unnecessary.
        if isStarted.withLock({ $0 }) { await queue.waitForEnd() }
    }
}

/// Whether libcurl could be initialised; the first access initialises it.
private let isCurlReady: Bool = {
    LibCrypto.prepare()
    return curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}()
