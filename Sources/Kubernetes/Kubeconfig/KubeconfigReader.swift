import Base
import YAML

/// Reads the current context of a kubeconfig and the entries that the context refers to, and collects all problems.
struct KubeconfigReader {
    let root: Node
    let path: String
    var problems: [Problem] = []

    init(root: Node, path: String) {
        self.root = root
        self.path = path
    }

    /// Reads the current context.
    mutating func read() throws(Problems) -> Kubeconfig {
        // client-go refuses repeated names too, even of entries that the current context does not use.
        for list in ["clusters", "contexts", "users"] {
            var names: Set<String> = []
            for item in root[list]?.sequence ?? [] {
                guard let name = item["name"]?.string, !names.insert(name).inserted else { continue }
                problems.append(
                    Problem("field '\(list)' has more than one item '\(name)'", at: item.location)
                )
            }
        }
        let current = root["current-context"]
        guard let name = text("current-context", in: root) else {
            let hint = "write 'current-context: \(names(in: "contexts").first ?? "default")'"
            let problem = Problem(
                "no current context is set",
                at: current?.location ?? root.location,
                hint: hint
            )
            throw Problems(problems.isEmpty ? [problem] : problems)
        }
        let context = entry(name, in: "contexts", holding: "context", referredFrom: current)
        let clusterName = context?["cluster"]
        let userName = context?["user"]
        let cluster = clusterName?.string.flatMap {
            entry($0, in: "clusters", holding: "cluster", referredFrom: clusterName)
        }
        let user = userName?.string.flatMap { entry($0, in: "users", holding: "user", referredFrom: userName) }
        if let namespace = text("namespace", in: context), !Self.isName(namespace) {
            let message = "namespace '\(namespace)' is no name of a namespace"
            let hint = "write lower case letters, digits and '-', at most 63"
            problems.append(Problem(message, at: context?["namespace"]?.location, hint: hint))
        }
        if let context {
            if clusterName?.string == nil { missing("cluster", in: context, of: "context '\(name)'") }
            if userName?.string == nil { missing("user", in: context, of: "context '\(name)'") }
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
        result.token = token(of: user)
        result.proxy = proxy(of: cluster)
        refuseUnsupported(cluster, user)
        refuseUnknown(context, ["cluster", "user", "namespace"])
        refuseUnknown(cluster, Self.clusterKeys)
        refuseUnknown(user, Self.userKeys)
        guard problems.isEmpty else { throw Problems(problems) }
        return result
    }

    /// Returns whether a text is an RFC 1123 label, as namespace names must be.
    private static func isName(_ text: String) -> Bool {
        text.utf8.count <= 63 && text.wholeMatch(of: /[a-z0-9]([-a-z0-9]*[a-z0-9])?/) != nil
    }

    private func names(in list: String) -> [String] {
        (root[list]?.sequence ?? []).compactMap { $0["name"]?.string }
    }

    private mutating func missing(_ field: String, in node: Node, of subject: String) {
        problems.append(
            Problem("\(subject) has no \(field)", at: node.location, hint: "write '\(field): NAME'")
        )
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
            let message = "'\(list)' has no entry '\(name)'"
            problems.append(Problem(message, at: reference?.location ?? root.location, hint: hint))
            return nil
        }
        return found[field] ?? Node(.mapping(Mapping()), location: found.location)
    }

    private mutating func server(of cluster: Node?) -> String {
        guard let cluster else { return "" }
        guard let server = cluster["server"]?.string, server.hasPrefix("https://") || server.hasPrefix("http://") else {
            let written = cluster["server"]?.string.flatMap { $0.isEmpty ? nil : $0 }
            problems.append(
                Problem(
                    written.map { "server '\($0)' does not begin with 'https://'" } ?? "the cluster has no server URL",
                    at: cluster["server"]?.location ?? cluster.location,
                    hint: "write 'server: https://HOST:6443'"
                )
            )
            return ""
        }
        do {
            let address = try WebAddress(server)
            if !address.isSecure, !address.isLoopback {
                problems.append(
                    Problem(
                        "the server's URL is not encrypted: credentials would cross the network in the clear",
                        at: cluster["server"]?.location,
                        hint: "write 'server: https\(server.dropFirst(4))'; http:// is for loopback addresses only"
                    )
                )
            }
            if !address.isSecure, let proxy = cluster["proxy-url"],
                Self.proxyEndpoint(proxy.string ?? "")?.isLoopback == false
            {
                problems.append(
                    Problem(
                        "the server's URL is not encrypted, and 'proxy-url' would get credentials in the clear",
                        at: proxy.location,
                        hint: "remove 'proxy-url', or write 'server: https\(server.dropFirst(4))'"
                    )
                )
            }
            if address.rest.contains(where: { "?#".contains($0) }) {
                problems.append(
                    Problem(
                        "the server's URL has a query or fragment",
                        at: cluster["server"]?.location
                    )
                )
            }
        } catch {
            problems.append(
                Problem("the server's URL \(error.message)", at: cluster["server"]?.location)
            )
        }
        return server.hasSuffix("/") ? String(server.dropLast()) : server
    }

    /// Reads a setting that has a path in one field and base64 in another; the latter wins, as in client-go.
    private mutating func material(_ field: String, in node: Node?) -> Kubeconfig.Material? {
        if let encoded = text("\(field)-data", in: node) {
            do throws(Base64Error) {
                return .data(try Base64.decode(encoded))
            } catch {
                let location = node?["\(field)-data"]?.location ?? root.location
                problems.append(
                    Problem(
                        "'\(field)-data' \(error)",
                        at: location,
                        hint: "encode it with 'base64 -w0'"
                    )
                )
                return nil
            }
        }
        return text(field, in: node).map { .file(absolute($0)) }
    }

    /// Reads the token; a file wins over a value, as in client-go.
    private mutating func token(of user: Node?) -> Kubeconfig.Material? {
        if let file = text("tokenFile", in: user) { return .file(absolute(file)) }
        return text("token", in: user).map { .data(Array($0.utf8)) }
    }

    /// Reads a setting that is a string; an empty string counts as missing, as in client-go.
    mutating func text(_ field: String, in node: Node?) -> String? {
        guard let value = node?[field], !value.isNull else { return nil }
        guard let string = value.string else {
            // The value is not shown: it may be a token.
            let message = "'\(field)' is \(value.kindName), not a string"
            problems.append(Problem(message, at: value.location, hint: "write it in quotes"))
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
            problems.append(
                Problem(
                    "the server's certificate would not be verified",
                    at: insecure.location,
                    hint: "name the CA in 'certificate-authority' and remove 'insecure-skip-tls-verify'"
                )
            )
        }
        for field in ["exec", "auth-provider", "username", "password", "as", "as-uid", "as-groups", "as-user-extra"] {
            guard let setting = user?[field], !setting.isNull else { continue }
            problems.append(
                Problem(
                    "'\(field)' is not supported: a node's agent authenticates with a certificate or a token",
                    at: setting.location,
                    hint: "write 'client-certificate' and 'client-key', or 'tokenFile'"
                )
            )
        }
    }
}

/// The keys that a kubeconfig may have, and the setting of the proxy.
extension KubeconfigReader {
    /// The keys of a cluster that are supported, or refused by name.
    ///
    /// Replies are never compressed, so any value of `disable-compression` is accepted.
    static let clusterKeys: Set<String> = [
        "server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority",
        "certificate-authority-data", "proxy-url", "disable-compression",
    ]

    /// The keys of a user that are supported, or refused by name.
    static let userKeys: Set<String> = [
        "client-certificate", "client-certificate-data", "client-key", "client-key-data", "token", "tokenFile", "as",
        "as-uid", "as-groups", "as-user-extra", "username", "password", "auth-provider", "exec",
    ]

    /// Keys that other programs write and that do not affect the connection.
    private static let foreignKeys: Set<String> = ["extensions", "LocationOfOrigin"]

    /// Refuses the keys of an entry that would have no effect.
    mutating func refuseUnknown(_ entry: Node?, _ known: Set<String>) {
        for pair in entry?.mapping?.entries ?? [] where !known.contains(pair.key) && !pair.value.isNull {
            guard !Self.foreignKeys.contains(pair.key) else { continue }
            let near = nearestName(to: pair.key, in: known.sorted())
            problems.append(
                Problem(
                    "'\(pair.key)' is not a key of a kubeconfig, so it would have no effect",
                    at: pair.value.location,
                    hint: near.map { "did you mean '\($0)'?" } ?? "remove it"
                )
            )
        }
    }

    /// Reads `proxy-url`; messages do not show the value, because it may contain a password.
    mutating func proxy(of cluster: Node?) -> String? {
        guard let proxy = text("proxy-url", in: cluster) else { return nil }
        guard Self.proxyEndpoint(proxy) != nil else {
            let location = cluster?["proxy-url"]?.location
            problems.append(
                Problem(
                    "'proxy-url' is not the URL of a proxy",
                    at: location,
                    hint: "write 'proxy-url: http://HOST:PORT'"
                )
            )
            return nil
        }
        return proxy
    }

    /// The host and port of a proxy, `nil` if a text is not a proxy URL.
    static func proxyEndpoint(_ proxy: String) -> Endpoint? {
        guard let scheme = ["http://", "https://", "socks5://"].first(where: { proxy.hasPrefix($0) }),
            proxy.utf8.allSatisfy({ $0 > 32 && $0 < 127 })
        else { return nil }
        let authority = proxy.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
        let endpoint = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        return try? Endpoint(String(endpoint), defaultPort: 80)
    }
}
