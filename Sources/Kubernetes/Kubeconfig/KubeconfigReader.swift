import Base

/// A reader of the current context of a kubeconfig, with its cluster and user; it collects all problems.
///
/// Unknown keys are ignored, as in client-go.
struct KubeconfigReader {
    let root: Node
    let path: String
    var problems: [Problem] = []

    mutating func read() throws(Problems) -> Kubeconfig {
        let current = root["current-context"]
        guard let name = text("current-context", in: root) else {
            let hint = "write 'current-context: \(names(in: "contexts").first ?? "default")'"
            if problems.isEmpty { add("no current context is set", at: current ?? root, hint: hint) }
            throw Problems(problems)
        }
        let context = entry(name, in: "contexts", holding: "context", referredFrom: current)
        let (clusterName, userName) = (context?["cluster"], context?["user"])
        let cluster = clusterName?.string.flatMap {
            entry($0, in: "clusters", holding: "cluster", referredFrom: clusterName)
        }
        let user = userName?.string.flatMap { entry($0, in: "users", holding: "user", referredFrom: userName) }
        for field in ["cluster", "user"] where context != nil && context?[field]?.string == nil {
            add("context '\(name)' has no \(field)", at: context, hint: "write '\(field): NAME'")
        }
        var result = Kubeconfig(
            path: path,
            server: server(of: cluster),
            user: userName?.string ?? "",
            namespace: text("namespace", in: context) ?? "default",
        )
        for entry in [cluster, user].compactMap({ $0?.mapping?.entries }).joined() {
            result.locations[entry.key] = entry.value.location
        }
        result.certificateAuthority = material("certificate-authority", in: cluster)
        result.serverName = text("tls-server-name", in: cluster)
        result.clientCertificate = material("client-certificate", in: user)
        result.clientKey = material("client-key", in: user)
        // A file takes precedence over a value, as in client-go.
        let token = text("token", in: user).map { Kubeconfig.Material.data(Array($0.utf8)) }
        result.token = text("tokenFile", in: user).map { .file(absolute($0)) } ?? token
        result.proxy = proxy(of: cluster)
        refuseUnsupported(cluster, user)
        guard problems.isEmpty else { throw Problems(problems) }
        return result
    }

    private mutating func add(_ message: String, at node: Node?, hint: String? = nil) {
        problems.append(Problem(message, at: (node ?? root).location, hint: hint))
    }

    private func names(in list: String) -> [String] {
        (root[list]?.sequence ?? []).compactMap { $0["name"]?.string }
    }

    private mutating func entry(
        _ name: String,
        in list: String,
        holding field: String,
        referredFrom reference: Node?,
    ) -> Node? {
        let found = (root[list]?.sequence ?? []).first { $0["name"]?.string == name }
        guard let found else {
            let known = names(in: list)
            let near = nearestName(to: name, in: known).map { "did you mean '\($0)'?" }
            let hint = near ?? (known.isEmpty ? "add one" : "there is '\(known.joined(separator: "', '"))'")
            add("'\(list)' has no entry '\(name)'", at: reference, hint: hint)
            return nil
        }
        return found[field] ?? Node(.mapping(Mapping()), location: found.location)
    }

    private mutating func server(of cluster: Node?) -> String {
        guard let cluster else { return "" }
        let written = cluster["server"]
        guard let server = written?.string, server.hasPrefix("https://") || server.hasPrefix("http://") else {
            let text = written?.string.flatMap { $0.isEmpty ? nil : $0 }
            let message =
                text.map { "server '\($0)' does not begin with 'https://'" } ?? "the cluster has no server URL"
            add(message, at: written ?? cluster, hint: "write 'server: https://HOST:6443'")
            return ""
        }
        do {
            let address = try WebAddress(server)
            let isProxied = cluster["proxy-url"]?.string.map { Self.proxyEndpoint($0)?.isLoopback == false } ?? false
            if !address.isSecure, !address.isLoopback || isProxied {
                let message = "the server's URL is not encrypted: credentials would cross the network in the clear"
                let hint = "write 'server: https\(server.dropFirst(4))'; http:// is for loopback addresses only"
                add(message, at: written, hint: hint)
            }
        } catch {
            add("the server's URL \(error.message)", at: written)
        }
        return server.hasSuffix("/") ? String(server.dropLast()) : server
    }

    /// Reads a setting that is a path, or base64 in a field `…-data`, which takes precedence, as in client-go.
    private mutating func material(_ field: String, in node: Node?) -> Kubeconfig.Material? {
        guard let encoded = text("\(field)-data", in: node) else {
            return text(field, in: node).map { .file(absolute($0)) }
        }
        do throws(Base64Error) {
            return .data(try Base64.decode(encoded))
        } catch {
            add("'\(field)-data' \(error)", at: node?["\(field)-data"], hint: "encode it with 'base64 -w0'")
            return nil
        }
    }

    /// Reads a setting that is a string; an empty string counts as missing, as in client-go.
    private mutating func text(_ field: String, in node: Node?) -> String? {
        guard let value = node?[field], !value.isNull else { return nil }
        guard let string = value.string else {
            // The value is not shown: it may be a token.
            add("'\(field)' is \(value.kindName), not a string", at: value, hint: "write it in quotes")
            return nil
        }
        return string.isEmpty ? nil : string
    }

    private func absolute(_ other: String) -> String {
        guard !other.hasPrefix("/"), let slash = path.lastIndex(of: "/") else { return other }
        return path[...slash] + other
    }

    private mutating func refuseUnsupported(_ cluster: Node?, _ user: Node?) {
        if let insecure = cluster?["insecure-skip-tls-verify"], insecure.boolean != false, !insecure.isNull {
            let hint = "name the CA in 'certificate-authority' and remove 'insecure-skip-tls-verify'"
            add("the server's certificate would not be verified", at: insecure, hint: hint)
        }
        for field in ["exec", "auth-provider", "username", "password", "as", "as-uid", "as-groups", "as-user-extra"] {
            guard let setting = user?[field], !setting.isNull else { continue }
            let message = "'\(field)' is not supported: a node's agent authenticates with a certificate or a token"
            add(message, at: setting, hint: "write 'client-certificate' and 'client-key', or 'tokenFile'")
        }
    }

    /// Reads `proxy-url`; problems do not show the value, because it may contain a password.
    private mutating func proxy(of cluster: Node?) -> String? {
        guard let proxy = text("proxy-url", in: cluster) else { return nil }
        guard Self.proxyEndpoint(proxy) != nil else {
            let hint = "write 'proxy-url: http://HOST:PORT'"
            add("'proxy-url' is not the URL of a proxy", at: cluster?["proxy-url"], hint: hint)
            return nil
        }
        return proxy
    }

    /// Returns the host and port in a proxy's URL, or `nil` for other texts.
    private static func proxyEndpoint(_ proxy: String) -> Endpoint? {
        guard let scheme = ["http://", "https://", "socks5://"].first(where: { proxy.hasPrefix($0) }),
            proxy.utf8.allSatisfy({ $0 > 32 && $0 < 127 })
        else { return nil }
        let authority = proxy.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
        let endpoint = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        return try? Endpoint(String(endpoint), defaultPort: 80)
    }
}
