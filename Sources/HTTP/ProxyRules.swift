internal import Glibc

/// Which requests go through a proxy, as the environment says and libcurl understands it.
struct ProxyRules: Sendable {
    private var proxies: [String: String]
    private var exceptions: [Substring]

    /// Reads the rules; the upper-case `HTTP_PROXY` does not count, because a web server may set it from a request.
    init(environment: (String) -> String?) {
        func first(_ names: String...) -> String? {
            names.compactMap { environment($0) }.first { !$0.isEmpty }
        }
        proxies = [:]
        proxies["http"] = first("http_proxy", "all_proxy", "ALL_PROXY")
        proxies["https"] = first("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
        exceptions = (first("no_proxy", "NO_PROXY") ?? "").split { $0 == "," || $0.isWhitespace }
    }

    /// Returns the proxy for a host, or `nil` if it is to be reached directly, as this machine itself always is.
    func proxy(scheme: String, host: String) -> String? {
        guard let proxy = proxies[scheme], exceptions != ["*"] else { return nil }
        let host = Host(host)
        let isExcepted = host.isLoopback || exceptions.contains(where: host.isCovered)
        return isExcepted ? nil : proxy
    }
}

/// A host as the rules see it.
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

    /// Tells whether an exception names the host: its name, a domain that it is in, its address or a network.
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

/// Reads an address of four or sixteen bytes.
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
