internal import Glibc

/// The rules of the environment for proxies, as libcurl documents them.
///
/// Not `CURLOPT_NOPROXY`: libcurl 7.88.1 of Debian 12 ignores IPv6 networks and networks of width 0 in it, and reports
/// only since version 8.7 whether a proxy was used, which error messages say.
struct ProxyRules: Sendable {
    private var proxies: [String: String]
    private var exceptions: [Substring]

    /// Reads the rules; the upper-case `HTTP_PROXY` is ignored because a web server may set it from a request.
    init(environment: (String) -> String?) {
        func first(_ names: String...) -> String? {
            names.compactMap { environment($0) }.first { !$0.isEmpty }
        }
        proxies = [:]
        proxies["http"] = first("http_proxy", "all_proxy", "ALL_PROXY")
        proxies["https"] = first("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
        exceptions = (first("no_proxy", "NO_PROXY") ?? "").split { $0 == "," || $0.isWhitespace }
    }

    /// Returns the proxy for a host, or `nil` if it is reached directly, as this machine always is.
    func proxy(scheme: String, host: String) -> String? {
        guard let proxy = proxies[scheme], exceptions != ["*"] else { return nil }
        let host = Host(host)
        let isExcepted = host.isLoopback || exceptions.contains(where: host.isCovered)
        return isExcepted ? nil : proxy
    }
}

/// A host name or an address, for comparison with the rules.
private struct Host {
    private let name: String
    private let address: [UInt8]?

    init(_ text: String) {
        name = text.lowercased().filter { $0 != "[" && $0 != "]" }.trimmingSuffix(".")
        address = addressBytes(name)
    }

    var isLoopback: Bool {
        name == "localhost" || isCovered(by: "127.0.0.0/8") || isCovered(by: "::1")
    }

    /// Returns whether an exception covers the host: its name, its domain, its address or its network.
    func isCovered(by exception: Substring) -> Bool {
        guard let address else {
            let domain = String(exception.lowercased().drop { $0 == "." }).trimmingSuffix(".")
            return !domain.isEmpty && (name == domain || name.hasSuffix(".\(domain)"))
        }
        let parts = exception.split(separator: "/", maxSplits: 1)
        guard let first = parts.first, let network = addressBytes(first.filter { $0 != "[" && $0 != "]" }) else {
            return false
        }
        let width = parts.count == 2 ? Int(parts[1]) : network.count * 8
        guard let width, network.count == address.count, (0...network.count * 8).contains(width) else { return false }
        return (0..<width).allSatisfy { bit in
            (address[bit / 8] ^ network[bit / 8]) & (0x80 >> UInt8(bit % 8)) == 0
        }
    }
}

/// Parses an IPv4 or IPv6 address.
private func addressBytes(_ text: String) -> [UInt8]? {
    for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
        var bytes: [UInt8] = Array(repeating: 0, count: count)
        if unsafe inet_pton(family, text, &bytes) == 1 { return bytes }
    }
    return nil
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) && self != suffix ? String(dropLast(suffix.count)) : self
    }
}
