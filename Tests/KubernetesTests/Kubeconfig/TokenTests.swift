import Base
import TestSupport
import Testing

@testable import Kubernetes

@Suite(.timeLimit(.minutes(30)))
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
            fault(#"{"exp": 1799999000, "sub": "system:serviceaccount:ns:app"}"#)
                == "token 't' expired 16 minutes ago (at 2027-01-15T07:43:20Z; the node's clock says "
                + "2027-01-15T08:00:00Z); issue a new token with 'kubectl create token app -n ns', or set the node's clock "
                + "if it is wrong"
        )
        #expect(fault(#"{"exp": 1799999000, "sub": "me"}"#)?.contains("; issue a new token, or") == true)
        #expect(
            fault(#"{"nbf": 1800003600}"#)?.hasPrefix("token 't' is not valid before 2027-01-15T09:00:00Z") == true
        )
    }

    @Test func `a token that is not valid yet is issued again once the clocks are right`() {
        let claims = #"{"nbf": 1800003600, "sub": "system:serviceaccount:ns:app"}"#
        #expect(
            fault(claims)?.hasSuffix(
                "set the node's clock if it is wrong, or set that of the machine that issued the token, and then issue a new "
                    + "token with 'kubectl create token app -n ns'"
            ) == true
        )
    }

    @Test(arguments: [("secret", "Secret"), ("pod", "Pod"), ("node", "Node")])
    func `a token that is bound to an object ends with it`(key: String, kind: String) throws {
        let claims = #"{"sub": "system:serviceaccount:ns:app", "kubernetes.io": {"\#(key)": {"name": "x"}}}"#
        let doubt = try #require(TokenClaims(token(claims))?.doubt)
        #expect(doubt.reason.hasSuffix("and bound to \(kind) 'x', with which it ends"))
        #expect(doubt.advice.hasPrefix("if the ServiceAccount or \(kind) 'x' was deleted or made again"))
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

    @Test(arguments: [
        (#"["vault"]"#, true), (#""vault""#, true), (#"["https://kubernetes.default.svc"]"#, false),
        (#"["https://issuer.test", "vault"]"#, false), ("[]", false),
    ])
    func `a token for another service will probably not be accepted`(audiences: String, isLikely: Bool) throws {
        let claims = #"{"iss": "https://issuer.test", "aud": \#(audiences), "sub": "system:serviceaccount:ns:app"}"#
        let doubt = try #require(TokenClaims(token(claims))?.doubt)
        #expect(doubt.isLikely == isLikely)
        #expect(doubt.reason.contains("ServiceAccount 'app' in namespace 'ns'"))
        #expect(doubt.reason.contains("for audience 'vault'") == isLikely)
    }
}
