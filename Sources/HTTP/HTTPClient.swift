import Locking
internal import CCurl
internal import Glibc
internal import PKI

/// A client of HTTP servers that shares connections among all its requests.
///
/// One thread does the work for as long as the client lives. Requests to one server, made with the same access, share
/// one connection if it speaks HTTP/2.
public final class HTTPClient: Sendable {
    /// What is the same for all requests of a client.
    public struct Settings: Sendable, Hashable {
        /// How many requests are under way at most; more wait in the order in which they came.
        public var maximumRequestsInFlight = 64

        /// How long a connection may take to be made, name look-up and TLS included.
        public var connectTimeout = Duration.seconds(10)

        /// How many bytes a reply may have.
        public var replyLimit = 64 << 20

        /// What the client calls itself.
        public var userAgent = "nest-bootstrap"

        /// Creates the usual settings.
        public init() {}
    }

    private let settings: Settings
    private let proxyRules: ProxyRules
    private let mailbox = Mailbox()
    private let validated = Locked<Set<Credentials>>([])

    /// Starts the client and its thread.
    ///
    /// - Throws: ``TransportError`` if the system gives no thread.
    public init(_ settings: Settings = Settings()) throws(TransportError) {
        precondition(settings.maximumRequestsInFlight > 0, "a client makes at least one request at a time")
        guard isCurlReady else { throw TransportError(.other, "cannot initialise libcurl") }
        self.settings = settings
        proxyRules = ProxyRules { name in unsafe getenv(name).map { unsafe String(cString: $0) } }
        try startTransferThread(mailbox: mailbox, inFlightLimit: settings.maximumRequestsInFlight)
    }

    deinit {
        mailbox.stop()
    }

    /// Sends a request and returns the response, whatever its status.
    ///
    /// - Parameters:
    ///   - request: What to send.
    ///   - access: Whom to trust, and as whom to send it.
    ///   - deadline: The instant after which the attempt is given up.
    /// - Returns: The response; statuses such as 404 are normal results.
    /// - Throws: ``TransportError`` if there is no complete response, at once if the task is cancelled.
    public func send(
        _ request: HTTPRequest,
        as access: Access = Access(),
        deadline: ContinuousClock.Instant,
    ) async throws(TransportError) -> HTTPResponse {
        let hopLimit = 10
        let firstURL = request.url
        var (request, access) = (request, access)
        for _ in 0...hopLimit {
            let prepared = try prepare(request, access, deadline)
            let answer = try await mailbox.exchange(prepared).get()
            guard request.followsRedirects, ["GET", "HEAD"].contains(request.method),
                let target = answer.redirection
            else { return answer.response }
            try follow(target, from: prepared, &request, &access)
        }
        let url = try RequestURL(firstURL)
        throw TransportError(.redirect, "'\(url.shownText)' is redirected more than \(hopLimit) times").located(at: url)
    }

    /// Ends the client's thread; requests that are under way end with ``TransportError/Kind/cancelled``.
    ///
    /// Returns when nothing of the client runs any more. May be called twice.
    public func shutDown() async {
        mailbox.stop()
        await mailbox.waitForEnd()
    }

    private func prepare(
        _ request: HTTPRequest,
        _ access: Access,
        _ deadline: ContinuousClock.Instant,
    ) throws(TransportError) -> PreparedRequest {
        let url = try RequestURL(request.url)
        do throws(TransportError) {
            let credentials = try Credentials(reading: access)
            try validateOnce(credentials)
            if let name = access.serverName, url.text(withHost: name) == nil {
                throw TransportError(.invalidURL, "'\(name)' is not the name of a server")
            }
            return PreparedRequest(
                method: try request.validMethod(),
                url: url,
                headerLines: try request.headerLines(url: url, access: access, userAgent: settings.userAgent),
                body: request.body,
                credentials: credentials,
                serverName: access.serverName,
                proxy: proxyRules.proxy(scheme: url.scheme, host: url.host),
                replyLimit: request.replyLimit ?? settings.replyLimit,
                connectTimeout: settings.connectTimeout,
                deadline: deadline,
            )
        } catch {
            throw error.located(at: url)
        }
    }

    /// Checks credentials that have not been checked before; files that change are checked again.
    private func validateOnce(_ credentials: Credentials) throws(TransportError) {
        guard !validated.withLock({ $0.contains(credentials) }) else { return }
        try credentials.validate()
        validated.withLock { known in
            // A run knows a handful; the limit is for a client that lives for years.
            if known.count >= 64 { known.removeAll() }
            known.insert(credentials)
        }
    }

    private func follow(
        _ target: String,
        from previous: PreparedRequest,
        _ request: inout HTTPRequest,
        _ access: inout Access,
    ) throws(TransportError) {
        let url = try RequestURL(target)
        guard url.scheme == previous.url.scheme || url.scheme == "https" else {
            let what = "'\(previous.url.shownText)' is redirected to '\(url.shownText)'"
            throw TransportError(.redirect, "\(what), which is not encrypted; refused").located(at: previous.url)
        }
        request.url = target
        guard url.address != previous.url.address else { return }
        // Who we are is for the server that was asked, not for the one that it names.
        access = Access(certificateAuthority: access.certificateAuthority)
        request.headers.removeAll { $0.isNamed("Authorization") || $0.isNamed("Cookie") }
    }
}

/// Whether libcurl is ready, which it is made the first time that somebody asks.
private let isCurlReady: Bool = {
    LibCrypto.prepare()
    return curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}()
