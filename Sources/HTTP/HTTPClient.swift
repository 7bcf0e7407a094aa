import Base
internal import CCurl
internal import TLS

/// An HTTP client that shares connections among its requests.
///
/// A single thread performs all transfers. Requests to one server with the same identity share one HTTP/2 connection.
public final class HTTPClient: Sendable {
    /// The settings of a client.
    public struct Settings: Sendable, Hashable {
        /// The maximum number of concurrent requests; further requests are queued.
        public var maximumRequestsInFlight = 64

        /// The maximum time to establish a connection, including name resolution and TLS.
        public var connectTimeout = Duration.seconds(10)

        /// The maximum number of bytes in a reply.
        public var replyLimit = SizeLimit.content

        /// The value of the header `User-Agent`.
        public var userAgent = "nest-bootstrap"

        /// Creates the default settings.
        public init() {}
    }

    private let settings: Settings
    private let queue = RequestQueue()
    private let validated = Locked<Set<LoadedPEM>>([])
    private let start = Locked(Start())

    private struct Start {
        /// Whether libcurl is loaded, and the thread of the transfers runs.
        var isDone = false
        /// Whether another thread was started for it.
        var isInBackground = false
    }

    /// Creates a client.
    ///
    /// - Parameters:
    ///   - settings: The settings.
    ///   - startsAtOnce: Whether libcurl is loaded and the thread of the transfers started now, not by the first request.
    /// - Throws: ``TransportError`` if no thread can be started.
    public init(_ settings: Settings = Settings(), startsAtOnce: Bool = true) throws(TransportError) {
        precondition(settings.maximumRequestsInFlight > 0, "a client sends at least one request at a time")
        self.settings = settings
        if startsAtOnce { try startTransfers() }
    }

    /// Loads libcurl and starts the transfers on another thread, while the program continues.
    ///
    /// The first request waits for it, and reports a failure. If the library is missing, the process ends with status 127.
    ///
    /// - Throws: ``TransportError`` if no thread can be started.
    public func startInBackground() throws(TransportError) {
        start.withLock { $0.isInBackground = true }
        do {
            try startThread { try? self.startTransfers() }
        } catch {
            throw TransportError(.other, "\(error)")
        }
    }

    /// Loads libcurl and starts the thread, unless it has been started.
    private func startTransfers() throws(TransportError) {
        try start.withLock { start throws(TransportError) in
            guard !start.isDone else { return }
            guard isCurlReady else { throw TransportError(.other, "cannot initialise libcurl") }
            try startTransferThread(queue: queue, inFlightLimit: settings.maximumRequestsInFlight)
            start.isDone = true
        }
    }

    deinit {
        queue.stop()
    }

    /// Sends a request and returns the response.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - identity: The trusted authorities and the credentials.
    ///   - deadline: The instant after which the attempt is given up.
    ///   - receiver: A function that receives the body of a response of status 200 or 206 in parts, which the response
    ///     then lacks; the request's limit of bytes does not apply to it.
    /// - Returns: The response; statuses such as 404 are normal results.
    /// - Throws: ``TransportError`` if there is no complete response; a cancelled task throws at once.
    public func send(
        _ request: HTTPRequest,
        as identity: ConnectionIdentity = ConnectionIdentity(),
        deadline: ContinuousClock.Instant,
        receiver: BodyReceiver? = nil,
    ) async throws(TransportError) -> HTTPResponse {
        try startTransfers()
        let hopLimit = 10
        let firstURL = request.url
        var (request, identity) = (request, identity)
        for hop in 0...hopLimit {
            var prepared = try prepare(request, identity, deadline)
            prepared.receiver = receiver
            var answer = try await queue.exchange(prepared).get()
            if hop > 0 { answer.response.redirectedURL = prepared.url.shownText }
            guard request.followsRedirects, ["GET", "HEAD"].contains(request.method),
                let target = answer.redirection
            else { return answer.response }
            try follow(target, from: prepared, &request, &identity)
        }
        let url = try RequestURL(firstURL)
        throw TransportError(.redirect, "'\(url.shownText)' is redirected more than \(hopLimit) times").located(at: url)
    }

    /// Connects to a TCP port and closes the connection.
    ///
    /// All addresses of the host are tried, without a proxy. Nothing is sent.
    ///
    /// - Parameters:
    ///   - host: A host name or an IP address, without brackets.
    ///   - port: The port.
    ///   - deadline: The instant after which the attempt is given up; ``Settings/connectTimeout`` may end it earlier.
    /// - Throws: ``TransportError`` if no connection was established; a cancelled task throws at once.
    public func checkConnection(
        host: String,
        port: UInt16,
        deadline: ContinuousClock.Instant,
    ) async throws(TransportError) {
        try startTransfers()
        let check = PreparedRequest(
            method: "GET",
            url: try RequestURL(checking: Endpoint(host: host, port: port)),
            pem: try LoadedPEM(reading: ConnectionIdentity()),
            replyLimit: 0,
            connectTimeout: settings.connectTimeout,
            deadline: deadline,
            isConnectionCheck: true,
        )
        _ = try await queue.exchange(check).get()
    }

    /// Ends all requests with an error of kind ``TransportError/Kind/cancelled``, and then the client's thread.
    ///
    /// Returns when the thread has answered all requests and stopped. May be called more than once.
    public func shutDown() async {
        // The process may exit after this call, which is not safe while another thread loads a library.
        if start.withLock({ $0.isInBackground }) { try? startTransfers() }
        queue.stop()
        // A thread that is started after this ends at once, and nobody waits for it.
        if start.withLock({ $0.isDone }) { await queue.waitForEnd() }
    }

    private func prepare(
        _ request: HTTPRequest,
        _ identity: ConnectionIdentity,
        _ deadline: ContinuousClock.Instant,
    ) throws(TransportError) -> PreparedRequest {
        let url = try RequestURL(request.url)
        do throws(TransportError) {
            let pem = try LoadedPEM(reading: identity)
            try validateOnce(pem)
            if let name = identity.serverName, url.text(withHost: name) == nil {
                throw TransportError(.invalidRequest, "'\(name)' is not a host name")
            }
            return PreparedRequest(
                method: try request.validMethod(),
                url: url,
                headerLines: try request.headerLines(url: url, identity: identity, userAgent: settings.userAgent),
                body: request.body,
                pem: pem,
                serverName: identity.serverName,
                proxy: identity.proxy,
                replyLimit: request.replyLimit ?? settings.replyLimit,
                connectTimeout: settings.connectTimeout,
                deadline: deadline,
            )
        } catch {
            throw error.located(at: url)
        }
    }

    /// Checks credentials once; files that have changed are checked again.
    private func validateOnce(_ pem: LoadedPEM) throws(TransportError) {
        guard !validated.withLock({ $0.contains(pem) }) else { return }
        try pem.validate()
        validated.withLock { known in
            // A run uses few credentials; the limit is for long-lived clients.
            if known.count >= 64 { known.removeAll() }
            known.insert(pem)
        }
    }

    private func follow(
        _ target: String,
        from previous: PreparedRequest,
        _ request: inout HTTPRequest,
        _ identity: inout ConnectionIdentity,
    ) throws(TransportError) {
        let url = try RequestURL(target)
        guard url.scheme == previous.url.scheme || url.scheme == "https" else {
            let what = "'\(previous.url.shownText)' is redirected to '\(url.shownText)'"
            throw TransportError(.redirect, "\(what), which is not encrypted; refused").located(at: previous.url)
        }
        request.url = target
        guard url.address != previous.url.address else { return }
        // Credentials are never forwarded to another server.
        identity = ConnectionIdentity(certificateAuthority: identity.certificateAuthority, proxy: identity.proxy)
        request.headers.removeAll { $0.isNamed("Authorization") || $0.isNamed("Cookie") }
    }
}

/// Whether libcurl could be initialised; the first access initialises it.
private let isCurlReady: Bool = {
    LibCrypto.prepare()
    return curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}()
