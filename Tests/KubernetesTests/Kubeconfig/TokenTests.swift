import Base
import TestSupport
import Testing

@testable import Kubernetes

@Suite(.timeLimit(.minutes(5)))
struct TokenTests {
    private let now = Timestamp(seconds: 1_800_000_000)

    /// Returns a JSON Web Token with claims, which nobody has signed.
    private func token(_ claims: String) -> [UInt8] {
        let payload = Base64.encode(Array(claims.utf8)).replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
        return Array("e30.\(payload).c2ln\n".utf8)
    }

    private func fault(_ claims: String) -> String? {
        do throws(Problem) {
            try TokenClaims(token(claims))?.requireValid(named: "token 't'", at: now)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func `a token that is not valid now is refused, with its instant`() {
        #expect(
            fault(#"{"exp": 1799999000}"#)
                == "token 't' expired 16 minutes ago (at 2027-01-15T07:43:20Z; the node's clock says "
                + "2027-01-15T08:00:00Z); issue a new token, or set the node's clock if it is wrong"
        )
    }

    @Test(arguments: [
        #"{"exp": 1800000001, "nbf": 1799999999}"#, #"{"exp": -1}"#, #"{"exp": 1e99}"#, #"{"exp": "1"}"#, "{}", "[]",
        "x",
        "",
    ])
    func `a token that is valid, or whose claims have another form, is used`(claims: String) {
        #expect(fault(claims) == nil)
    }

    @Test func `a text that is no JSON Web Token has no claims`() {
        for text in ["abc", "a.b", "a.b.c.d", "a b.c.d", "..", "a.\u{e9}.c", "e30.@@@.c"] {
            #expect(TokenClaims(Array(text.utf8)) == nil, "\(text)")
        }
    }
}
