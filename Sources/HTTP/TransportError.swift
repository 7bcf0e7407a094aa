import Base
public import TLS

/// The certificate that a server presented.
public typealias PeerCertificate = Certificate

/// The reason why a request has no response.
public struct TransportError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of an error, for callers that decide about retries.
    public enum Kind: String, Sendable, Hashable {
        /// The name of the host or the proxy has no address.
        case resolve
        /// The proxy refused to connect to the server.
        case refusedByProxy
        /// The proxy does not speak the protocol of its URL, or TLS with it failed.
        case proxyProtocol
        /// The port has no listener.
        case refused
        /// The address cannot be reached.
        case unreachable
        /// The deadline passed.
        case timedOut
        /// The connection was closed before the response was complete.
        case closed
        /// The server reset the HTTP/2 stream of this request.
        case reset
        /// The server's certificate was issued by an authority that is not trusted.
        case untrusted
        /// The server's certificate is self-signed and not trusted.
        case selfSigned
        /// The server's certificate is not valid for the host.
        case hostName
        /// The server's certificate has no subject alternative name.
        case noNames
        /// The server's certificate, or another in its chain, has expired.
        case serverCertificateExpired
        /// The server's certificate, or another in its chain, is not valid yet.
        case serverCertificateNotYetValid
        /// The server's certificate is refused for another reason, such as a key that is too small.
        case unusableCertificate
        /// The TLS handshake failed.
        case tls
        /// The server answers a TLS handshake with something else.
        case notTLS
        /// The server has only versions of TLS that are not allowed.
        case tlsVersion
        /// The server's response is not HTTP.
        case notHTTP
        /// The client certificate, key or authority cannot be used; nothing was sent.
        case clientCertificate
        /// The server refused the client certificate.
        case clientCertificateRefused
        /// A file of the identity cannot be read; nothing was sent.
        case unreadableFile
        /// The response is larger than allowed.
        case replyTooLarge
        /// There were too many redirections, or a redirection from https to http.
        case redirect
        /// The task was cancelled or the client shut down.
        case cancelled
        /// The URL or another part of the request is invalid; nothing was sent.
        case invalidURL
        /// Another error of libcurl.
        case other
    }

    public var kind: Kind

    /// The URL, without user name and password.
    public var url: String

    /// The server as `host:port`, or an empty string.
    public var address: String

    /// The message, which names the server, the proxy or the file.
    public var message: String

    /// The server's certificate, if it was refused.
    public var peer: PeerCertificate?

    /// The proxy of the request without user name and password, `nil` if there was none.
    public var proxy: String?

    /// The environment variables that set the proxy, `nil` if the connection's settings do.
    public var proxyVariables: ProxyVariables?

    /// Whether the connection to the proxy uses TLS.
    public var isProxySecure = false

    /// The status with which the proxy refused to connect.
    public var proxyStatus: Int?

    /// The programs that sent the refusal of the proxy, from its headers `Server` and `Via`.
    public var proxyPrograms: [String] = []

    /// The names for which the CA of the server's certificate may not issue, if that is the reason.
    public var nameViolation: NameViolation?

    public init(_ kind: Kind, _ message: String, url: String = "", address: String = "", peer: PeerCertificate? = nil) {
        self.kind = kind
        self.message = message
        self.url = url
        self.address = address
        self.peer = peer
    }

    public var description: String { message }

    /// Advice if a proxy or the name of the host may be the cause, otherwise `nil`.
    public var advice: String? { advice(proxySetting: "'proxy-url'") }

    /// Returns advice if a proxy or the name of the host may be the cause, otherwise `nil`.
    ///
    /// - Parameter key: The setting of the connection that names the proxy, if no variable does.
    /// - Returns: The advice.
    public func advice(proxySetting key: String) -> String? {
        let host = address.hasSuffix("]") ? address : String(address.prefix { $0 != ":" })
        let exempt = proxyVariables.map { "add '\(host)' to \($0.exceptions)" } ?? "remove \(key)"
        let setting = proxyVariables?.proxy ?? key
        switch kind {
        case .resolve where proxy != nil: return "correct \(setting), or \(exempt)"
        case .resolve: return "correct the name, or check that DNS or /etc/hosts resolves it"
        case .refusedByProxy: return adviceAboutRefusal(of: setting, exempt)
        case .proxyProtocol: return adviceAboutProtocol(of: setting, exempt)
        case .timedOut where isProxySecure && message.hasPrefix("proxy '"):
            return proxy.map {
                "check that proxy '\($0)' of \(setting) is running, write http://\($0) if it does not speak TLS, or \(exempt)"
            }
        case .closed where proxy?.contains("socks") == false && message.contains("without a response"):
            return proxy.map {
                "'\($0)' of \(setting) may not be an HTTP proxy: \(otherSchemes($0)), see its log, or \(exempt)"
            }
        case .refused, .unreachable, .closed, .timedOut:
            return proxy.map { "check that proxy '\($0)' of \(setting) is running and connects to it, or \(exempt)" }
        default: return nil
        }
    }

    /// Returns the schemes with which an address may be the one of a proxy after all.
    private func otherSchemes(_ proxy: String) -> String {
        let socks = "socks5://\(proxy) if it is one of SOCKS"
        return "write \(isProxySecure ? "" : "https://\(proxy) if it speaks TLS, or ")\(socks)"
    }

    /// Returns what to do about a proxy that does not speak the protocol of its URL.
    private func adviceAboutProtocol(of setting: String, _ exempt: String) -> String {
        let proxy = proxy ?? ""
        if !isProxySecure { return "correct \(setting): \(otherSchemes(proxy)), or \(exempt)" }
        return message.hasSuffix("does not speak TLS")
            ? "write http://\(proxy) in \(setting)"
            : "correct \(setting), or its certificate, which a CA of the system must have issued, or \(exempt)"
    }

    /// Returns what to do about a proxy that refuses to connect, by its status and by the program that it is.
    private func adviceAboutRefusal(of setting: String, _ exempt: String) -> String {
        let port = address.split(separator: ":").last.map(String.init) ?? ""
        let isSquid = proxyPrograms.contains { $0.lowercased().contains("squid") }
        switch proxyStatus {
        case 407:
            let address = proxy.map { $0.hasSlash ? $0 : "http://\($0)" } ?? ""
            let place = "\(address.prefix { $0 != "/" })//USER:PASSWORD@\(address.split(separator: "/").last ?? "")"
            return "write a user and a password in \(setting): \(place)"
        case 403 where port != "443" && (isSquid || proxyPrograms.isEmpty), 405 where port != "443":
            let who = isSquid ? "Squid connects" : "many proxies, such as Squid, connect"
            return "\(who) to port 443 only unless the configuration names others: let the proxy of \(setting) connect "
                + "to port \(port) (in squid.conf: acl SSL_ports port \(port)), or \(exempt)"
        case 400 where !isProxySecure:
            return
                "write https://\(proxy ?? "") in \(setting) if the proxy speaks TLS, let it connect to the server, or \(exempt)"
        case .some(500...):
            return "the proxy of \(setting) cannot connect to it: see the proxy's log, or \(exempt)"
        default: return "let the proxy of \(setting) connect to it, or \(exempt)"
        }
    }
}

extension TransportError {
    /// Returns the error with the URL and the address of the request.
    func located(at url: RequestURL) -> TransportError {
        var located = self
        (located.url, located.address) = (url.shownText, url.address)
        return located
    }

    /// Creates the error of a request whose task was cancelled.
    static func cancelled(_ request: PreparedRequest) -> TransportError {
        TransportError(.cancelled, "the request to '\(request.url.address)' was cancelled").located(at: request.url)
    }

    /// Creates the error of a request whose client was shut down.
    static func shutDown(_ request: PreparedRequest) -> TransportError {
        let message = "the request to '\(request.url.address)' was cancelled: the client is shut down"
        return TransportError(.cancelled, message).located(at: request.url)
    }

    /// Creates the error of a request whose deadline passed while it was queued.
    static func timedOutInQueue(_ request: PreparedRequest) -> TransportError {
        let address = request.url.address
        let message =
            request.allowance > .zero
            ? "the request to '\(address)' was queued behind others for \(request.allowance.humanReadable)"
            : "no time was left for a request to '\(address)'"
        return TransportError(.timedOut, message).located(at: request.url)
    }
}
