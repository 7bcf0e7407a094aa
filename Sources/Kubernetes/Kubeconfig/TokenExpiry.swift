import Base
import HTTP
import YAML

/// The instant at which a token expires, according to the token.
///
/// The tokens of service accounts and of OpenID Connect are JSON Web Tokens, whose claim `exp` (RFC 7519, section 4.1.4)
/// counts the seconds since 1970. Other tokens do not contain their expiry.
enum TokenExpiry {
    /// Refuses a token that has expired.
    ///
    /// The signature is not checked, which only the API server can do.
    ///
    /// - Parameters:
    ///   - bytes: The token, or the file that contains it.
    ///   - name: The token, for messages, such as `token of kubeconfig '/etc/k'`.
    ///   - now: The node's clock.
    /// - Throws: ``Base/Problem`` with the instant.
    static func requireValid(_ bytes: [UInt8], named name: String, at now: Timestamp) throws(Problem) {
        guard let token = BearerToken.token(in: bytes), let end = instant(in: token), end < now else { return }
        let ago = CredentialCheck.words(now.seconds - end.seconds)
        throw Problem(
            .certificateNotValidNow,
            "\(name) expired \(ago) ago (at \(end); the node's clock says \(now))",
            hint: "issue a new token ('kubectl create token' for a ServiceAccount), or set the node's clock",
        )
    }

    /// Returns the claim `exp` of a JSON Web Token, or `nil` if the token has none.
    private static func instant(in token: String) -> Timestamp? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        // Base64 for URLs without padding (RFC 7515, section 2).
        let standard = parts[1].replacing("-", with: "+").replacing("_", with: "/")
        let padding = String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
        guard let bytes = try? Base64.decode(standard + padding), let claims = try? readJSON(bytes, file: "token"),
            let seconds = claims["exp"]?.integer, (0...latestSecond).contains(seconds)
        else { return nil }
        return Timestamp(seconds: Int64(seconds))
    }

    /// The last second of the year 9999, the last that RFC 3339 can express.
    private static let latestSecond = 253_402_300_799
}
