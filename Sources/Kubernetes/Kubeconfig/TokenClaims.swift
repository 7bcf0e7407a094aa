import Base
import HTTP
import YAML

/// The claims of a JSON Web Token (RFC 7519, section 4.1), as ServiceAccounts and OpenID Connect use them.
///
/// The signature is not checked, which only the API server can do. Claims are used for messages only.
struct TokenClaims {
    /// The instant at which the token expires, claim `exp`.
    private let end: Timestamp?
    /// The instant from which the token is valid, claim `nbf`.
    private let start: Timestamp?
    /// The services that accept the token, claim `aud`.
    private let audiences: [String]
    /// The issuer of the token, claim `iss`.
    private let issuer: String?
    /// The namespace and the name of the ServiceAccount, from claim `sub`.
    private let account: (namespace: String, name: String)?
    /// The object with which the token ends, such as `Secret 'a'`, from claim `kubernetes.io`.
    private let boundObject: String?

    /// Reads the claims of a token, or returns `nil` if it is not a JSON Web Token.
    ///
    /// - Parameter bytes: The token, or the file that contains it.
    init?(_ bytes: [UInt8]) {
        guard let token = BearerToken.token(in: bytes) else { return nil }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        // Base64 for URLs without padding (RFC 7515, section 2).
        let standard = parts[1].replacing("-", with: "+").replacing("_", with: "/")
        let padding = String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
        guard let json = try? Base64.decode(standard + padding), let claims = try? readJSON(json, file: "token"),
            claims.mapping != nil
        else { return nil }
        func instant(_ name: String) -> Timestamp? {
            guard let seconds = claims[name]?.integer, (0...Self.latestSecond).contains(seconds) else { return nil }
            return Timestamp(seconds: Int64(seconds))
        }
        end = instant("exp")
        start = instant("nbf")
        issuer = claims["iss"]?.string
        // One audience may be written as a string.
        audiences = claims["aud"]?.sequence?.compactMap(\.string) ?? claims["aud"]?.string.map { [$0] } ?? []
        let subject = (claims["sub"]?.string ?? "").split(separator: ":").map(String.init)
        let own = claims["kubernetes.io"]
        boundObject =
            [("secret", "Secret"), ("pod", "Pod"), ("node", "Node")].lazy.compactMap { key, kind in
                own?[key]?["name"]?.string.map { "\(kind) '\($0)'" }
            }.first
        account = subject.count == 4 && subject[0] == "system" ? (subject[2], subject[3]) : nil
    }

    /// Refuses a token that is not valid at an instant.
    ///
    /// - Parameters:
    ///   - name: The token, for messages, such as `token of kubeconfig '/etc/k'`.
    ///   - now: The node's clock.
    ///   - location: The place of the setting that has the token.
    /// - Throws: ``Base/Problem`` with the instant.
    func requireValid(named name: String, at now: Timestamp, writtenAt location: SourceLocation? = nil) throws(Problem)
    {
        if let end, end < now {
            throw Problem(
                "\(name) expired \(CredentialCheck.words(now.seconds - end.seconds)) ago (at \(end); the node's clock says "
                    + "\(now))",
                at: location,
                hint: "\(renewal), or set the node's clock if it is wrong",
            )
        }
        if let start, now < start {
            let cause = NotYetValid(subject: name, validFrom: start, renewal: renewal)
            throw Problem(
                "\(cause) (the node's clock says \(now))",
                at: location,
                hint: "set the node's clock if it is wrong, or set that of the machine that issued the token, and then "
                    + renewal,
                cause: cause,
            )
        }
    }

    /// The reason why an API server may refuse the token although it is valid now.
    var doubt: Credentials.Doubt? {
        guard let account else { return nil }
        let subject = "it is a token of ServiceAccount '\(account.name)' in namespace '\(account.namespace)'"
        // Unless configured otherwise, the audience of API servers is their issuer; clouds have an issuer of their own.
        let isForServers = audiences.contains { $0 == issuer || $0.contains("//kubernetes.default") }
        guard audiences.isEmpty || isForServers else {
            return Credentials.Doubt(
                reason: "\(subject) for audience \(audiences.map { "'\($0)'" }.joined(separator: ", "))",
                advice: "\(renewal), without '--audience'",
                isLikely: true,
            )
        }
        return Credentials.Doubt(
            reason: subject + (end.map { ", valid until \($0)" } ?? "")
                + (boundObject.map { ", and bound to \($0), with which it ends" } ?? ""),
            advice:
                "if the ServiceAccount\(boundObject.map { " or \($0)" } ?? "") was deleted or made again, its former "
                + "tokens are refused: \(renewal)",
            isLikely: false,
        )
    }

    /// The way to a new token.
    private var renewal: String {
        guard let account else { return "issue a new token" }
        let command = quotedShellLine(["kubectl", "create", "token", account.name, "-n", account.namespace])
        return "issue a new token with \(command)"
    }

    /// The last second of the year 9999, the last that RFC 3339 can express.
    private static let latestSecond = 253_402_300_799
}
