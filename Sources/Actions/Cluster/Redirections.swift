import Base
import HTTP

/// The addresses to which a server redirects a request, and the answer of the last one.
struct Redirections {
    /// The end of the redirections.
    enum End {
        case answer(HTTPResponse)
        /// An address that has redirected before, or itself.
        case circle(isSelf: Bool)
        /// Another host, or one that is not encrypted, which is not asked.
        case elsewhere
        case failure(TransportError)
    }

    private var targets: [String]
    private var end = End.elsewhere

    /// The maximum number of addresses that are asked.
    private static let limit = 10

    /// Follows redirections on the host of a URL, without credentials.
    ///
    /// - Parameters:
    ///   - url: The URL that has redirected.
    ///   - target: The absolute URL to which it has redirected.
    ///   - http: The client.
    ///   - identity: The trusted CAs.
    ///   - deadline: The instant after which no answer is waited for.
    init(
        from url: String,
        to target: String,
        _ http: HTTPClient,
        as identity: ConnectionIdentity,
        until deadline: ContinuousClock.Instant,
    ) async {
        targets = [target]
        let first = try? WebAddress(url)
        var visited = [url]
        var next = target
        while targets.count <= Self.limit {
            if visited.contains(next) {
                end = .circle(isSelf: next == visited.last)
                return
            }
            guard let first, let address = try? WebAddress(next), address.host == first.host,
                address.isSecure || !first.isSecure
            else {
                end = .elsewhere
                return
            }
            do throws(TransportError) {
                let response = try await http.send(HTTPRequest(url: next), as: identity, deadline: deadline)
                guard let target = response.redirection else {
                    end = .answer(response)
                    return
                }
                visited.append(next)
                if target != next { targets.append(target) }
                next = target
            } catch {
                end = .failure(error)
                return
            }
        }
    }

    /// The clause that follows the first target: where the redirections end.
    var words: String {
        let shown = targets.map(urlWithoutQuery)
        let last = shown.last == shown.first ? "" : ", and in the end to '\(shown[shown.count - 1])'"
        switch end {
        case .answer(let response) where response.isLoginPage: return "\(last), a login page"
        case .answer(let response): return "\(last), which answers \(response.status)"
        case .circle(isSelf: true): return "\(last), which is redirected to itself"
        case .circle(isSelf: false): return ", and from there in a circle"
        case .elsewhere: return last
        case .failure(let error): return "\(last), where \(error.message)"
        }
    }

    /// Whether the server wants a login.
    var needsLogin: Bool {
        if case .answer(let response) = end, response.isLoginPage || [401, 403, 407].contains(response.status) {
            return true
        }
        return targets.contains(where: isLoginAddress)
    }

    /// Returns what to do about the key of the task file that has the URL.
    func advice(key: String) -> String {
        if needsLogin {
            return "the server wants a login, and no credentials are sent: name an address in '\(key)' that needs none"
        }
        let last = targets[targets.count - 1]
        switch end {
        case .answer(let response) where (200..<300).contains(response.status):
            return last.contains("?") ? "write that address with its query in '\(key)'" : "write \(last) in '\(key)'"
        case .circle:
            return "correct the redirections of the server, or name an address in '\(key)' that it answers itself"
        case .answer, .failure: return "name an address in '\(key)' that answers with success"
        case .elsewhere: return "write that address in '\(key)' if it is meant"
        }
    }
}

/// Words of addresses at which users log in: parts of paths, or the first part of a host.
private let loginWords: Set = [
    "login", "logon", "signin", "sso", "oauth", "oauth2", "openid", "oidc", "saml", "saml2", "authorize", "cas", "adfs",
    "session", "sessions",
]

/// Returns whether a URL is, by its words, an address at which users log in.
func isLoginAddress(_ url: String) -> Bool {
    let text = url.lowercased().prefix { $0 != "?" && $0 != "#" }
    guard let start = text.firstRange(of: "://")?.upperBound else { return false }
    // The scheme is followed by the host, of which only the first part counts, and then by the path.
    let authority = text[start...].prefix { $0 != "/" }
    let host = authority.prefix { $0 != "." && $0 != ":" }
    let path = text[authority.endIndex...].filter { $0 != "_" && $0 != "-" }
    return ([host] + path.split { !$0.isLetter && !$0.isNumber }).contains { loginWords.contains(String($0)) }
}

extension HTTPResponse {
    /// Whether the body is an HTML page with a field for a password, or with a title about a login.
    var isLoginPage: Bool {
        let text = String(decoding: body.prefix(256 << 10), as: UTF8.self).lowercased()
        guard text.contains("<html") || text.contains("<!doctype html") else { return false }
        if text.contains("type=\"password\"") || text.contains("type='password'") { return true }
        guard let start = text.firstRange(of: "<title>")?.upperBound else { return false }
        let title = text[start...].prefix { $0 != "<" }
        return ["sign in", "log in", "login", "logon", "single sign-on"].contains { title.contains($0) }
    }
}
