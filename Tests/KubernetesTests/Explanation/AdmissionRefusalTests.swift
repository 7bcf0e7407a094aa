import HTTP
import Testing
@testable import Kubernetes

/// Which refusals are those of admission control, and whether waiting helps.
struct AdmissionRefusalTests {
    private func status(_ message: String, code: Int = 403, reason: String = "Forbidden") -> ServerStatus {
        let escaped = message.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        let body = #"{"kind":"Status","reason":"\#(reason)","message":"\#(escaped)","code":\#(code)}"#
        return ServerStatus(HTTPResponse(status: code, headers: [], body: Array(body.utf8)))
    }

    @Test(arguments: [
        #"configmaps "c" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=1, limited: "#
            + "configmaps=1",
        #"pods "p" is forbidden: failed quota: q: must specify limits.cpu"#,
        #"pods "p" is forbidden: maximum memory usage per Container is 10Mi, but limit is 1Gi"#,
        #"pods "p" is forbidden: violates PodSecurity "restricted:latest": privileged (container "c" must not set it)"#,
        #"pods "p" is forbidden: error looking up service account n/app: serviceaccount "app" not found"#,
        #"admission webhook "deny.example.test" denied the request: no"#,
        #"secrets "s" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no"#,
        #"nodes "a" is forbidden: node "b" is not allowed to modify node "a""#,
    ])
    func `a refusal of the object is permanent`(message: String) {
        #expect(status(message).disposition == .permanent)
    }

    @Test(arguments: [
        #"pods "p" is forbidden: error looking up service account n/default: serviceaccount "default" not found"#,
        #"configmaps "c" is forbidden: not yet ready to handle request"#,
        #"configmaps "c" is forbidden: status unknown for quota: q, resources: configmaps"#,
        #"configmaps "c" is forbidden: User "x" cannot patch resource "configmaps" in API group "" in the namespace "n""#,
    ])
    func `what may pass within seconds of a boot is retried`(message: String) {
        #expect(status(message).disposition == .transient)
    }

    @Test func `a refusal without a reason is one of the user, who may not create the object`() {
        for (name, group) in [("configmaps", ""), ("deployments.apps", "apps")] {
            let refusal = status(#"\#(name) "c" is forbidden: "#)
            #expect(refusal.disposition == .transient)
            #expect(refusal.resourceRefusedToCreate?.group == group)
            #expect(AdmissionRefusal(refusal) == nil)
        }
    }

    @Test func `a webhook or a policy refuses with any status`() {
        let webhook = status("admission webhook \"w\" denied the request: no", code: 400, reason: "")
        #expect(webhook.disposition == .permanent)
        #expect(status("admission webhook \"w\" denied the request: later", code: 429).disposition == .retry)
        let policy = "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no"
        #expect(AdmissionRefusal(status(policy, code: 422, reason: "Invalid")) != nil)
        // A mutating policy whose expression fails, as 1.34 reports it.
        let mutating = "policy 'm' with binding 'b' denied request: expression 'x' resulted in error: no such key: z"
        let refusal = status(mutating, reason: "Invalid")
        #expect(refusal.disposition == .permanent)
        guard case .policy("MutatingAdmissionPolicy", "m", "b", _) = AdmissionRefusal(refusal) else {
            Issue.record("\(String(describing: AdmissionRefusal(refusal)))")
            return
        }
        let unusable = "ValidatingAdmissionPolicy 'p' denied request: failed to configure policy: no kind matches"
        guard case .policy(_, "p", nil, _) = AdmissionRefusal(status(unusable, code: 422, reason: "Invalid")) else {
            Issue.record("a policy that cannot be used is not recognized")
            return
        }
    }

    @Test func `a page of something in between is no refusal of the object`() {
        let page = ServerStatus(HTTPResponse(status: 403, headers: [], body: Array("<html>Forbidden</html>".utf8)))
        #expect(AdmissionRefusal(page) == nil)
    }

    @Test(arguments: [
        (#"Post "https://h/x?timeout=2s": context deadline exceeded"#, Disposition.retry),
        (#"failed to call webhook: Post "https://h/x?timeout=2s": dial tcp: connection refused"#, .retry),
        (#"Post "https://h/x": x509: certificate signed by unknown authority"#, .transient),
        ("failed to call webhook: could not get REST client: unable to parse bytes as PEM block", .permanent),
    ])
    func `a webhook that cannot be asked is retried unless its configuration is wrong`(
        cause: String,
        disposition: Disposition,
    ) {
        let message = "Internal error occurred: failed calling webhook \"w\": \(cause)"
        #expect(status(message, code: 500, reason: "InternalError").disposition == disposition)
    }
}
