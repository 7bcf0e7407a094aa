import Base
import HTTP

/// The expiry in a JSON Web Token, as in RFC 7519, section 4.1; the signature is not checked.
struct TokenClaims {
    /// The claim `exp`.
    private let end: Timestamp?

    /// Reads a token; returns `nil` if it is not a JSON Web Token.
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
        // RFC 3339 can express only the years up to 9999.
        let seconds = claims["exp"]?.integer.flatMap { (0...253_402_300_799).contains($0) ? Int64($0) : nil }
        end = seconds.map { Timestamp(seconds: $0) }
    }

    /// Throws a problem if the token has expired; `name` describes the token in the message.
    func requireValid(named name: String, at now: Timestamp, writtenAt location: SourceLocation? = nil) throws(Problem)
    {
        guard let end, end < now else { return }
        throw Problem(
            "\(name) expired \(CredentialCheck.words(now.seconds - end.seconds)) ago (at \(end); the node's clock says \(now))",
            at: location,
            hint: "issue a new token, or set the node's clock if it is wrong",
        )
    }
}
