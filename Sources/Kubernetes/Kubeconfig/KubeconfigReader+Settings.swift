import Base
import YAML

/// The keys that a kubeconfig may have, and those of proxy and impersonation.
extension KubeconfigReader {
    /// The keys of a cluster that are obeyed or refused by name.
    ///
    /// Replies are never compressed, so `disable-compression` is obeyed whatever it says.
    static let clusterKeys: Set<String> = [
        "server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority",
        "certificate-authority-data", "proxy-url", "disable-compression",
    ]

    /// The keys of a user that are obeyed or refused by name.
    static let userKeys: Set<String> = [
        "client-certificate", "client-certificate-data", "client-key", "client-key-data", "token", "tokenFile", "as",
        "as-uid", "as-groups", "as-user-extra", "username", "password", "auth-provider", "exec",
    ]

    /// Keys that other programs write for themselves.
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

    /// Reads `proxy-url`, whose value is not shown, because it may hold a password.
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

    /// The host and port of a proxy, `nil` if a text is not the URL of one.
    static func proxyEndpoint(_ proxy: String) -> Endpoint? {
        guard let scheme = ["http://", "https://", "socks5://"].first(where: { proxy.hasPrefix($0) }),
            proxy.utf8.allSatisfy({ $0 > 32 && $0 < 127 })
        else { return nil }
        let authority = proxy.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
        let endpoint = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        return try? Endpoint(String(endpoint), defaultPort: 80)
    }

    /// Reads the user that every request acts as.
    mutating func impersonation(of user: Node?) -> Impersonation? {
        let name = headerText("as", in: user)
        var result = Impersonation(user: name ?? "", uid: headerText("as-uid", in: user))
        result.groups = texts(of: user?["as-groups"], "as-groups")
        if let extra = user?["as-user-extra"], !extra.isNull {
            guard let mapping = extra.mapping else {
                refuse(extra, "'as-user-extra' is \(extra.kindName), not a mapping", "write each key with a list")
                return nil
            }
            result.extra = mapping.entries.map { .init(key: $0.key, values: texts(of: $0.value, "as-user-extra")) }
        }
        guard name == nil else { return result }
        for key in ["as-uid", "as-groups", "as-user-extra"] {
            guard let value = user?[key], !value.isNull, value.string != "" else { continue }
            refuse(value, "'\(key)' has no effect without 'as'", "write 'as: USER', or remove '\(key)'")
        }
        return nil
    }

    private mutating func texts(of node: Node?, _ field: String) -> [String] {
        guard let node, !node.isNull else { return [] }
        guard let items = node.sequence, items.allSatisfy({ $0.string.map(isHeaderText) == true }) else {
            refuse(node, "'\(field)' is not a list of strings on one line", "write '[NAME]'")
            return []
        }
        return items.compactMap(\.string)
    }

    private mutating func headerText(_ field: String, in node: Node?) -> String? {
        guard let text = text(field, in: node) else { return nil }
        if let value = node?[field], !isHeaderText(text) {
            refuse(value, "'\(field)' is not a string on one line", "write '\(field): NAME'")
        }
        return text
    }

    private mutating func refuse(_ node: Node, _ message: String, _ hint: String) {
        problems.append(Problem(message, at: node.location, hint: hint))
    }
}

/// Returns whether a text can be the value of a header.
private func isHeaderText(_ text: String) -> Bool {
    !text.isEmpty && !text.utf8.contains { $0 < 0x20 || $0 == 0x7F }
}
