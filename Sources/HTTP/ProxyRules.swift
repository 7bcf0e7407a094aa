import Base

/// The proxy rules of the environment, as libcurl documents them.
///
/// `CURLOPT_NOPROXY` is not used: with this option, libcurl 7.88.1 of Debian 12 ignores IPv6 networks and networks with
/// a prefix length of 0. Error messages also name the proxy, but libcurl reports whether one was used only since 8.7.
struct ProxyRules: Sendable {
    private var proxies: [String: String]
    /// The names of the variables that the proxies are from, by scheme.
    private var names: [String: String]
    private var exceptions: [Substring]
    private var nameOfExceptions: String

    /// Reads the rules; the upper-case `HTTP_PROXY` is ignored because a web server may set it from a request.
    init(environment: (String) -> String?) {
        func first(_ names: String...) -> (name: String, value: String)? {
            for name in names {
                if let value = environment(name), !value.isEmpty { return (name, value) }
            }
            return nil
        }
        let settings = [
            "http": first("http_proxy", "all_proxy", "ALL_PROXY"),
            "https": first("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"),
        ].compactMapValues(\.self)
        (proxies, names) = (settings.mapValues(\.value), settings.mapValues(\.name))
        let exempt = first("no_proxy", "NO_PROXY")
        exceptions = (exempt?.value ?? "").split { $0 == "," || $0.isWhitespace }
        nameOfExceptions = exempt?.name ?? "NO_PROXY"
    }

    /// Returns the variables that set the proxy of a scheme and its exceptions, `nil` if there is no proxy.
    func variables(scheme: String) -> ProxyVariables? {
        names[scheme].map { ProxyVariables(proxy: $0, exceptions: nameOfExceptions) }
    }

    /// Returns the proxy for a host, or `nil` if the host is reached directly, as is every loopback host.
    func proxy(scheme: String, host: String) -> String? {
        guard let proxy = proxies[scheme], exceptions != ["*"] else { return nil }
        let host = Host(host)
        let isExcepted = host.isLoopback || exceptions.contains(where: host.isCovered)
        return isExcepted ? nil : proxy
    }
}

/// The names of the environment variables that set a proxy and its exceptions.
public struct ProxyVariables: Sendable, Hashable {
    public var proxy: String
    public var exceptions: String
}

/// A host name or an address, for comparison with the rules.
private struct Host {
    private let name: String
    private let address: IPAddress?

    init(_ text: String) {
        name = text.lowercased().filter { $0 != "[" && $0 != "]" }.trimmingSuffix(".")
        address = IPAddress(name)
    }

    var isLoopback: Bool {
        name == "localhost" || isCovered(by: "127.0.0.0/8") || isCovered(by: "::1")
    }

    /// Returns whether an exception matches the host by name, domain, address or network.
    func isCovered(by exception: Substring) -> Bool {
        guard let address else {
            let domain = String(exception.lowercased().drop { $0 == "." }).trimmingSuffix(".")
            return !domain.isEmpty && (name == domain || name.hasSuffix(".\(domain)"))
        }
        return AddressRange(exception.filter { $0 != "[" && $0 != "]" })?.contains(address) == true
    }
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) && self != suffix ? String(dropLast(suffix.count)) : self
    }
}
